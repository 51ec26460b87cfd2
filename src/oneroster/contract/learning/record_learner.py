"""Learn how a tenant writes its records: turn schema violations into overlay actions."""

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.oracle.record_validation import Violation, ViolationKind, violations
from oneroster_runtime.specification import Property

__all__ = ["RecordLearner"]

Action = dict[str, Any]
Location = tuple[str, str]
"""An element and one of its properties."""

SCHEMAS: Final = "$.components.schemas"
_REFERENCE: Final = "#/components/schemas/"
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9:_.-]{0,39}", re.ASCII)
_TYPES: Final = {bool: "boolean", str: "string", int: "number", float: "number", dict: "object", list: "array"}
_FORMS: Final[dict[ViolationKind, dict[str, Any]]] = {
    ViolationKind.NULL: {"type": "null"},
    ViolationKind.EMPTY: {"type": "string", "maxLength": 0},
    ViolationKind.DATE: {"type": "string"},
    ViolationKind.DATE_TIME: {"type": "string"},
}
"""The schema that is added for each kind of violation."""
_MIN_PERSONAL: Final = 3
"""Letters; shorter personal values appear in other words by coincidence."""


class RecordLearner:
    """Collects violations in records, and returns the overlay actions that make the records valid.

    Args:
        specification: The specification that the records violate.
    """

    def __init__(self, specification: DocumentModel) -> None:
        self._specification = specification
        self._optional: dict[Location, None] = {}
        self._forms: dict[Location, list[dict[str, Any]]] = {}
        self._values: dict[Location, dict[str, None]] = {}
        self._booleans: set[type] = set()
        self._other_booleans = False
        self._personal: set[str] = set()
        self._moved: set[str] = set()

    def add(self, element: str, record: dict[str, Any]) -> None:
        """Add a record.

        Args:
            element: The name of its element.
            record: The record.
        """
        self._inspect(element, record)
        for violation in violations(element, record, self._specification):
            location, values = self._resolve(element, record, violation.pointer)
            if location is not None:
                self._note(violation, location, values)

    def actions(self) -> list[Action]:
        """Return the overlay actions, in the order of application."""
        return [
            *self._boolean_actions(),
            *self._enumeration_actions(),
            *(
                each
                for location in dict.fromkeys((*self._optional, *self._forms))
                for each in self._property_actions(location)
            ),
        ]

    # Violations

    def _inspect(self, element: str, record: dict[str, Any]) -> None:
        """Note how booleans are written, and the personal values, which must not be written into an overlay."""
        for name, known in self._specification.elements[element].properties.items():
            value = record.get(name)
            if known.kind == "boolean" and isinstance(value, bool | str):
                self._booleans.add(type(value))
            if known.personal:
                self._personal |= {each.casefold() for each in _texts(value) if len(each) >= _MIN_PERSONAL}

    def _resolve(self, element: str, record: Any, pointer: str) -> tuple[Location | None, list[Any]]:
        """Return the property that a pointer names, and its values, ``...`` if it is missing."""
        values: list[Any] = [record]
        *before, last = pointer.split(".")
        for part in before:
            name = part.removesuffix("[]")
            values = [inner for each in values for inner in _inner(each, name)]
            known = self._specification.elements[element].properties[name]
            element = "GUIDRef" if known.kind in ("reference", "references") else known.record or ""
        name = last.removesuffix("[]")
        if element not in self._specification.elements:
            return None, []
        return (element, name), [each.get(name, ...) for each in values if isinstance(each, dict)]

    def _note(self, violation: Violation, location: Location, values: list[Any]) -> None:
        if violation.kind in _FORMS:
            self._allow(location, _FORMS[violation.kind])
        elif violation.kind is ViolationKind.PRESENCE:
            self._optional[location] = None
            if None in values:
                self._allow(location, _FORMS[ViolationKind.NULL])
        elif violation.kind is ViolationKind.BOOLEAN and any(map(_is_boolean, values)):
            self._other_booleans = True
        elif violation.kind is ViolationKind.ENUMERATION:
            known = self._specification.elements[location[0]].properties[location[1]]
            for word in (each for value in values for each in (value if isinstance(value, list) else [value])):
                self._note_value(location, known, word)
        else:
            # Digits for booleans, too, are values of another type.
            for kind in dict.fromkeys(_TYPES[type(value)] for value in values if type(value) in _TYPES):
                self._allow(location, {"type": kind})

    def _allow(self, location: Location, form: dict[str, Any]) -> None:
        forms = self._forms.setdefault(location, [])
        if form not in forms:
            forms.append(form)

    def _note_value(self, location: Location, known: Property, word: Any) -> None:
        if not isinstance(word, str) or word in self._specification.enumerations[known.enumeration or ""]:
            return
        if known.personal or not _WORD.fullmatch(word):
            self._allow(location, {"type": "string"} if known.kind == "enumeration" else {"type": "array"})
        else:
            self._values.setdefault(location, {})[word] = None

    # Actions

    def _boolean_actions(self) -> Iterator[Action]:
        if not self._other_booleans or self._specification.booleans == "either":
            return
        path = f"{SCHEMAS}.TrueFalse"
        if self._booleans == {bool}:
            yield {"target": f"{path}.enum", "remove": True}
            yield {"target": path, "update": {"type": "boolean"}}
        elif self._booleans == {bool, str}:
            yield {"target": f"{path}.enum", "remove": True}
            yield {"target": f"{path}.type", "remove": True}
            both = [{"type": "string", "enum": ["true", "false"]}, {"type": "boolean"}]
            yield {"target": path, "update": {"anyOf": both}}

    def _enumeration_actions(self) -> Iterator[Action]:
        added: dict[str, dict[str, None]] = {}
        for location, words in self._values.items():
            known = self._specification.elements[location[0]].properties[location[1]]
            if any(self._is_personal(word) for word in words):
                # A name instead of a role: any string is allowed, so that the name is not written into the overlay.
                self._allow(location, {"type": "string"} if known.kind == "enumeration" else {"type": "array"})
            elif known.enumeration is not None:
                added.setdefault(known.enumeration, {}).update(words)
        for name, words in added.items():
            yield {"target": f"{SCHEMAS}.{name}.enum", "update": list(words)}

    def _is_personal(self, word: str) -> bool:
        folded = word.casefold()
        return any(value in folded or folded in value for value in self._personal)

    def _property_actions(self, location: Location) -> Iterator[Action]:
        element, name = location
        path, schema, before = self._home(element, name)
        yield from before
        if location in self._optional:
            yield {"target": f"{path}.required[?(@ == '{name}')]", "remove": True}
        if location in self._forms:
            annotations = {key: value for key, value in schema.items() if key.startswith("x-") or key == "description"}
            plain = {key: value for key, value in schema.items() if key not in annotations}
            forms = [*plain.get("anyOf", [plain]), *self._forms[location]]
            # An update would be merged with the old schema, which must not be required any longer.
            yield {"target": f"{path}.properties.{name}", "remove": True}
            yield {"target": f"{path}.properties", "update": {name: {"anyOf": copy.deepcopy(forms), **annotations}}}

    def _home(self, element: str, name: str) -> tuple[str, dict[str, Any], list[Action]]:
        """Return the JSONPath of the schema that has a property, the property's schema, and actions to apply before.

        Properties inherited by all elements are copied first, so that the change affects one element only.
        """
        schemas = self._specification.document["components"]["schemas"]
        own = f"{element}Base"
        # Not by index: removing a part changes the indices of the others.
        path = f"{SCHEMAS}.{element}.allOf"
        for number, part in enumerate(schemas[element].get("allOf", ())):
            if name in part.get("properties", {}):
                return f"{path}[*]", part["properties"][name], []
            inherited = str(part.get("$ref", "")).removeprefix(_REFERENCE)
            if name in schemas.get(inherited, {}).get("properties", {}):
                before: list[Action] = []
                if inherited != own and own not in self._moved:
                    before.append({"target": SCHEMAS, "update": {own: copy.deepcopy(schemas[inherited])}})
                    before.append({"target": f"{path}[{number}]", "remove": True})
                    before.append({"target": path, "update": [{"$ref": _REFERENCE + own}]})
                self._moved.add(own)
                return f"{SCHEMAS}.{own}", schemas[inherited]["properties"][name], before
        return f"{SCHEMAS}.{element}", schemas[element]["properties"][name], []


def _inner(value: Any, name: str) -> Iterator[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    yield from found if isinstance(found, list) else [found]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _is_boolean(value: Any) -> bool:
    """Return whether a value is a JSON boolean, or one of the two words in any letters."""
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))
