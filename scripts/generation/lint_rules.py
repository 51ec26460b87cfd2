"""The rules of a document beyond OpenAPI: what the generator, the sandbox and the contract kit rely on.

Rules that hold for one version of the standard only, such as the query parameters of a page, are named by the document
in its key ``x-oneroster-conventions``. A convention that the document does not name is not checked.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from oneroster_runtime.specification.reader import METHODS
from oneroster_runtime.specification.schemas import REFERENCE

__all__ = ["RULES", "Found", "Path", "Rule", "target", "walk"]

Path = tuple[str | int, ...]
Document = Mapping[str, Any]
Found = Iterator[tuple[Path, str]]

TRUST = ("A", "B", "C")
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


class Rule(NamedTuple):
    """A rule of the document."""

    name: str
    text: str
    check: Callable[[Document], Found]


RULES: list[Rule] = []


def rule(name: str, text: str) -> Callable[[Callable[[Document], Found]], Callable[[Document], Found]]:
    """Register a rule under a stable name, with the sentence that CONTRIBUTING.md lists."""

    def register(check: Callable[[Document], Found]) -> Callable[[Document], Found]:
        RULES.append(Rule(name, text, check))
        return check

    return register


def _convention(document: Document, name: str) -> list[str] | None:
    found: list[str] | None = document.get("x-oneroster-conventions", {}).get(name)
    return found


def _status_payload(document: Document) -> str | None:
    found: str | None = document.get("x-oneroster-status", {}).get("payload")
    return found


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from walk(below, (*path, key))


def target(document: Document, reference: str) -> Any:
    value: Any = document
    for step in reference.removeprefix("#/").split("/"):
        value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, Mapping) else None
    return value


def _followed(document: Document, value: Mapping[str, Any]) -> Mapping[str, Any]:
    followed: Mapping[str, Any] = target(document, value["$ref"]) if "$ref" in value else value
    return followed


def _parameters(document: Document, operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [_followed(document, parameter) for parameter in operation.get("parameters", [])]


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _operations(document: Document) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield ("paths", path, method), item[method]


def _operation_ids(document: Document) -> dict[str, dict[str, Any]]:
    return {operation.get("operationId", ""): operation for _, operation in _operations(document)}


def _success(document: Document, operation: Mapping[str, Any]) -> Mapping[str, Any]:
    return _followed(document, operation["responses"].get("200", {}))


def _object_schemas(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every schema with properties: components, and the parts of their allOf."""
    for name, schema in document["components"]["schemas"].items():
        here: Path = ("components", "schemas", name)
        for index, part in enumerate(schema.get("allOf", [])):
            if "properties" in part:
                yield (*here, "allOf", index), part
        if "properties" in schema:
            yield here, schema


def _properties(document: Document, name: str) -> dict[str, Any]:
    """Return the properties of a component schema, with those of its allOf."""
    schema = document["components"]["schemas"].get(name, {})
    found: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        found |= _properties(document, _name(part["$ref"])) if "$ref" in part else part.get("properties", {})
    found |= schema.get("properties", {})
    return found


@rule("operation-id", "Every operation has an operationId, and no two share one.")
def operation_ids(document: Document) -> Found:
    counted = Counter(operation.get("operationId") for _, operation in _operations(document))
    for path, operation in _operations(document):
        name = operation.get("operationId")
        if not name:
            yield path, "the operation has no operationId"
        elif counted[name] > 1:
            yield (*path, "operationId"), f"operationId {name} is used {counted[name]} times"


@rule(
    "operation-form",
    "Every operation has a summary, one of the tags, profiles, and the kinds of security of the conventions.",
)
def operation_form(document: Document) -> Found:
    tags = {tag["name"] for tag in document.get("tags", [])}
    for path, operation in _operations(document):
        if not operation.get("summary"):
            yield path, "the operation has no summary"
        if len(operation.get("tags", [])) != 1 or not tags.issuperset(operation["tags"]):
            yield path, "the operation needs exactly one of the document's tags"
        if not operation.get("x-oneroster-profiles"):
            yield path, "the operation has no x-oneroster-profiles"
        offered = {name for choice in operation.get("security", []) for name in choice}
        if missing := [name for name in _convention(document, "security") or () if name not in offered]:
            yield path, f"the operation cannot be reached by {', '.join(missing)}"


