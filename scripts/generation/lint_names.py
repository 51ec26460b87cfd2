"""Rules of names: what a part of a document refers to by name exists, and fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generation.lint_document import (
    DATA_KEYS,
    Document,
    Found,
    Path,
    Rule,
    by_operation_id,
    data_schema,
    element_of,
    is_page,
    name_of,
    object_schemas,
    operations,
    pages,
    parameters,
    properties_of,
    read_responses,
    referred_element,
    register_in,
    responses,
    status_payload,
    stored_element,
    success,
    target,
    unknown_names,
    walk,
)
from oneroster_runtime.specification.schemas import REFERENCE, listed_values
from oneroster_runtime.specification.vocabulary import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BASIC_RULES: list[Rule] = []
"""What other rules go by: they would repeat a mistake here in other words."""
NAME_RULES: list[Rule] = []
basic, rule = register_in(BASIC_RULES), register_in(NAME_RULES)


def _enumeration(document: Document, field: Mapping[str, Any]) -> list[str]:
    """Return the values that a property can have; empty if none are listed."""
    kind = field.get("items", field)
    return listed_values(target(document, kind["$ref"]) if "$ref" in kind else kind) or []


def _foreign_values(document: Document, field: Mapping[str, Any], values: Any, path: Path) -> Found:
    allowed = _enumeration(document, field)
    for index, value in enumerate(values):
        if value not in allowed:
            yield (*path, index), f"{value} is no value of the enumeration{nearest(value, allowed)}"


@basic(
    "wrappers",
    "Every read responds with JSON. Every schema of a response or a body with data names its wrapper, which is a "
    "property of it, its element and whether there are many.",
)
def wrappers(document: Document) -> Found:
    schemas = document["components"]["schemas"]
    if status_payload(document) not in (None, *schemas):
        return  # the rule status names it
    yield from _reads_without_data(document)
    bodies = document["components"].get("requestBodies", {}).values()
    parts = [*(response for _, response in responses(document)), *bodies]
    for part in parts:
        reference = part.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
        if reference is None or name_of(reference) == status_payload(document):
            continue
        schema, here = data_schema(document, part), ("components", "schemas", name_of(reference))
        if missing := [key for key in DATA_KEYS if key not in schema]:
            yield here, f"a response or body has this schema, and it has no {', '.join(missing)}"
        wrapper, element = schema.get(DATA_KEYS[0]), schema.get(DATA_KEYS[1])
        if wrapper is not None and wrapper not in schema.get("properties", {}):
            yield (*here, DATA_KEYS[0]), f"{name_of(reference)} has no property {wrapper}"
        elif element is not None and element not in schemas:
            yield (*here, DATA_KEYS[1]), f"there is no schema {element}{nearest(element, schemas)}"
        elif wrapper is not None and element is not None and DATA_KEYS[2] in schema:
            yield from _wrapped_element(schema, wrapper, element, here)


def _reads_without_data(document: Document) -> Found:
    reads = [(path, operation["responses"]) for path, operation in operations(document) if path[-1] == "get"]
    yield from (((*path, "responses"), "the read has no response 200") for path, each in reads if "200" not in each)
    successes = {name_of(each.get("200", {}).get("$ref", "")) for _, each in reads}
    for path, response in responses(document):
        if path[-1] in successes and "application/json" not in response.get("content", {}):
            yield path, "a read has this response, and it has no content of application/json"


def _wrapped_element(schema: Mapping[str, Any], wrapper: str, element: str, path: Path) -> Found:
    field, many = schema["properties"][wrapper], bool(schema.get(DATA_KEYS[2]))
    if (field.get("type") == "array") is not many:
        yield (*path, DATA_KEYS[2]), f"x-oneroster-many is {str(many).lower()}, and {wrapper} is not of that form"
    elif name_of((field.get("items", {}) if many else field).get("$ref", "")) != element:
        yield (*path, "properties", wrapper), f"{wrapper} does not have the schema {element}"


@rule("operation-names", "A link, a subset, a scope, an element and x-oneroster-stands-for name operations that exist.")
def operation_names(document: Document) -> Found:
    known = {one["operationId"]: (*path, "operationId") for path, one in operations(document) if "operationId" in one}
    uses = [(path, name) for path, name in _named_operations(document) if name is not None]
    yield from unknown_names(uses, known, "there is no operation {}".format, rarely=True)


def _named_operations(document: Document) -> Iterator[tuple[Path, str | None]]:
    """Yield each place that can name an operation, and the name; None where it names none."""
    for path, operation in operations(document):
        yield (*path, "x-oneroster-stands-for"), operation.get("x-oneroster-stands-for")
        scope, here = operation.get("x-oneroster-scope", {}), (*path, "x-oneroster-scope")
        yield (*here, "through", "collection"), scope.get("through", {}).get("collection")
        yield from (((*here, "parents", at, "read"), each["read"]) for at, each in enumerate(scope.get("parents", [])))
    for path, response in responses(document):
        yield (*path, "x-oneroster-subset", "of"), response.get("x-oneroster-subset", {}).get("of")
        for key, link in response.get("links", {}).items():
            yield (*path, "links", key, "operationId"), link.get("operationId")
    for name, schema in document["components"]["schemas"].items():
        for key in ("x-oneroster-collection", "x-oneroster-read"):
            yield ("components", "schemas", name, key), schema.get(key)


@rule("links", "Every page links to the read of its records, which exists and takes the id.")
def links(document: Document) -> Found:
    known = by_operation_id(document)
    for path, response in pages(document):
        if not response.get("links"):
            yield path, "the page links to no read"
    for path, response in responses(document):
        schema = data_schema(document, response)
        for key, link in response.get("links", {}).items():
            here = (*path, "links", key)
            if "operationId" not in link:
                yield here, "the link names no operation"
            if link.get("operationId") not in known:
                continue
            names = [each["name"] for each in parameters(document, known[link["operationId"]]) if each["in"] == "path"]
            wanted = dict.fromkeys(names, f"$response.body#/{schema.get('x-oneroster-wrapper')}/0/sourcedId")
            if link.get("parameters") != wanted and schema.get("x-oneroster-wrapper") in schema.get("properties", {}):
                said = ", ".join(f"{name}: {value}" for name, value in wanted.items())
                yield (*here, "parameters"), f"the link does not pass the sourcedId of a record of the page ({said})"


@rule(
    "subsets",
    "A specialised collection names what it is a part of, a property of its element, and values of its enumeration, "
    "which are also those of the read that it links to.",
)
def subsets(document: Document) -> Found:
    known = by_operation_id(document)
    for path, response in responses(document):
        subset = response.get("x-oneroster-subset")
        if subset is None:
            continue
        here = (*path, "x-oneroster-subset")
        element = str(data_schema(document, response).get("x-oneroster-element"))
        whole = known.get(subset["of"])
        if whole is not None and (element_of(document, whole) != element or not is_page(document, whole)):
            yield (*here, "of"), f"{subset['of']} is no collection of {element}"
        *through, name = subset["property"].split(".")
        for hop in through:
            yield from _property(document, element, hop, (*here, "property"))
            element = _nested_element(document, element, hop) or element
        yield from _property(document, element, name, (*here, "property"))
        field = properties_of(document, element).get(name)
        if field is not None:
            foreign = list(_foreign_values(document, field, subset["values"], (*here, "values")))
            yield from foreign or _other_subsets(document, response, known, field, (*here, "values"))


def _other_subsets(
    document: Document,
    page: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    field: Mapping[str, Any],
    path: Path,
) -> Found:
    """Yield a problem if the read that a specialised page links to reads another part of the collection."""
    for link in page.get("links", {}).values():
        read = success(document, known.get(link.get("operationId"), {"responses": {}})).get("x-oneroster-subset")
        if read is None or list(_foreign_values(document, field, read["values"], path)):
            continue
        if set(read["values"]) != set(page["x-oneroster-subset"]["values"]):
            yield path, f"{link['operationId']} reads those with {', '.join(read['values'])}"


def _nested_element(document: Document, element: str, name: str) -> str | None:
    """Return the element of the records in a property, as Role is that of the property roles of User."""
    field = properties_of(document, element).get(name, {})
    reference = field.get("$ref") or field.get("items", {}).get("$ref")
    return None if reference is None or name_of(reference) == REFERENCE else name_of(reference)


def _property(document: Document, element: str, name: str, path: Path) -> Found:
    known = properties_of(document, element)
    if name not in known:
        yield path, f"{element} has no property {name}{nearest(name, known)}"


@rule(
    "scopes",
    "Every collection under a parent has a scope with known reads, path parameters and properties, which refer to the "
    "parents and the rows.",
)
def scopes(document: Document) -> Found:
    known = by_operation_id(document)
    for path, operation in operations(document):
        scope = operation.get("x-oneroster-scope")
        if scope is None:
            if is_page(document, operation) and "{" in str(path[1]):
                yield path, "the nested collection has no x-oneroster-scope"
            continue
        here = (*path, "x-oneroster-scope")
        bearer = row = element_of(document, operation) or stored_element(document, operation)
        if tie := scope.get("through"):
            if tie["collection"] not in known:
                continue
            bearer = element_of(document, known[tie["collection"]])
            yield from _through(document, tie, bearer, row, (*here, "through"))
        for index, parent in enumerate(scope["parents"]):
            place = (*here, "parents", index)
            if "{" + parent["parameter"] + "}" not in str(path[1]):
                yield (*place, "parameter"), f"the path has no parameter {parent['parameter']}"
            if parent["read"] in known:
                read = element_of(document, known[parent["read"]])
                yield from _reference(document, bearer, parent["property"].split("."), read, (*place, "property"))


def _through(document: Document, tie: Mapping[str, Any], bearer: str, row: str, path: Path) -> Found:
    if tie["property"] != "sourcedId":
        yield from _reference(document, bearer, [tie["property"]], row, (*path, "property"))
    for name, values in tie.get("where", {}).items():
        here = (*path, "where", name)
        yield from _property(document, bearer, name, here)
        field = properties_of(document, bearer).get(name)
        if field is not None:
            yield from _foreign_values(document, field, values, here)


def _reference(document: Document, element: str, hops: list[str], to: str, path: Path) -> Found:
    """Yield a problem if the references, followed from an element hop by hop, do not lead to another one."""
    for hop in hops if hops != ["sourcedId"] else ():
        field = properties_of(document, element).get(hop)
        if field is None:
            yield from _property(document, element, hop, path)
            return
        following = referred_element(field) or _nested_element(document, element, hop)
        if following is None and name_of(field.get("$ref", "")) == REFERENCE:
            return  # the rule references names it
        if following is None:
            yield path, f"the property {hop} of {element} is no reference"
            return
        element = following
    if element != to:
        yield path, f"{'.'.join(hops)} refers to {element}, not to {to}"


@rule(
    "profiles",
    "Profiles are those of the top of the document; x-oneroster-stands-for names an operation with the same data.",
)
def profiles(document: Document) -> Found:
    profiles, known = document.get("x-oneroster-profiles", {}), by_operation_id(document)
    for path, operation in operations(document):
        name = operation.get("x-oneroster-stands-for")
        if name in known and _data(document, operation) != _data(document, known[name]):
            yield (*path, "x-oneroster-stands-for"), f"{name} answers with other data"
    key, uses = "x-oneroster-profiles", list[tuple[Path, str]]()
    for path, value in (*walk(document["paths"], ("paths",)), *walk(document["components"], ("components",))):
        used = value.get(key, []) if isinstance(value, dict) else []
        uses += [((*path, key, index), name) for index, name in enumerate(used)]
    yield from unknown_names(uses, {name: (key, name) for name in profiles}, "there is no profile {}".format)


def _data(document: Document, operation: Mapping[str, Any]) -> tuple[str, bool]:
    return element_of(document, operation), is_page(document, operation)


@rule("references", "Every property that is a GUIDRef names the element that it refers to, and values of its type.")
def references(document: Document) -> Found:
    kind, schemas = properties_of(document, REFERENCE).get("type", {}), document["components"]["schemas"]
    listed = _enumeration(document, kind) if kind else []
    for path, schema in object_schemas(document):
        for name, field in schema["properties"].items():
            schema_name = field.get("$ref") or field.get("items", {}).get("$ref", "")
            refers, here = field.get("x-oneroster-reference"), (*path, "properties", name)
            if (name_of(schema_name) == REFERENCE) != (refers is not None):
                yield here, "x-oneroster-reference belongs on a property that is a GUIDRef, and only there"
                continue
            if refers is None:
                continue
            place = (*here, "x-oneroster-reference")
            if refers["to"] not in schemas:
                yield (*place, "to"), f"there is no schema {refers['to']}{nearest(refers['to'], schemas)}"
            if listed:
                yield from _foreign_values(document, kind, refers["types"], (*place, "types"))


@rule("elements", "Every element names the operations that list and read it.")
def elements(document: Document) -> Found:
    known = by_operation_id(document)
    found = [data_schema(document, response) for _, response in read_responses(document)]
    named = {str(schema.get("x-oneroster-element", "")) for schema in found}
    for name in sorted(named & document["components"]["schemas"].keys()):
        schema, path = document["components"]["schemas"][name], ("components", "schemas", name)
        for key, many in (("x-oneroster-collection", True), ("x-oneroster-read", False)):
            operation = known.get(schema.get(key, ""))
            if key not in schema:
                yield path, f"the element has no {key}"
            elif operation and (element_of(document, operation) != name or is_page(document, operation) is not many):
                yield (*path, key), f"{schema[key]} does not {'list' if many else 'read'} {name}"


@rule("oauth-scopes", "Every OAuth 2 scope of an operation is one of its security scheme, which has a mark for each.")
def oauth_scopes(document: Document) -> Found:
    unknown = list(_unknown_scopes(document))
    yield from unknown
    # A scope that is renamed in its scheme alone is one mistake.
    for name, scheme in document["components"].get("securitySchemes", {}).items() if not unknown else ():
        yield from _scope_marks(scheme, ("components", "securitySchemes", name))


def _unknown_scopes(document: Document) -> Found:
    schemes, uses = document["components"].get("securitySchemes", {}), dict[str, list[tuple[Path, str]]]()
    for path, operation in operations(document):
        for index, choice in enumerate(operation.get("security", [])):
            for name, wanted in choice.items():
                here = (*path, "security", index, name)
                if _scopes(schemes[name], ()) and not wanted:
                    yield here, f"the choice of {name} names no scope, so that every token would do"
                uses.setdefault(name, []).extend(((*here, at), scope) for at, scope in enumerate(wanted))
    for name, found in uses.items():
        known = _scopes(schemes[name], ("components", "securitySchemes", name))
        yield from unknown_names(found, known, f"the security scheme {name} has no scope {{}}".format)


def _scopes(scheme: Mapping[str, Any], path: Path) -> dict[str, Path]:
    """Return the places of the scopes of a security scheme."""
    flows = scheme.get("flows", {})
    return {scope: (*path, "flows", flow, "scopes", scope) for flow in flows for scope in flows[flow].get("scopes", {})}


def _scope_marks(scheme: Mapping[str, Any], path: Path) -> Found:
    key = "x-oneroster-oauth-scopes"
    known, marks = _scopes(scheme, path), scheme.get(key, {})
    strange = [scope for scope in marks if scope not in known]
    for scope in strange:
        yield (*path, key, scope), f"the flows have no scope {scope}{nearest(scope, known)}"
    for scope, place in known.items() if not strange else ():
        if scope not in marks:
            yield place, f"the scope has no mark in {key}"
    if "C" in marks.values() and not scheme.get("x-oneroster-note"):
        yield (*path, key), "a scope is uncertain and the scheme has no x-oneroster-note"


@basic(
    "status",
    "The status payload and its codes are schemas of the document; conventions and operations name its components.",
)
def status(document: Document) -> Found:
    schemas = document["components"]["schemas"]
    for key in ("payload", "codes"):
        name = document.get("x-oneroster-status", {}).get(key)
        if name is not None and name not in schemas:
            yield ("x-oneroster-status", key), f"there is no schema {name}{nearest(name, schemas)}"
    sections = {
        "page-parameters": "parameters",
        "read-parameters": "parameters",
        "security": "securitySchemes",
    }
    for key, section in sections.items():
        names = document.get("x-oneroster-conventions", {}).get(key, [])
        uses: list[tuple[Path, str]] = [(("x-oneroster-conventions", key, at), name) for at, name in enumerate(names)]
        if key == "security":
            uses += _named_schemes(document)
        known: dict[str, Path] = {
            name: ("components", section, name) for name in document["components"].get(section, {})
        }
        said = f"components/{section} has no {{}}".format
        yield from unknown_names(uses, known, said, rarely=section == "parameters")


def _named_schemes(document: Document) -> Iterator[tuple[Path, str]]:
    for path, operation in operations(document):
        for index, choice in enumerate(operation.get("security", [])):
            yield from (((*path, "security", index, name), name) for name in choice)
