"""What the document means: operations, models and enumerations, with references and ``x-oneroster-*`` keys resolved."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from openapi_python_client.strings import ClassName, PythonIdentifier

from generation.document import Document, DocumentError, escape
from oneroster_runtime.specification import (
    Element,
    Operation,
    Parameter,
    Parent,
    Profile,
    Property,
    Scope,
    Subset,
    Through,
)

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
BOOLEAN = "TrueFalse"
REFERENCE = "GUIDRef"
CONSTRAINTS = ("minLength", "maxLength", "pattern", "minItems", "maxItems", "minimum", "maximum")
_INHERITED = "Base"
_FIELD_PREFIX = "field_"
_PLURAL = {"string": "strings", "enumeration": "enumerations", "reference": "references", "record": "records"}
_STRING_KINDS = {"date": "date", "date-time": "date-time", "uri": "uri", "uri-reference": "uri"}


class Model(NamedTuple):
    """A class to emit: an element of the data, or a wrapper around one or many of them."""

    name: str
    description: str
    properties: dict[str, Property]
    descriptions: dict[str, str]
    constraints: dict[str, dict[str, Any]]
    """What the document demands of the values of a property beyond their type, in the words of JSON Schema."""
    wrapper: str | None
    element: str | None
    many: bool


class Endpoint(NamedTuple):
    """A module to emit: an operation, and what only its docstrings and types need."""

    operation: Operation
    description: str
    parameters: dict[str, str]
    """The descriptions of the parameters by wire name."""
    answer: str | None
    """The model of a success, when there is data in it."""
    body: str | None
    """The model of the request body."""


class Facts(NamedTuple):
    """All that the templates and the tables are made of."""

    document: Document
    endpoints: dict[str, Endpoint]
    elements: dict[str, Element]
    models: dict[str, Model]
    enumerations: dict[str, tuple[str, ...]]
    profiles: dict[str, Profile]

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations by operationId."""
        return {name: endpoint.operation for name, endpoint in self.endpoints.items()}


def python_name(name: str) -> str:
    """The name that the generator gives a property, parameter or operation in Python."""
    return str(PythonIdentifier(name, prefix=_FIELD_PREFIX))