@rule(
    "path-parameters", "Every placeholder of a path is declared by its operations, and nothing else is declared as one."
)
def path_parameters(document: Document) -> Found:
    for path, operation in _operations(document):
        declared = {each["name"] for each in _parameters(document, operation) if each["in"] == "path"}
        placeholders = {part[1:-1] for part in str(path[1]).split("/") if part.startswith("{")}
        for name in sorted(declared ^ placeholders):
            yield path, f"path parameter {name} is only in the {'path' if name in placeholders else 'parameters'}"


@rule(
    "query-parameters",
    "A page and a single read take the query parameters of the conventions; a write takes none of them.",
)
def query_parameters(document: Document) -> Found:
    of_page, of_read = _convention(document, "page-parameters"), _convention(document, "read-parameters")
    if of_page is None or of_read is None:
        return
    known = {*of_page, *of_read}
    for path, operation in _operations(document):
        names = {_name(parameter["$ref"]) for parameter in operation.get("parameters", []) if "$ref" in parameter}
        many = _success(document, operation).get("x-oneroster-many")
        wanted = set(of_page if many else of_read) if path[-1] == "get" else set()
        for name in sorted(wanted ^ (names & known)):
            yield path, f"query parameter {name} {'is missing' if name in wanted else 'does not belong here'}"


@rule(
    "shared-parts",
    "Parameters and responses of operations are references to components, and components refer no further.",
)
def shared_parts(document: Document) -> Found:
    for path, operation in _operations(document):
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
    "status payload.",
)
def errors(document: Document) -> Found:
    payload = _status_payload(document)
    for path, operation in _operations(document):
        wanted = set(_convention(document, "errors") or ())
        wanted -= set() if "{" in str(path[1]) else {"404"}
        for status in sorted(wanted - operation["responses"].keys()):
            yield path, f"status {status} is not documented"
        for status, response in operation["responses"].items():
            schema = _followed(document, response).get("content", {}).get("application/json", {}).get("schema", {})
            if status >= "400" and payload and _name(schema.get("$ref", "")) != payload:
                yield (*path, "responses", status), f"the error does not have the payload {payload}"


@rule("headers", "Every page documents the headers of the conventions.")
def page_headers(document: Document) -> Found:
    for name, response in document["components"]["responses"].items():
        if response.get("x-oneroster-many"):
            for header in sorted(set(_convention(document, "page-headers") or ()) - response.get("headers", {}).keys()):
                yield ("components", "responses", name), f"header {header} is not documented"


@rule(
    "wrappers",
    "Every response with data names its wrapper, its element and whether there are many, as its schema does.",
)
def wrappers(document: Document) -> Found:
    keys = ("x-oneroster-wrapper", "x-oneroster-element", "x-oneroster-many")
    for name, response in document["components"]["responses"].items():
        reference = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
        if reference is None or _name(reference) == _status_payload(document):
            continue
        schema = target(document, reference)
        path: Path = ("components", "responses", name)
        for key in keys:
            if response.get(key) is None or response.get(key) != schema.get(key):
                yield path, f"{key} is missing, or differs from that of {_name(reference)}"
        if response.get("x-oneroster-wrapper") not in schema.get("properties", {}):
            yield path, f"{_name(reference)} has no property of the name of the wrapper"
        if response.get("x-oneroster-element") not in document["components"]["schemas"]:
            yield path, "x-oneroster-element is not a schema"


@rule("links", "Every page links to the read of its records, which exists and takes the id.")
def links(document: Document) -> Found:
    known = _operation_ids(document)
    for name, response in document["components"]["responses"].items():
        path: Path = ("components", "responses", name)
        if response.get("x-oneroster-many") and not response.get("links"):
            yield path, "the page links to no read"
        for key, link in response.get("links", {}).items():
            if link.get("operationId") not in known:
                yield (*path, "links", key), f"there is no operation {link.get('operationId')}"
                continue
            names = [each["name"] for each in _parameters(document, known[link["operationId"]]) if each["in"] == "path"]
            if link.get("parameters") != dict.fromkeys(
                names, f"$response.body#/{response['x-oneroster-wrapper']}/0/sourcedId"
            ):
                yield (*path, "links", key), "the link does not pass the sourcedId of a record of the page"


