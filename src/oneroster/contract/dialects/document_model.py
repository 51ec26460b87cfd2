"""The operations, elements and enumerations of a dialect, read from its OpenAPI document at run time.

An overlay changes a copy of the standard's document, which then has to be read again. Without an overlay the result is
equal to the specification of the standard; a test checks that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from oneroster_runtime.specification import Element, Operation, Property, Specification

__all__ = ["DocumentError", "DocumentModel", "gather"]

BOOLEAN: Final = "TrueFalse"
REFERENCE: Final = "GUIDRef"
_PREFIX: Final = "#/components/schemas/"
_PLURAL: Final = {"string": "strings", "enumeration": "enumerations", "reference": "references", "record": "records"}
_TEXTS: Final = {"date": "date", "date-time": "date-time", "uri": "uri", "uri-reference": "uri"}
_PLAIN: Final = frozenset({"number", "integer", "null"})


class DocumentError(ValueError):
    """A dialect's document has an invalid part; the message names it."""


@dataclass(frozen=True, slots=True)
class DocumentModel:
    """The specification of a dialect.

    Attributes:
        document: The OpenAPI document of the dialect.
        operations: The reads of the dialect, by operation id.
        elements: The elements, by schema name, with the properties of the dialect.
        enumerations: The values of each enumeration, by schema name.
        booleans: How booleans are written: ``string``, ``json`` or ``either``.
        forms: By element and property, the alternatives of a value if the document allows several, the main one first.
    """

    document: Mapping[str, Any]
    operations: Mapping[str, Operation]
    elements: Mapping[str, Element]
    enumerations: Mapping[str, tuple[str, ...]]
    booleans: str
    forms: Mapping[tuple[str, str], tuple[Property, ...]]

    def enumeration_trust(self, name: str) -> str:
        """Return the trust mark of an enumeration's list of values."""
        return str(self.document["components"]["schemas"][name].get("x-oneroster-trust", "A"))

    def statuses(self, operation: Operation) -> frozenset[int]:
        """Return the documented HTTP statuses of an operation."""
        part = self.document["paths"][operation.path][operation.method.lower()]
        return frozenset(int(status) for status in part["responses"] if status.isdigit())


def gather(document: dict[str, Any], profile: str, standard: Specification) -> DocumentModel:
    """Read a document for one of its profiles.

    Args:
        document: The OpenAPI document, which may have been changed by an overlay.
        profile: The profile.
        standard: The specification of the unchanged document.

    Raises:
        DocumentError: A part of the document is invalid.
    """
    reader = _Reader(document, profile, standard)
    try:
        return reader.model()
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise DocumentError(f"a part has the wrong form: {type(error).__name__}: {error}") from error