def gather(document: Document) -> Facts:
    """All facts of a document.

    Raises:
        DocumentError: A reference leads nowhere, or a part does not follow the conventions of the document.
    """
    try:
        return _gathered(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # A part of another type than the lint lets through; old documents come here without it.
        raise DocumentError(f"a part does not have its form: {type(error).__name__}: {error}") from error


def _gathered(document: Document) -> Facts:
    reader = _Reader(document)
    models = reader.models()
    return Facts(
        document=document,
        endpoints=reader.endpoints(),
        elements=reader.elements(models),
        models=models,
        enumerations=reader.enumerations(),
        profiles={
            name: Profile(name, entry.get("description", ""), entry.get("booleans", "string"))
            for name, entry in document.data.get("x-oneroster-profiles", {}).items()
        },
    )


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.schemas: dict[str, Any] = self.at("/components/schemas")

    def at(self, pointer: str) -> Any:
        """The part of the document at a pointer."""
        part: Any = self.document.data
        for segment in pointer.split("/")[1:]:
            key = segment.replace("~1", "/").replace("~0", "~")
            if not isinstance(part, dict) or key not in part:
                raise self.document.error(pointer, "there is nothing at this place, and it is needed")
            part = part[key]
        return part

    def resolve(self, part: Any, pointer: str) -> tuple[dict[str, Any], str]:
        """A part with its place, the reference followed when it is one (one level, as the generator does)."""
        if not isinstance(part, dict):
            raise self.document.error(pointer, "a mapping is needed here")
        reference = part.get("$ref")
        if reference is None:
            return part, pointer
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise self.document.error(pointer, f"the reference {reference!r} does not begin with #/")
        try:
            return cast("dict[str, Any]", self.at(reference[1:])), reference[1:]
        except DocumentError:
            raise self.document.error(pointer, f"the reference {reference} leads nowhere") from None

    # Schemas

    def check_name(self, name: str) -> None:
        """Refuse a schema whose class would be called otherwise, for the templates go by the name."""
        called = ClassName(name, _FIELD_PREFIX)
        if called != name:
            message = f"the class of this schema would be called {called} in Python; call the schema so"
            raise self.document.error(f"/components/schemas/{escape(name)}", message)

    def is_enumeration(self, name: str | None) -> bool:
        return name is not None and name != BOOLEAN and "enum" in self.schemas.get(name, {})

    def enumerations(self) -> dict[str, tuple[str, ...]]:
        found = {name: tuple(self.schemas[name]["enum"]) for name in self.schemas if self.is_enumeration(name)}
        for name in found:
            self.check_name(name)
        return found

    def models(self) -> dict[str, Model]:
        """The classes to emit, in the order of the document."""
        return {
            name: self.model(name, schema)
            for name, schema in self.schemas.items()
            if name != _INHERITED and ("allOf" in schema or schema.get("type") == "object")
        }

    def elements(self, models: dict[str, Model]) -> dict[str, Element]:
        return {
            name: Element(
                name,
                self.schemas[name].get("x-oneroster-collection"),
                self.schemas[name].get("x-oneroster-read"),
                model.properties,
            )
            for name, model in models.items()
            if model.wrapper is None and name != "StatusInfoSet"
        }

    def model(self, name: str, schema: dict[str, Any]) -> Model:
        self.check_name(name)
        pointer = f"/components/schemas/{escape(name)}"
        properties: dict[str, Property] = {}
        descriptions: dict[str, str] = {}
        constraints: dict[str, dict[str, Any]] = {}
        parts = [(schema, pointer)]
        parts += [self.resolve(part, f"{pointer}/allOf/{at}") for at, part in enumerate(schema.get("allOf", []))]
        for part, place in parts:
            required = part.get("required", [])
            for key, value in part.get("properties", {}).items():
                below = f"{place}/properties/{escape(key)}"
                properties[key] = self.property(key, value, below, key in required)
                descriptions[key] = self.description(value, below)
                constraints[key] = self.constraints(value, below)
            for key in required:
                if key not in part.get("properties", {}):
                    raise self.document.error(f"{place}/required", f"{key!r} is required and is no property")
        attributes = [found.attribute for found in properties.values()]
        for attribute in attributes:
            if attributes.count(attribute) > 1:
                raise self.document.error(pointer, f"two properties would both be called {attribute} in Python")
        return Model(
            name,
            schema.get("description", "").strip(),
            properties,
            descriptions,
            constraints,
            schema.get("x-oneroster-wrapper"),
            schema.get("x-oneroster-element"),
            bool(schema.get("x-oneroster-many")),
        )

    def description(self, value: dict[str, Any], pointer: str) -> str:
        target, _ = self.resolve(value, pointer)
        text: str = value.get("description") or target.get("description", "")
        return text.strip()

    def constraints(self, value: dict[str, Any], pointer: str) -> dict[str, Any]:
        target, _ = self.resolve(value, pointer)
        return {word: part[word] for part in (target, value) for word in CONSTRAINTS if word in part}

    def property(self, name: str, value: Any, pointer: str, required: bool) -> Property:
        items = value.get("items", {}) if isinstance(value, dict) else {}
        kind, named = self.kind(value, pointer)
        trust = value.get("x-oneroster-trust", "A")
        presence = value.get("x-oneroster-presence", {}).get("trust", trust)
        refers = value.get("x-oneroster-reference") or items.get("x-oneroster-reference") or {}
        return Property(
            name=name,
            attribute=python_name(name),
            kind=kind,
            required=required,
            trust=trust,
            presence=presence,
            personal=bool(value.get("x-oneroster-personal")),
            secret=bool(value.get("x-oneroster-secret")),
            profiles=tuple(value.get("x-oneroster-profiles", ())),
            enumeration=named if kind in {"enumeration", "enumerations"} else None,
            refers_to=refers.get("to"),
            reference_types=tuple(refers.get("types", ())),
            record=named if kind in {"record", "records"} else None,
        )

    def kind(self, value: Any, pointer: str) -> tuple[str, str | None]:
        """The kind of a property, and the schema named by it."""
        target, place = self.resolve(value, pointer)
        named = place.rpartition("/")[2] if "$ref" in value else None
        if named == BOOLEAN or target.get("type") == "boolean":
            return "boolean", None
        if self.is_enumeration(named):
            return "enumeration", named
        if named == REFERENCE:
            return "reference", None
        if "allOf" in target or target.get("type") == "object":
            return ("record", named) if named else ("object", None)
        if target.get("type") == "array":
            kind, named = self.kind(target.get("items"), f"{place}/items")
            if kind not in _PLURAL:
                raise self.document.error(f"{place}/items", f"lists of kind {kind!r} are not known to the templates")
            return _PLURAL[kind], named
        if target.get("type") in ("number", "integer"):
            return str(target["type"]), None
        if target.get("type") == "string" and "enum" not in target:
            return _STRING_KINDS.get(target.get("format", ""), "string"), None
        message = "this schema is of no kind that the templates know; give it a type, or name its enumeration"
        raise self.document.error(pointer, message)

    # Operations

    def endpoints(self) -> dict[str, Endpoint]:
        """All operations, in the order of the document."""
        found: dict[str, Endpoint] = {}
        for path, item in self.at("/paths").items():
            for method, part in item.items():
                if method not in METHODS:
                    continue
                pointer = f"/paths/{escape(path)}/{method}"
                endpoint = self.endpoint(path, method, part, pointer)
                name = endpoint.operation.operation_id
                if name in found:
                    raise self.document.error(pointer, f"the operationId {name} is used twice")
                found[name] = endpoint
        return found

    def endpoint(self, path: str, method: str, part: dict[str, Any], pointer: str) -> Endpoint:
        for key in ("operationId", "tags", "responses"):
            if not part.get(key):
                raise self.document.error(pointer, f"an operation needs {key}")
        parameters, descriptions = self.parameters(part, pointer)
        answer, answer_model = self.answer(part, pointer)
        body, body_wrapper, body_model = self.body(part, pointer)
        many = bool(answer.get("x-oneroster-many"))
        reads = [link.get("operationId") for link in answer.get("links", {}).values()]
        operation = Operation(
            operation_id=part["operationId"],
            method=method.upper(),
            path=path,
            tag=part["tags"][0],
            service="oneroster",
            summary=part.get("summary", ""),
            profiles=tuple(part.get("x-oneroster-profiles", ())),
            stands_for=part.get("x-oneroster-stands-for"),
            parameters=parameters,
            wrapper=answer.get("x-oneroster-wrapper"),
            element=answer.get("x-oneroster-element"),
            many=many,
            item_read=reads[0] if many and reads else None,
            subset=_subset(answer.get("x-oneroster-subset")),
            scope=_scope(part.get("x-oneroster-scope")),
            oauth_scopes=tuple(scope for entry in part.get("security", []) for scope in entry.get("oauth2", [])),
            body=body,
            body_wrapper=body_wrapper,
            statuses=tuple(sorted(int(code) for code in part["responses"] if code.isdigit() and code.startswith("2"))),
        )
        return Endpoint(operation, part.get("description", "").strip(), descriptions, answer_model, body_model)

    def parameters(self, part: dict[str, Any], pointer: str) -> tuple[tuple[Parameter, ...], dict[str, str]]:
        """The parameters of an operation, and their descriptions by wire name."""
        found: list[Parameter] = []
        descriptions: dict[str, str] = {}
        for index, entry in enumerate(part.get("parameters", [])):
            parameter, place = self.resolve(entry, f"{pointer}/parameters/{index}")
            kind, named = self.kind(parameter.get("schema"), f"{place}/schema")
            name, location = parameter.get("name", ""), parameter.get("in", "")
            if kind not in {"string", "integer", "enumeration"} or location not in {"path", "query"}:
                message = f"a parameter of kind {kind!r} in {location!r} is not known to the templates"
                raise self.document.error(place, message)
            required, form = bool(parameter.get("required")), parameter["schema"].get("format")
            found.append(Parameter(name, python_name(name), location, required, kind, form, named))
            descriptions[name] = " ".join(parameter.get("description", "").split())
        return tuple(found), descriptions

    def answer(self, part: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str | None]:
        """The response of a success with data, and the model of the data."""
        if "200" not in part["responses"]:
            return {}, None
        answer, place = self.resolve(part["responses"]["200"], f"{pointer}/responses/200")
        return answer, self.wrapped(answer, place)[0] if "content" in answer else None

    def body(self, part: dict[str, Any], pointer: str) -> tuple[str | None, str | None, str | None]:
        """Element, wrapper and model of the request body."""
        if "requestBody" not in part:
            return None, None, None
        body, place = self.resolve(part["requestBody"], f"{pointer}/requestBody")
        model, schema = self.wrapped(body, place)
        return schema["x-oneroster-element"], schema["x-oneroster-wrapper"], model

    def wrapped(self, part: dict[str, Any], pointer: str) -> tuple[str, dict[str, Any]]:
        """Name and schema of the wrapper in the JSON content of a body."""
        below = f"{pointer}/content/application~1json/schema"
        schema, place = self.resolve(part.get("content", {}).get("application/json", {}).get("schema"), below)
        if not schema.get("x-oneroster-element") or not schema.get("x-oneroster-wrapper"):
            raise self.document.error(place, "a body needs x-oneroster-element and x-oneroster-wrapper")
        return place.rpartition("/")[2], schema


def _subset(part: dict[str, Any] | None) -> Subset | None:
    if part is None:
        return None
    return Subset(part["of"], part["property"], tuple(part["values"]), part.get("trust", "A"))


def _scope(part: dict[str, Any] | None) -> Scope | None:
    if part is None:
        return None
    tie = part.get("through")
    through = None
    if tie is not None:
        where = tuple((key, tuple(values)) for key, values in tie.get("where", {}).items())
        through = Through(tie["collection"], tie["property"], where)
    parents = tuple(Parent(entry["parameter"], entry["read"], entry["property"]) for entry in part["parents"])
    return Scope(through, parents, part.get("trust", "A"))
