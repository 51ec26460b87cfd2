"""Read the schemas of a document: elements, their properties, enumerations."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, cast

from oneroster_runtime.specification.naming import python_name
from oneroster_runtime.specification.shapes import Element, Property, SpecificationError

__all__ = ["BOOLEAN", "REFERENCE", "SchemaReader", "escape", "listed_values", "located", "unescape"]

BOOLEAN: Final = "TrueFalse"
"""The schema of booleans."""
REFERENCE: Final = "GUIDRef"
"""The schema of references."""
_SCHEMAS: Final = "/components/schemas"
_PLURAL: Final = {"string": "strings", "enumeration": "enumerations", "reference": "references", "record": "records"}
_STRING_KINDS: Final = {"date": "date", "date-time": "date-time", "uri": "uri", "uri-reference": "uri"}
_PLAIN_KINDS: Final = frozenset({"number", "integer", "null"})


class SchemaReader:
    """Reads the schemas of a document.

    Args:
        document: The document, as data.
        profile: The profile to read; None for all.

    Attributes:
        alternatives: The alternatives of properties that allow several kinds, by element and property. `elements` fills
            it.
    """

    def __init__(self, document: Mapping[str, Any], profile: str | None = None) -> None:
        self.document, self.profile = document, profile
        self._targets: dict[str, dict[str, Any]] = {}
        self.schemas: dict[str, Any] = self.at(_SCHEMAS)
        self.alternatives: dict[tuple[str, str], tuple[Property, ...]] = {}

    # References

    def at(self, pointer: str) -> Any:
        """Return the part of the document at a JSON pointer."""
        part: Any = self.document
        for segment in pointer.split("/")[1:]:
            key = unescape(segment)
            if not isinstance(part, Mapping) or key not in part:
                raise SpecificationError("there is nothing at this place, and it is needed", pointer)
            part = part[key]
        return part

    def resolve(self, part: Any, pointer: str) -> tuple[dict[str, Any], str]:
        """Return a part and its pointer; if it is a reference, the part that it refers to (one level)."""
        if not isinstance(part, dict):
            raise SpecificationError("a mapping is needed here", pointer)
        reference = part.get("$ref")
        if reference is None:
            return part, pointer
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise SpecificationError(f"the reference {reference!r} does not begin with #/", pointer)
        try:
            return self._target(reference[1:]), reference[1:]
        except SpecificationError:
            raise SpecificationError(f"the reference {reference} leads nowhere", pointer) from None

    def _target(self, pointer: str) -> dict[str, Any]:
        found = self._targets.get(pointer)
        if found is None:
            found = self._targets[pointer] = cast("dict[str, Any]", self.at(pointer))
        return found

    def content_schema(self, part: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str]:
        """Return the schema of the JSON content of a body, and its pointer."""
        below = f"{pointer}/content/application~1json/schema"
        return self.resolve(part.get("content", {}).get("application/json", {}).get("schema"), below)

    # Enumerations

    def is_enumeration(self, name: str | None) -> bool:
        """Return whether a schema lists values; the schema of booleans does not count."""
        return name is not None and name != BOOLEAN and listed_values(self.schemas.get(name, {})) is not None

    def enumerations(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each enumeration."""
        return {
            name: tuple(listed_values(self.schemas[name]) or ()) for name in self.schemas if self.is_enumeration(name)
        }

    def extensions(self) -> dict[str, str]:
        """Return the pattern of further values of each enumeration that has one."""
        return {
            name: part["pattern"]
            for name in self.schemas
            if self.is_enumeration(name)
            for part in self.schemas[name].get("anyOf", ())
            if "pattern" in part
        }

    def booleans(self) -> str:
        """Return how booleans are written: ``string``, ``json`` or ``either``."""
        kinds = {str(each.get("type")) for each in alternatives_of(self.schemas.get(BOOLEAN, {}))}
        if {"boolean", "string"} <= kinds:
            return "either"
        return "json" if "boolean" in kinds else "string"

    # Elements

    def object_names(self) -> list[str]:
        """Return the schemas of objects, without those that only pass their properties on by ``allOf``."""
        inherited = {
            str(part["$ref"]).rpartition("/")[2]
            for schema in self.schemas.values()
            for part in schema.get("allOf", ())
            if "$ref" in part
        }
        return [
            name
            for name, schema in self.schemas.items()
            if name not in inherited and ("allOf" in schema or schema.get("type") == "object")
        ]

    def elements(self) -> dict[str, Element]:
        """Return the objects that are data: no wrappers, and not the payload of errors."""
        payload = self.document.get("x-oneroster-status", {}).get("payload")
        names = [
            name for name in self.object_names() if "x-oneroster-wrapper" not in self.schemas[name] and name != payload
        ]
        return {name: self.element(name) for name in names}

    def element(self, name: str) -> Element:
        """Return the element of a schema, with the properties of the profile."""
        schema = self.schemas[name]
        properties: dict[str, Property] = {}
        for key, value, pointer, required in self.property_schemas(name):
            with located(pointer):
                found = self._alternatives(name, key, value, pointer, required=required)
            if self.profile is None or not found.profiles or self.profile in found.profiles:
                properties[key] = found
        return Element(
            name,
            schema.get("x-oneroster-collection"),
            schema.get("x-oneroster-read"),
            properties,
            schema.get("additionalProperties") is True,
        )

    def property_schemas(self, name: str) -> Iterator[tuple[str, Any, str, bool]]:
        """Yield name, schema, pointer and presence of each property of a schema, also of those it inherits."""
        schema, pointer = self.schemas[name], f"{_SCHEMAS}/{escape(name)}"
        parts = [(schema, pointer)]
        parts += [self.resolve(part, f"{pointer}/allOf/{at}") for at, part in enumerate(schema.get("allOf", ()))]
        for part, place in parts:
            required = part.get("required", ())
            for key, value in part.get("properties", {}).items():
                yield key, value, f"{place}/properties/{escape(key)}", key in required

    def _alternatives(self, element: str, name: str, value: Any, pointer: str, *, required: bool) -> Property:
        found = [self.property(name, value, each, pointer, required) for each in alternatives_of(value)]
        if len(found) > 1:
            self.alternatives[element, name] = tuple(found)
        return found[0]

    def property(self, name: str, value: Any, alternative: Any, pointer: str, required: bool) -> Property:
        """Return a property in one of its alternatives.

        Args:
            name: Its wire name.
            value: Its schema, with the keys that hold for all alternatives.
            alternative: The schema of the alternative; the same if there is one only.
            pointer: The pointer of `value`.
            required: Whether its object must have it.
        """
        kind, named = self.kind(alternative, pointer)
        trust = value.get("x-oneroster-trust", "A")
        refers = value.get("x-oneroster-reference") or value.get("items", {}).get("x-oneroster-reference") or {}
        return Property(
            name=name,
            attribute=python_name(name),
            kind=kind,
            required=required,
            trust=trust,
            presence=value.get("x-oneroster-presence", {}).get("trust", trust),
            personal=bool(value.get("x-oneroster-personal")),
            secret=bool(value.get("x-oneroster-secret")),
            profiles=tuple(value.get("x-oneroster-profiles", ())),
            enumeration=named if kind in {"enumeration", "enumerations"} else None,
            refers_to=refers.get("to"),
            reference_types=tuple(refers.get("types", ())),
            record=named if kind in {"record", "records"} else None,
        )

    def kind(self, value: Any, pointer: str) -> tuple[str, str | None]:
        """Return the kind of a value and the schema that it names.

        Besides the kinds of `Property` there are ``null``, ``blank`` (a string that must be empty) and ``array``
        (a list of other items than strings, enumerations, references and records), which only overlays use.
        """
        target, place = self.resolve(value, pointer)
        named = place.rpartition("/")[2] if "$ref" in value else None
        kind = target.get("type")
        if named == BOOLEAN or kind == "boolean":
            return "boolean", None
        if self.is_enumeration(named):
            return "enumeration", named
        if named == REFERENCE:
            return "reference", None
        if "allOf" in target or kind == "object":
            return ("record", named) if named else ("object", None)
        if kind == "array":
            inner, below = self.kind(target["items"], f"{place}/items") if "items" in target else ("", None)
            return _PLURAL.get(inner, "array"), below
        if kind == "string":
            return ("blank" if target.get("maxLength") == 0 else _string_kind(target)), None
        if isinstance(kind, str) and kind in _PLAIN_KINDS:
            return kind, None
        message = f"a property needs a type, or the name of a schema that has one: {sorted(value)}"
        raise SpecificationError(message, pointer)


def alternatives_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternative schemas of a value: those of ``anyOf``, or one for each of several types."""
    if "anyOf" in schema:
        return [each for part in schema["anyOf"] for each in alternatives_of(part)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": kind} for kind in schema["type"]]
    return [schema]


def listed_values(schema: Mapping[str, Any]) -> list[str] | None:
    """Return the values that a schema lists; one that may be extended lists them in an alternative."""
    parts = (schema, *schema.get("anyOf", ()))
    return next((part["enum"] for part in parts if "enum" in part), None)


@contextmanager
def located(pointer: str) -> Iterator[None]:
    """Raise a SpecificationError with a pointer for a part whose values do not have the expected types."""
    try:
        yield
    except SpecificationError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        message = f"a part does not have its form: {type(error).__name__}: {error}"
        raise SpecificationError(message, pointer) from error


def escape(key: str) -> str:
    """Return a key as a segment of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(segment: str) -> str:
    """Return the key that a segment of a JSON pointer names."""
    return segment.replace("~1", "/").replace("~0", "~")


def _string_kind(schema: dict[str, Any]) -> str:
    return _STRING_KINDS.get(schema.get("format", ""), "string")
