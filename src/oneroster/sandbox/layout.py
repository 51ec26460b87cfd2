"""How records of an element lie in a table: columns derived from the tables of the contract, nothing by hand."""

from collections.abc import Mapping
from enum import Enum, auto
from functools import cache
from typing import Any, Final

import msgspec

from oneroster.sandbox.instants import instant
from oneroster_v1p1.tables import ELEMENTS, Property

Record = dict[str, Any]

_LARGEST_INTEGER: Final = 2**63 - 1
_OTHERS: Final = "*"  # no property can have this name


class _Way(Enum):
    """How a property is kept."""

    PLAIN = auto()
    BOOLEAN = auto()
    NUMBER = auto()
    MOMENT = auto()
    REFERENCE = auto()
    REFERENCES = auto()
    JSON = auto()


_WAYS: Final = {
    "string": _Way.PLAIN,
    "uri": _Way.PLAIN,
    "date": _Way.PLAIN,
    "enumeration": _Way.PLAIN,
    "boolean": _Way.BOOLEAN,
    "number": _Way.NUMBER,
    "integer": _Way.NUMBER,
    "date-time": _Way.MOMENT,
    "reference": _Way.REFERENCE,
    "references": _Way.REFERENCES,
}

_decode: Final = msgspec.json.Decoder().decode


def column(name: str) -> str:
    """A column name as SQL wants it: names of the standard are words and dots, `type` and `class` among them."""
    return f'"{name}"'


def moment_of(name: str) -> str:
    """The column beside a date-time that holds the instant."""
    return f"{name}@"


class Layout:
    """The table of one element.

    A scalar has one column of its name; a date-time has a second one with the instant; a reference has
    `name.sourcedId` and `name.type`; lists and metadata are JSON text; what the standard does not know is kept
    together. References are kept without href, since the address depends on where the tenant is served.
    """

    def __init__(self, element: str) -> None:
        self.element = element
        self.columns: list[str] = []
        self._places: dict[str, tuple[int, _Way, Property]] = {}
        for name, known in ELEMENTS[element].properties.items():
            way = _WAYS.get(known.kind, _Way.JSON)
            self._places[name] = (len(self.columns), way, known)
            self.columns += _columns_of(name, way)
        self.columns.append(_OTHERS)

    def create(self, schema: str) -> str:
        """The statement that makes the table; positions give the default order of the collection."""
        columns = ", ".join(map(column, self.columns))
        return f"CREATE TABLE {schema}.{column(self.element)} (position INTEGER PRIMARY KEY, {columns})"

    def split(self, record: Mapping[str, Any]) -> list[Any]:
        """The row of a record; an absent property, and one given as null, is a NULL."""
        row: list[Any] = [None] * len(self.columns)
        others: Record = {}
        for name, value in record.items():
            place = self._places.get(name)
            if place is None:
                others[name] = value
            elif value is not None:
                _put(row, place, value)
        if others:
            row[-1] = _json(others)
        return row

    def join(self, row: tuple[Any, ...]) -> Record:
        """The record of a row, its properties in the order of the contract, absent ones left out."""
        record: Record = {}
        for name, (index, way, _) in self._places.items():
            value = row[index]
            if value is None:
                continue
            if way is _Way.REFERENCE:
                record[name] = {"sourcedId": value, "type": row[index + 1]}
            elif way is _Way.JSON or way is _Way.REFERENCES:
                record[name] = _decode(value)
            else:
                record[name] = value
        if row[-1] is not None:
            record.update(_decode(row[-1]))
        return record


@cache
def layout_of(element: str) -> Layout:
    """The one layout of an element."""
    return Layout(element)


def _columns_of(name: str, way: _Way) -> list[str]:
    if way is _Way.REFERENCE:
        return [f"{name}.sourcedId", f"{name}.type"]
    if way is _Way.MOMENT:
        return [name, moment_of(name)]
    return [name]


def _put(row: list[Any], place: tuple[int, _Way, Property], value: Any) -> None:
    index, way, known = place
    if way is _Way.PLAIN:
        row[index] = value
    elif way is _Way.REFERENCE:
        row[index], row[index + 1] = value["sourcedId"], value.get("type", known.reference_types[0])
    elif way is _Way.MOMENT:
        row[index], row[index + 1] = value, instant(value)
    elif way is _Way.JSON:
        row[index] = _json(value)
    elif way is _Way.REFERENCES:
        row[index] = _json([_reference(one, known) for one in value])
    elif way is _Way.NUMBER:
        # SQLite has 64 bits for a whole number; JSON, which knows no limit, calls a larger one a number all the same.
        row[index] = value if abs(value) <= _LARGEST_INTEGER else float(value)
    else:
        row[index] = str(value).lower() if isinstance(value, bool) else value


def _reference(given: Mapping[str, Any], known: Property) -> Record:
    """Many consumers send the sourcedId alone (clause 5.2); the type is then the first that the contract allows."""
    return {"sourcedId": given["sourcedId"], "type": given.get("type", known.reference_types[0])}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
