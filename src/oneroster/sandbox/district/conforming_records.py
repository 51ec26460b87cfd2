"""Records of the district as a specification wants them, also where the document has changed since the mapping.

A mapping is written by hand for one state of the document. After an edit of the document, what the mapping does not
know is made up here: a value for a required property that it leaves out, and for one that no longer has the right kind.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from oneroster_runtime.specification import Element, Property, Specification

__all__ = ["ConformingRecords"]

Record = dict[str, Any]

_DATE: Final = "2024-08-12"
_ORIGIN: Final = "https://sandbox.example"
_BOOLEANS: Final = frozenset({"true", "false"})
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "uri": str,
    "number": (int, float),
    "integer": int,
    "object": dict,
    "strings": list,
}


class ConformingRecords:
    """Makes the records of a mapping conform to a specification.

    Args:
        specification: The version of the standard.
    """

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self._elements = {name: _Plan(element, self) for name, element in specification.elements.items()}
        self._first_ids: dict[str, str] = {}

    def conform(self, element: str, record: Record) -> Record:
        """Return a record with exactly the properties of its element, and with all that are required.

        The record is returned unchanged if it conforms already. A required reference without a value gets the first
        record of its element; it stays away while there is none.
        """
        sourced_id = record.get("sourcedId")
        if sourced_id is not None:
            self._first_ids.setdefault(element, sourced_id)
        return self._elements[element].conform(record, str(sourced_id or element.lower()))

    def fits(self, known: Property, value: Any) -> bool:
        """Return whether a value has the kind of a property."""
        kind = known.kind
        if kind == "enumeration":
            return isinstance(value, str) and self._specification.allows(known.enumeration or "", value)
        if kind == "enumerations":
            return isinstance(value, list) and all(
                isinstance(each, str) and self._specification.allows(known.enumeration or "", each) for each in value
            )
        if kind in ("reference", "references"):
            parts = value if isinstance(value, list) else [value]
            return isinstance(value, list) is (kind == "references") and all(_refers(known, part) for part in parts)
        if kind in ("record", "records"):
            return isinstance(value, list if kind == "records" else dict)
        if kind == "boolean":
            return isinstance(value, bool) or value in _BOOLEANS
        if kind in ("date", "date-time"):
            return isinstance(value, str) and ("T" in value if kind == "date-time" else value[4:5] == value[7:8] == "-")
        return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))

    def value(self, known: Property, owner: str, modified: str) -> Any:
        """Return a made-up value of a property; None if there can be none.

        Args:
            known: The property.
            owner: The sourcedId of the record.
            modified: The time of its last change.
        """
        text = f"{known.name}-{owner}"
        make: Mapping[str, Callable[[], Any]] = {
            "string": lambda: text,
            "uri": lambda: f"{_ORIGIN}/{quote(owner, safe='')}",
            "date": lambda: _DATE,
            "date-time": lambda: modified,
            "boolean": lambda: "true",
            "number": lambda: 1,
            "integer": lambda: 1,
            "object": lambda: {"made-up": text},
            "strings": lambda: [text],
            "enumeration": lambda: self._listed(known)[0],
            "enumerations": lambda: self._listed(known)[:1],
            "reference": lambda: self._reference(known),
            "references": lambda: [found] if (found := self._reference(known)) else None,
            "record": lambda: self._nested(known, owner),
            "records": lambda: [self._nested(known, owner)],
        }
        return make[known.kind]()

    def _listed(self, known: Property) -> list[str]:
        return list(self._specification.enumerations[known.enumeration or ""])

    def _nested(self, known: Property, owner: str) -> Record:
        return self._elements[known.record or ""].conform({}, owner)

    def _reference(self, known: Property) -> Record | None:
        found = self._first_ids.get(known.refers_to or "")
        return None if found is None else {"sourcedId": found, "type": known.reference_types[0]}


class _Plan:
    """What the records of one element must have."""

    def __init__(self, element: Element, records: ConformingRecords) -> None:
        self._known = element.properties
        self._required = frozenset(name for name, known in element.properties.items() if known.required)
        self._nested = {name: known.record for name, known in element.properties.items() if known.record}
        self._records = records

    def conform(self, record: Record, owner: str) -> Record:
        known, fits = self._known, self._records.fits
        wrong = [name for name, value in record.items() if name not in known or not fits(known[name], value)]
        missing = self._required - record.keys()
        if self._nested:
            record = record | {
                name: self._inner(element, record[name], owner)
                for name, element in self._nested.items()
                if name in record and name not in wrong
            }
        if not wrong and not missing:
            return record
        changed = {name: value for name, value in record.items() if name not in wrong}
        for name in known:
            if name in missing or name in wrong:
                modified = str(record.get("dateLastModified", f"{_DATE}T00:00:00Z"))
                value = _retyped(known[name], record.get(name)) or self._records.value(known[name], owner, modified)
                changed |= {} if value is None else {name: value}
        return changed

    def _inner(self, element: str, value: Any, owner: str) -> Any:
        if isinstance(value, list):
            return [self._inner(element, each, owner) for each in value]
        return self._records.conform(element, value)


def _retyped(known: Property, value: Any) -> Any:
    """Return references with a type that the property allows; None if the value is none."""
    kind = known.reference_types[0] if known.reference_types else ""
    if known.kind == "reference" and isinstance(value, dict):
        return value | {"type": kind}
    if known.kind == "references" and isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return [each | {"type": kind} for each in value]
    return None


def _refers(known: Property, value: Any) -> bool:
    return isinstance(value, dict) and value.get("type", known.reference_types[0]) in known.reference_types
