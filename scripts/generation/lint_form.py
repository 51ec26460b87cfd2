"""Rules of single parts of a document: what each operation, property and enumeration must have.

Rules that hold for one version of the standard only, such as the query parameters of a page, are named by the document
in its key ``x-oneroster-conventions``. A convention that the document does not name is not checked.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from generation.lint_document import (
    TRUST,
    ConventionPart,
    Document,
    Found,
    Path,
    Rule,
    convention,
    convention_problems,
    followed,
    name_of,
    object_schemas,
    operations,
    pages,
    register_in,
    status_payload,
    unknown_names,
    walk,
)
from oneroster_runtime.specification.schemas import listed_values
from oneroster_runtime.specification.vocabulary import nearest

FORM_RULES: list[Rule] = []
rule = register_in(FORM_RULES)

FORMATS = ["date", "date-time", "uri", "uri-reference", "oneroster-filter", "oneroster-fields", "oneroster-sort"]
_APPLY_TO: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("string",), ("minLength", "maxLength", "pattern", "format")),
    (("number", "integer"), ("minimum", "maximum")),
    (("array",), ("minItems", "maxItems", "items")),
    (("object",), ("additionalProperties", "properties", "required")),
]
"""The types of values, with the constraints that say something about them."""
# Names of attributes and parameters that every generated model has; a property with such a name would break it.
RESERVED = {
    "additional_properties",
    "additionalProperties",
    "d",
    "cls",
    "self",
    "src_dict",
    "from_dict",
    "to_dict",
    "to_wire",
}


@rule("operation-id", "Every operation has an operationId, and no two share one.")
def operation_ids(document: Document) -> Found:
    counted = Counter(operation.get("operationId") for _, operation in operations(document))
    for path, operation in operations(document):
        name = operation.get("operationId")
        if not name:
            yield path, "the operation has no operationId"
        elif counted[name] > 1:
            yield (*path, "operationId"), f"operationId {name} is used {counted[name]} times"


@rule(
    "operation-form",
    "Every operation has a summary, a description, one of the tags, profiles, and the kinds of security of the "
    "conventions.",
)
def operation_form(document: Document) -> Found:
    tags: dict[str, Path] = {tag["name"]: ("tags", at, "name") for at, tag in enumerate(document.get("tags", []))}
    uses: list[tuple[Path, str]] = []
    for path, operation in operations(document):
        for key in ("summary", "description"):
            if not operation.get(key):
                yield path, f"the operation has no {key}"
        if len(operation.get("tags", [])) != 1:
            place = (*path, "tags") if "tags" in operation else path
            yield place, "the operation needs exactly one of the document's tags"
        else:
            uses.append(((*path, "tags", 0), operation["tags"][0]))
        if not operation.get("x-oneroster-profiles"):
            yield path, "the operation has no x-oneroster-profiles"
    yield from unknown_names(uses, tags, "there is no tag {}".format)
    yield from _security(document)


def _security(document: Document) -> Found:
    found: list[ConventionPart] = []
    for path, operation in operations(document):
        choices = operation.get("security", [])
        for index, choice in enumerate(choices):
            if choice in choices[:index]:
                yield (*path, "security", index), f"the operation has the choice {', '.join(choice)} twice"
        offered = {name for choice in operation.get("security", []) for name in choice}
        if offered <= document["components"].get("securitySchemes", {}).keys():  # else the rule oauth-scopes names it
            found += [
                ConventionPart((*path, "security"), name, name not in offered, "the operation cannot be reached by {}")
                for name in convention(document, "security") or ()
            ]
    yield from convention_problems(document, "security", found)


@rule(
    "shared-parts",
    "Parameters and responses of operations are references to components, and components refer no further.",
)
def shared_parts(document: Document) -> Found:
    for path, operation in operations(document):
        parts: list[tuple[str, str | int, Mapping[str, object]]]
        parts = [("parameters", index, part) for index, part in enumerate(operation.get("parameters", []))]
        parts += [("responses", status, part) for status, part in operation["responses"].items()]
        for section, key, part in parts:
            if "$ref" not in part:
                yield (*path, section, key), "the part is written inline instead of referring to a component"
    for section in ("parameters", "responses", "headers", "requestBodies", "examples"):
        for name, part in document["components"].get(section, {}).items():
            if "$ref" in part:
                yield ("components", section, name), "the component is itself a reference"


@rule(
    "errors",
    "Every operation documents the error statuses of the conventions, 404 with a path parameter only, each with the "
    "status payload; a status is a number.",
)
def errors(document: Document) -> Found:
    payload, lacks = status_payload(document), list[ConventionPart]()
    for path, operation in operations(document):
        wanted = set(convention(document, "errors") or ())
        wanted -= set() if "{" in str(path[1]) else {"404"}
        for status in sorted(wanted):
            missing = status not in operation["responses"]
            lacks.append(ConventionPart((*path, "responses"), status, missing, "status {} is not documented"))
        for status, response in operation["responses"].items():
            here: Path = (*path, "responses", status)
            if not status.isdecimal():
                yield here, f"the status {status} is no number; ranges and defaults are read by nothing"
            elif "$ref" in response and status >= "400" and payload:
                media = followed(document, response).get("content", {}).get("application/json", {})
                if name_of(media.get("schema", {}).get("$ref", "")) != payload:
                    yield here, f"the error does not have the payload {payload}"
    yield from convention_problems(document, "errors", lacks)


@rule("headers", "Every page documents the headers of the conventions.")
def page_headers(document: Document) -> Found:
    lacks = [
        ConventionPart(
            (*path, "headers"), header, header not in response.get("headers", {}), "header {} is not documented"
        )
        for path, response in pages(document)
        for header in sorted(convention(document, "page-headers") or ())
    ]
    yield from convention_problems(document, "page-headers", lacks)


@rule(
    "properties",
    "Every property has a description, a trust mark, a type or a reference, and a name that no model uses itself; "
    "every schema of objects has properties, each once.",
)
def properties(document: Document) -> Found:
    yield from _without_properties(document)
    for path, schema in object_schemas(document):
        for name, field in schema["properties"].items():
            here = (*path, "properties", name)
            if name in RESERVED:
                yield here, "every generated model uses this name itself"
            if not ("type" in field or "$ref" in field):
                yield here, "the property has neither a type nor a reference"
            elif not followed(document, field).get("description") and not field.get("description"):
                yield here, "the property has no description"
            if field.get("x-oneroster-trust") not in TRUST:
                yield here, "the property has no x-oneroster-trust of A, B or C"
        for index, name in enumerate(schema.get("required", [])):
            if name not in schema["properties"]:
                yield (
                    (*path, "required", index),
                    f"the required property {name} is not described{nearest(name, schema['properties'])}",
                )


def _without_properties(document: Document) -> Found:
    """Yield the schemas, and the parts of an allOf, that say nothing of a value, or what an earlier part says."""
    for name, schema in document["components"]["schemas"].items():
        here: Path = ("components", "schemas", name)
        is_typed = schema.get("type", "object") != "object"
        if not is_typed and not {"properties", "allOf", "anyOf", "enum", "$ref"} & schema.keys():
            yield here, "the schema has neither properties nor a type of values"
        seen: list[str] = []
        for index, part in enumerate(schema.get("allOf", [])):
            said = [part["$ref"]] if "$ref" in part else list(part.get("properties", {}))
            repeated = [name_of(each) for each in said if each in seen]
            if "$ref" in part and part.keys() & {"properties", "required"}:
                yield (*here, "allOf", index), "the part has a reference and properties; each is a part of its own"
            elif not said:
                yield (*here, "allOf", index), "the part has neither a reference nor properties"
            elif repeated:
                yield (*here, "allOf", index), f"an earlier part has {', '.join(repeated)}"
            seen += said


@rule("marks", "Every operation, parameter, response and security scheme has a trust mark.")
def marks(document: Document) -> Found:
    parts: list[tuple[Path, Mapping[str, object]]] = list(operations(document))
    for section in ("parameters", "responses", "securitySchemes"):
        found = document["components"].get(section, {})
        parts += [(("components", section, name), part) for name, part in found.items()]
    for path, part in parts:
        if "x-oneroster-trust" not in part and "$ref" not in part:
            yield path, "the part has no x-oneroster-trust of A, B or C"


@rule("uncertain", "A fact with the mark C has a note with the reason, also if only its presence is uncertain.")
def uncertain(document: Document) -> Found:
    for path, value in (*walk(document["paths"], ("paths",)), *walk(document["components"], ("components",))):
        if not isinstance(value, Mapping) or "value" in path:
            continue
        if value.get("x-oneroster-trust") == "C" and not value.get("x-oneroster-note"):
            yield (*path, "x-oneroster-trust"), "the fact is uncertain and has no x-oneroster-note"
        presence = value.get("x-oneroster-presence")
        if isinstance(presence, Mapping) and presence["trust"] == "C" and not presence.get("note"):
            yield (*path, "x-oneroster-presence"), "the presence is uncertain and has no note"
        for key in ("x-oneroster-scope", "x-oneroster-subset"):
            fact = value.get(key)
            if isinstance(fact, Mapping) and fact["trust"] == "C":
                noted = fact.get("x-oneroster-note") or value.get("x-oneroster-note")
                yield from (
                    [] if noted else [((*path, key, "trust"), "the fact is uncertain and has no x-oneroster-note")]
                )


@rule(
    "enumerations",
    "Every enumeration is a component of its own, with a description, a trust mark and values that are text.",
)
def enumerations(document: Document) -> Found:
    for path, value in (*walk(document["paths"], ("paths",)), *walk(document["components"], ("components",))):
        listed = listed_values(value) if isinstance(value, Mapping) and "anyOf" not in path else None
        if listed is None:
            continue
        if len(path) != 3 or path[1] != "schemas":
            yield (*path, "enum"), "the enumeration is written inline instead of as a component"
        elif not value.get("description") or value.get("x-oneroster-trust") not in TRUST:
            yield path, "the enumeration has no description or no x-oneroster-trust"
        elif not listed:
            yield (*path, "enum"), "the enumeration lists no values"
        elif other := [json.dumps(item) for item in listed if not isinstance(item, str)]:
            yield (*path, "enum"), f"the enumeration lists {', '.join(other)}, which is no text; give it quotes"
        elif repeated := [item for item, count in Counter(map(str, listed)).items() if count > 1]:
            yield (*path, "enum"), f"the enumeration lists {', '.join(repeated)} more than once"


@rule(
    "constraints",
    "A format is one that is read, a pattern can be compiled, and the bounds of a value leave room. Each constraint "
    "applies to the type of its value, and a default follows them.",
)
def constraints(document: Document) -> Found:
    for path, value in (*walk(document["paths"], ("paths",)), *walk(document["components"], ("components",))):
        if not isinstance(value, Mapping) or not {"type", "$ref"} & value.keys() or "value" in path:
            continue
        if isinstance(value.get("format"), str) and value["format"] not in FORMATS:
            said = f"the format {value['format']} is read by nothing{nearest(value['format'], FORMATS)}"
            yield (*path, "format"), said
        for low, high in (("minLength", "maxLength"), ("minimum", "maximum"), ("minItems", "maxItems")):
            if low in value and high in value and value[low] > value[high]:
                yield (*path, low), f"{low} is more than {high}"
        if isinstance(value.get("pattern"), str):
            try:
                re.compile(value["pattern"])
            except re.error as error:
                yield (*path, "pattern"), f"the pattern cannot be compiled: {error}"
                continue
        yield from _misplaced(document, value, path)


def _misplaced(document: Document, schema: Mapping[str, Any], path: Path) -> Found:
    """Yield the constraints that say nothing about values of this type, and a default that is no such value."""
    kind = followed(document, schema).get("type")
    if not isinstance(kind, str):  # this mapping has a property with the name
        return
    strange = [word for kinds, words in _APPLY_TO if kind not in kinds for word in words if word in schema]
    if len(strange) == 1:
        yield (*path, strange[0]), f"{strange[0]} does not apply to values of the type {kind}"
    elif strange:  # then the type is likely the mistake
        yield (*path, "type"), f"{', '.join(strange)} do not apply to values of the type {kind}"
    if "default" in schema:
        validator = Draft202012Validator({**schema, "components": document["components"]})
        for error in validator.iter_errors(schema["default"]):
            yield (*path, "default"), f"the default violates its schema: {error.message[:200]}"


@rule(
    "services",
    "With several servers, each has a service of its own, and each tag names one of them; the variables of a URL are "
    "declared.",
)
def services(document: Document) -> Found:
    servers = document.get("servers", [])
    if not servers:
        yield (), "the document has no servers"
    for index, server in enumerate(servers):
        for name in re.findall(r"{([^}]*)}", server["url"]):
            if name not in (known := server.get("variables", {})):
                yield ("servers", index, "url"), f"the URL has a variable {name}, not declared{nearest(name, known)}"
    names = [server.get("x-oneroster-service") for server in servers]
    for index, name in enumerate(names):
        if len(servers) > 1 and (not name or names.count(name) > 1):
            yield ("servers", index), "the server has no x-oneroster-service of its own"
    if len(servers) > 1 and len(set(names) - {None}) < len(names):
        return  # what the tags name cannot be said yet
    for index, tag in enumerate(document.get("tags", [])):
        if tag.get("x-oneroster-service") not in (names if len(servers) > 1 else [None, *names]):
            yield ("tags", index), "the tag names no x-oneroster-service of a server"