@rule(
    "subsets",
    "A specialised collection names what it is a part of, a property of its element, and values of its enumeration.",
)
def subsets(document: Document) -> Found:
    known = _operation_ids(document)
    for name, response in document["components"]["responses"].items():
        subset = response.get("x-oneroster-subset")
        if subset is None:
            continue
        path: Path = ("components", "responses", name, "x-oneroster-subset")
        if subset["of"] not in known:
            yield path, f"there is no operation {subset['of']}"
        field = _properties(document, response["x-oneroster-element"]).get(subset["property"], {})
        allowed = target(document, field.get("$ref", "#/none")) or {}
        if not set(subset["values"]) <= set(allowed.get("enum", [])):
            yield path, f"{subset['property']} cannot have these values"
        if subset["trust"] not in TRUST:
            yield path, "trust is one of A, B, C"


@rule(
    "scopes",
    "Every collection under a parent has a scope with known reads, path parameters and properties.",
)
def scopes(document: Document) -> Found:
    known = _operation_ids(document)
    for path, operation in _operations(document):
        success = _success(document, operation)
        scope = operation.get("x-oneroster-scope")
        if scope is None:
            if success.get("x-oneroster-many") and "{" in str(path[1]):
                yield path, "the nested collection has no x-oneroster-scope"
            continue
        here = (*path, "x-oneroster-scope")
        bearer = success["x-oneroster-element"]
        if through := scope.get("through"):
            if through["collection"] not in known:
                yield here, f"there is no operation {through['collection']}"
                continue
            bearer = _success(document, known[through["collection"]])["x-oneroster-element"]
            if through["property"] not in _properties(document, bearer):
                yield here, f"{bearer} has no {through['property']}"
        for parent in scope["parents"]:
            if parent["read"] not in known or "{" + parent["parameter"] + "}" not in str(path[1]):
                yield here, f"the parent {parent['parameter']} has no such read or is not in the path"
            if parent["property"].split(".")[0] not in _properties(document, bearer):
                yield here, f"{bearer} has no {parent['property']}"


@rule("profiles", "Profiles are those of the top of the document; x-oneroster-stands-for names an operation.")
def profiles(document: Document) -> Found:
    known, operations = set(document.get("x-oneroster-profiles", {})), _operation_ids(document)
    for path, operation in _operations(document):
        if operation.get("x-oneroster-stands-for", next(iter(operations))) not in operations:
            yield path, "x-oneroster-stands-for names no operation"
    for path, value in (*walk(document["paths"], ("paths",)), *walk(document["components"], ("components",))):
        used = value.get("x-oneroster-profiles", []) if isinstance(value, Mapping) else []
        for name in used:
            if name not in known:
                yield (*path, "x-oneroster-profiles"), f"there is no profile {name}"


@rule(
    "properties",
    "Every property has a description, a trust mark, a type or a reference, and a name that no model uses itself.",
)
def properties(document: Document) -> Found:
    for path, schema in _object_schemas(document):
        for name, field in schema["properties"].items():
            here = (*path, "properties", name)
            if name in RESERVED:
                yield here, "every generated model uses this name itself"
            if not field.get("description"):
                yield here, "the property has no description"
            if field.get("x-oneroster-trust") not in TRUST:
                yield here, "the property has no x-oneroster-trust of A, B or C"
            if not ("type" in field or "$ref" in field):
                yield here, "the property has neither a type nor a reference"
        for name in schema.get("required", []):
            if name not in schema["properties"]:
                yield (*path, "required"), f"the required property {name} is not described"


