"""The SQLite table of an element, derived from its properties, and the conversion between records and rows."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from oneroster.sandbox.query.timestamps import parse_timestamp
from oneroster_runtime.specification import Element, Property

Record = dict[str, Any]
"""One record as JSON."""

_LARGEST_INTEGER: Final = 2**63 - 1
_UNKNOWN_PROPERTIES: Final = (
    "*"  # the column of properties that the standard does not define; no property has this name
)

_decode: Final = msgspec.json.Decoder().decode


def column(name: str) -> str:
    """Return a quoted column name: names of the standard are words and dots, and some are SQL keywords."""
    return f'"{name}"'


def instant_column(name: str) -> str:
    """Return the name of the column that holds a date-time as a number."""
    return f"{name}@"


class _Encoding(NamedTuple):
    """How values of one kind are stored.

    Attributes:
        suffixes: The columns are the name of the property with each suffix.
        to_cells: Returns the cells of a value.
        from_cells: Returns the value of the first two cells.
    """

    suffixes: tuple[str, ...]
    to_cells: Callable[[Any, Property], tuple[Any, ...]]
    from_cells: Callable[[Any, Any], Any]


class TableLayout:
    """The table of one element.

    A scalar has one column; a date-time has a second one with the instant; a reference has `name.sourcedId` and
    `name.type`; lists and metadata are JSON text; unknown properties are kept together as JSON. References are stored
    without href, which depends on the URL of the tenant.

    Attributes:
        element: The name of the element.
        columns: The names of the columns after the position.
    """

    def __init__(self, element: Element) -> None:
        self.element = element.name
        properties = element.properties
        encodings = {name: _ENCODINGS[known.kind] for name, known in properties.items() if known.kind in _ENCODINGS}
        self._names = frozenset(properties)
        self._plain = [name for name in properties if name not in encodings]
        self._encoded = [
            (name, properties[name], encoding.to_cells, (None,) * len(encoding.suffixes))
            for name, encoding in encodings.items()
        ]
        encoded = [name + suffix for name, encoding in encodings.items() for suffix in encoding.suffixes]
        self.columns = [*self._plain, *encoded, _UNKNOWN_PROPERTIES]
        self._readers = [self._reader(name, encodings.get(name)) for name in properties]

    def create_statement(self, schema: str) -> str:
        """Return the CREATE TABLE statement; positions give the default order of the collection."""
        columns = ", ".join(map(column, self.columns))
        return f"CREATE TABLE {schema}.{column(self.element)} (position INTEGER PRIMARY KEY, {columns})"

    def to_row(self, record: Mapping[str, Any]) -> list[Any]:
        """Return the row of a record with an empty position; absent and null values are NULL."""
        row = [None, *map(record.get, self._plain)]
        for name, known, to_cells, empty in self._encoded:
            value = record.get(name)
            row += empty if value is None else to_cells(value, known)
        row.append(None if self._names.issuperset(record) else self._unknown(record))
        return row

    def to_record(self, row: tuple[Any, ...]) -> Record:
        """Return the record of a row without position, with the properties in the order of the document."""
        record: Record = {}
        for name, index, from_cells in self._readers:
            first = row[index]
            if first is not None:
                record[name] = first if from_cells is None else from_cells(first, row[index + 1])
        if row[-1] is not None:
            record.update(_decode(row[-1]))
        return record

    def _unknown(self, record: Mapping[str, Any]) -> str:
        return _json({name: value for name, value in record.items() if name not in self._names})

    def _reader(self, name: str, encoding: _Encoding | None) -> tuple[str, int, Callable[[Any, Any], Any] | None]:
        if encoding is None or encoding.from_cells is _first_cell:
            return name, self.columns.index(name), None
        return name, self.columns.index(name + encoding.suffixes[0]), encoding.from_cells


def _first_cell(first: Any, _second: Any) -> Any:
    return first


def _timestamp_cells(value: str, _known: Property) -> tuple[str, int]:
    return value, parse_timestamp(value)


def _reference_cells(value: Mapping[str, Any], known: Property) -> tuple[str, str]:
    # Many clients send the sourcedId alone (clause 5.2); use the first type that the standard allows.
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
    # SQLite integers have 64 bits; JSON integers have no limit.
    return (value if abs(value) <= _LARGEST_INTEGER else float(value),)


def _boolean_cells(value: bool | str, _known: Property) -> tuple[str]:
    return (str(value).lower() if isinstance(value, bool) else value,)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_AS_JSON: Final = _Encoding(("",), _json_cells, _from_json)

# Values of all other kinds are stored unchanged.
_ENCODINGS: Final = {
    "boolean": _Encoding(("",), _boolean_cells, _first_cell),
    "number": _Encoding(("",), _number_cells, _first_cell),
    "integer": _Encoding(("",), _number_cells, _first_cell),
    "date-time": _Encoding(("", "@"), _timestamp_cells, _first_cell),
    "reference": _Encoding((".sourcedId", ".type"), _reference_cells, _reference),
    "references": _Encoding(("",), _references_cells, _from_json),
    "strings": _AS_JSON,
    "enumerations": _AS_JSON,
    "records": _AS_JSON,
    "record": _AS_JSON,
    "object": _AS_JSON,
}