class _Reader:
    def __init__(self, document: dict[str, Any], profile: str, standard: Specification) -> None:
        self._document, self._profile, self._standard = document, profile, standard
        self._schemas: dict[str, Any] = document["components"]["schemas"]
        self._forms: dict[tuple[str, str], tuple[Property, ...]] = {}

    def model(self) -> DocumentModel:
        elements = {name: self._element(name, schema) for name, schema in self._schemas.items() if _is_element(schema)}
        return DocumentModel(
            self._document,
            dict(self._operations()),
            elements,
            {name: tuple(schema["enum"]) for name, schema in self._schemas.items() if self._lists_values(name)},
            _booleans(self._schemas[BOOLEAN]),
            self._forms,
        )

    def _lists_values(self, name: str) -> bool:
        return name != BOOLEAN and "enum" in self._schemas.get(name, {})

    # Operations

    def _operations(self) -> Iterator[tuple[str, Operation]]:
        """Yield the reads of the profile; operations that the standard does not have are ignored."""
        for path, item in self._document["paths"].items():
            part = item.get("get")
            known = self._standard.operations.get(part.get("operationId", "")) if part else None
            if known is None or self._profile not in part.get("x-oneroster-profiles", known.profiles):
                continue
            answer = self._answer(part)
            if set(_braced(path)) != {each.name for each in known.parameters if each.location == "path"}:
                raise DocumentError(f"the path {path} must have exactly the parameters of {known.operation_id}")
            yield known.operation_id, known._replace(path=path, wrapper=answer.get("x-oneroster-wrapper"))

    def _answer(self, part: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = part["responses"]["200"]
        reference = answer.get("$ref")
        if reference is None:
            return answer
        found: dict[str, Any] = self._document["components"]["responses"][reference.rpartition("/")[2]]
        return found

    # Elements

    def _element(self, name: str, schema: dict[str, Any]) -> Element:
        known = self._standard.elements.get(name)
        properties: dict[str, Property] = {}
        for part in self._parts(schema):
            required = part.get("required", ())
            for key, value in part.get("properties", {}).items():
                before = known.properties.get(key) if known else None
                found = self._property(name, key, value, before, required=key in required)
                if not found.profiles or self._profile in found.profiles:
                    properties[key] = found
        collection, read = schema.get("x-oneroster-collection"), schema.get("x-oneroster-read")
        return Element(name, collection, read, properties)

    def _parts(self, schema: dict[str, Any]) -> list[dict[str, Any]]:
        return [schema, *(self._resolved(part) for part in schema.get("allOf", ()))]

    def _resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        reference = part.get("$ref")
        if reference is None:
            return part
        found: dict[str, Any] = self._schemas[reference.removeprefix(_PREFIX)]
        return found

    def _property(self, element: str, name: str, value: Any, before: Property | None, *, required: bool) -> Property:
        refers = value.get("x-oneroster-reference") or value.get("items", {}).get("x-oneroster-reference") or {}
        trust = value.get("x-oneroster-trust", "A")
        plain = Property(
            name=name,
            attribute=before.attribute if before else name,
            kind="object",
            required=required,
            trust=trust,
            presence=value.get("x-oneroster-presence", {}).get("trust", trust),
            personal=bool(value.get("x-oneroster-personal")),
            secret=bool(value.get("x-oneroster-secret")),
            profiles=tuple(value.get("x-oneroster-profiles", ())),
            enumeration=None,
            refers_to=refers.get("to"),
            reference_types=tuple(refers.get("types", ())),
            record=None,
        )
        forms = tuple(self._form(plain, each) for each in _alternatives(value))
        if len(forms) > 1:
            self._forms[element, name] = forms
        return forms[0]

    def _form(self, plain: Property, schema: dict[str, Any]) -> Property:
        kind, named = self._kind(schema)
        enumeration = named if kind in ("enumeration", "enumerations") else None
        record = named if kind in ("record", "records") else None
        return plain._replace(kind=kind, enumeration=enumeration, record=record)

    def _kind(self, schema: dict[str, Any]) -> tuple[str, str | None]:
        """Return the kind of a value and the name of its schema, if it has one."""
        target = self._resolved(schema)
        named = str(schema["$ref"]).removeprefix(_PREFIX) if "$ref" in schema else None
        if named == BOOLEAN or target.get("type") == "boolean":
            return "boolean", None
        if named is not None and self._lists_values(named):
            return "enumeration", named
        if named == REFERENCE:
            return "reference", None
        kind = target.get("type")
        if "allOf" in target or kind == "object":
            return ("record", named) if named else ("object", None)
        if kind == "array":
            inner, below = self._kind(target["items"]) if "items" in target else ("", None)
            return _PLURAL.get(inner, "array"), below
        if kind in _PLAIN:
            return str(kind), None
        if kind == "string" and target.get("maxLength") == 0:
            return "blank", None
        if kind == "string":
            return _TEXTS.get(target.get("format", ""), "string"), None
        raise DocumentError(f"a property needs a type, or a reference to a schema that has one: {sorted(schema)}")


def _is_element(schema: dict[str, Any]) -> bool:
    objects = "allOf" in schema or schema.get("type") == "object"
    return objects and "x-oneroster-wrapper" not in schema


def _alternatives(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternative schemas of a value: those of ``anyOf``, or one for each of several types."""
    if "anyOf" in value:
        return [each for part in value["anyOf"] for each in _alternatives(part)]
    if isinstance(value.get("type"), list):
        return [{**value, "type": kind} for kind in value["type"]]
    return [value]


def _booleans(schema: dict[str, Any]) -> str:
    kinds = {str(each.get("type")) for each in _alternatives(schema)}
    return "either" if {"boolean", "string"} <= kinds else "json" if "boolean" in kinds else "string"


def _braced(path: str) -> Iterator[str]:
    return (part[1:-1] for part in path.split("/") if part.startswith("{") and part.endswith("}"))