@rule("uncertain", "A fact with the mark C has a note with the reason, also if only its presence is uncertain.")
def uncertain(document: Document) -> Found:
    for path, value in walk(document["components"], ("components",)):
        if not isinstance(value, Mapping):
            continue
        if value.get("x-oneroster-trust") == "C" and not value.get("x-oneroster-note"):
            yield path, "the fact is uncertain and has no x-oneroster-note"
        presence = value.get("x-oneroster-presence")
        if presence and (presence.get("trust") not in TRUST or (presence["trust"] == "C" and not presence.get("note"))):
            yield (
                (*path, "x-oneroster-presence"),
                "the presence has no trust of A, B or C, or is uncertain without a note",
            )


@rule("references", "Every property that is a GUIDRef names the element that it refers to, and values of its type.")
def references(document: Document) -> Found:
    kind = _properties(document, REFERENCE).get("type", {})
    allowed = set((target(document, kind["$ref"]) if "$ref" in kind else kind).get("enum", ()))
    for path, schema in _object_schemas(document):
        for name, field in schema["properties"].items():
            schema_name = field.get("$ref") or field.get("items", {}).get("$ref", "")
            refers = field.get("x-oneroster-reference")
            here = (*path, "properties", name)
            if (_name(schema_name) == REFERENCE) != (refers is not None):
                yield here, "x-oneroster-reference belongs on a property that is a GUIDRef, and only there"
            elif refers and (
                refers["to"] not in document["components"]["schemas"]
                or not set(refers["types"]) <= (allowed or set(refers["types"]))
            ):
                yield here, "x-oneroster-reference names no element, or a type that a reference does not have"


@rule("elements", "Every element names the operations that list and read it.")
def elements(document: Document) -> Found:
    known = _operation_ids(document)
    for name in sorted(
        {response.get("x-oneroster-element", "") for response in document["components"]["responses"].values()} - {""}
    ):
        schema = document["components"]["schemas"].get(name, {})
        for key in ("x-oneroster-collection", "x-oneroster-read"):
            if schema.get(key) not in known:
                yield ("components", "schemas", name), f"{key} names no operation"


@rule("enumerations", "Every enumeration is a component of its own, with a description and a trust mark.")
def enumerations(document: Document) -> Found:
    for path, value in (*walk(document["paths"], ("paths",)), *walk(document["components"], ("components",))):
        if not isinstance(value, Mapping) or not isinstance(value.get("enum"), list):
            continue
        if len(path) != 3 or path[1] != "schemas":
            yield path, "the enumeration is written inline instead of as a component"
        elif not value.get("description") or value.get("x-oneroster-trust") not in TRUST:
            yield path, "the enumeration has no description or no x-oneroster-trust"


@rule("examples", "Every response and every body has a synthetic example, and its schema accepts it.")
def examples(document: Document) -> Found:
    components = document["components"]
    for section in ("responses", "requestBodies"):
        for name, part in components.get(section, {}).items():
            for media in part.get("content", {}).values():
                path: Path = ("components", section, name)
                if not media.get("examples"):
                    yield path, "there is no example"
                validator = Draft202012Validator(
                    {**media["schema"], "components": components}, format_checker=Draft202012Validator.FORMAT_CHECKER
                )
                for example in media.get("examples", {}).values():
                    for error in validator.iter_errors(_followed(document, example)["value"]):
                        yield path, f"the example violates the schema: {error.message[:200]}"


@rule("services", "With several servers, each has a service of its own, and each tag names one of them.")
def services(document: Document) -> Found:
    servers = document.get("servers", [])
    names = [server.get("x-oneroster-service") for server in servers]
    for index, name in enumerate(names):
        if len(servers) > 1 and (not name or names.count(name) > 1):
            yield ("servers", index), "the server has no x-oneroster-service of its own"
    for index, tag in enumerate(document.get("tags", [])):
        if tag.get("x-oneroster-service") not in (names if len(servers) > 1 else [None, *names]):
            yield ("tags", index), "the tag names no x-oneroster-service of a server"


@rule("status", "The status payload and its codes are schemas of the document.")
def status(document: Document) -> Found:
    for key in ("payload", "codes"):
        name = document.get("x-oneroster-status", {}).get(key)
        if name is not None and name not in document["components"]["schemas"]:
            yield ("x-oneroster-status", key), f"there is no schema {name}"
