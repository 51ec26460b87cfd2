"""How records of an element lie in a table: columns derived from the tables of the contract, nothing by hand."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from oneroster.sandbox.query.timestamps import instant
from oneroster_v1p1.tables import ELEMENTS, Property

Record = dict[str, Any]

_LARGEST_INTEGER: Final = 2**63 - 1
_OTHERS: Final = "*"  # no property can have this name

_decode: Final = msgspec.json.Decoder().decode


def column(name: str) -> str:
    """A column name as SQL wants it: names of the standard are words and dots, `type` and `class` among them."""
    return f'"{name}"'


def moment_of(name: str) -> str:
    """The column beside a date-time that holds the instant."""
    return f"{name}@"


class _Way(NamedTuple):
    """How a kind of property is kept when it takes more than to store the value.

    `cells` makes the cells of a value, `value` gives it back from the first two cells; the columns are the name with
    each of the endings.
    """

    endings: tuple[str, ...]
    cells: Callable[[Any, Property], tuple[Any, ...]]
    value: Callable[[Any, Any], Any]


class Layout:
    """The table of one element.

    A scalar has one column of its name; a date-time has a second one with the instant; a reference has
    `name.sourcedId` and `name.type`; lists and metadata are JSON text; what the standard does not know is kept
    together. References are kept without href, since the address depends on where the tenant is served.

    Attributes:
        element: the schema name.
        columns: the names of the columns behind the position.
    """

    def __init__(self, element: str) -> None:
        self.element = element
        properties = ELEMENTS[element].properties
        ways = {name: _WAYS[known.kind] for name, known in properties.items() if known.kind in _WAYS}
        self._names = frozenset(properties)
        self._plain = [name for name in properties if name not in ways]
        self._special = [(name, properties[name], way.cells, (None,) * len(way.endings)) for name, way in ways.items()]
        special = [name + ending for name, way in ways.items() for ending in way.endings]
        self.columns = [*self._plain, *special, _OTHERS]
        self._readers = [self._reader(name) for name in properties]

    def create(self, schema: str) -> str:
        """The statement that makes the table; positions give the default order of the collection."""
        columns = ", ".join(map(column, self.columns))
        return f"CREATE TABLE {schema}.{column(self.element)} (position INTEGER PRIMARY KEY, {columns})"

    def split(self, record: Mapping[str, Any]) -> list[Any]:
        """The row of a record, headed by its position, which is left open; what is absent, or null, is a NULL."""
        row = [None, *map(record.get, self._plain)]
        for name, known, cells, empty in self._special:
            value = record.get(name)
            row += empty if value is None else cells(value, known)
        row.append(None if self._names.issuperset(record) else self._others(record))
        return row

    def join(self, row: tuple[Any, ...]) -> Record:
        """The record of a row without its position: properties in the order of the contract, absent ones left out."""
        record: Record = {}
        for name, index, value in self._readers:
            first = row[index]
            if first is not None:
                record[name] = first if value is None else value(first, row[index + 1])
        if row[-1] is not None:
            record.update(_decode(row[-1]))
        return record

    def _others(self, record: Mapping[str, Any]) -> str:
        return _json({name: value for name, value in record.items() if name not in self._names})

    def _reader(self, name: str) -> tuple[str, int, Callable[[Any, Any], Any] | None]:
        way = _WAYS.get(ELEMENTS[self.element].properties[name].kind)
        if way is None or way.value is _as_kept:
            return name, self.columns.index(name), None
        return name, self.columns.index(name + way.endings[0]), way.value


@cache
def layout_of(element: str) -> Layout:
    """The one layout of an element."""
    return Layout(element)


def _as_kept(first: Any, _second: Any) -> Any:
    return first


def _moment_cells(value: str, _known: Property) -> tuple[str, int]:
    return value, instant(value)


def _reference_cells(value: Mapping[str, Any], known: Property) -> tuple[str, str]:
    """Many consumers send the sourcedId alone (clause 5.2); the type is then the first that the contract allows."""
    return value["sourcedId"], value.get("type") or known.reference_types[0]


def _reference(sourced_id: str, kind: str) -> Record:
    return {"sourcedId": sourced_id, "type": kind}


def _references_cells(value: list[Mapping[str, Any]], known: Property) -> tuple[str]:
    return (_json([_reference(*_reference_cells(one, known)) for one in value]),)


def _json_cells(value: Any, _known: Property) -> tuple[str]:
    return (_json(value),)


def _from_json(text: str, _second: Any) -> Any:
    return _decode(text)


def _number_cells(value: float, _known: Property) -> tuple[float]:
    # SQLite has 64 bits for a whole number; JSON, which knows no limit, calls a larger one a number all the same.
    return (value if abs(value) <= _LARGEST_INTEGER else float(value),)


def _boolean_cells(value: bool | str, _known: Property) -> tuple[str]:
    return (str(value).lower() if isinstance(value, bool) else value,)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_AS_JSON: Final = _Way(("",), _json_cells, _from_json)

# Kinds that are not here are kept as they are.
_WAYS: Final = {
    "boolean": _Way(("",), _boolean_cells, _as_kept),
    "number": _Way(("",), _number_cells, _as_kept),
    "integer": _Way(("",), _number_cells, _as_kept),
    "date-time": _Way(("", "@"), _moment_cells, _as_kept),
    "reference": _Way((".sourcedId", ".type"), _reference_cells, _reference),
    "references": _Way(("",), _references_cells, _from_json),
    "strings": _AS_JSON,
    "enumerations": _AS_JSON,
    "records": _AS_JSON,
    "record": _AS_JSON,
    "object": _AS_JSON,
}
