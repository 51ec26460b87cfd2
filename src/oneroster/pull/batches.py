"""From rows to Arrow columns."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from operator import attrgetter
from typing import Any, Final

import msgspec
import pyarrow as pa

from oneroster.pull.columns import Column, columns_of, element_of
from oneroster.pull.rows import extras_of, has_extras
from oneroster_v1p1.tables import ELEMENTS, Property
from oneroster_v1p1.wire import TRUTH

__all__ = ["Batcher"]

Values = Callable[[Sequence[Any]], list[Any]]

_ID: Final = "sourced_id"

_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Batcher:
    """Makes record batches of the rows of one element.

    Args:
        schema: One of `schema_of`.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        by_name = {column.name: column for column in columns_of(element_of(schema))}
        self._columns = [_maker_of(by_name[field.name]) for field in schema]

    def batch(self, rows: Sequence[Any]) -> pa.RecordBatch:
        """The rows as one batch."""
        return pa.RecordBatch.from_arrays([make(rows) for make in self._columns], schema=self.schema)


def _maker_of(column: Column) -> Callable[[Sequence[Any]], pa.Array]:
    known = column.property
    if known is not None and known.kind == "records":
        return partial(_records, column.type, known)
    return partial(_array, column.type, _values_of(column))


def _array(kind: pa.DataType, values: Values, rows: Sequence[Any]) -> pa.Array:
    return pa.array(values(rows), kind)


def _values_of(column: Column) -> Values:
    known = column.property
    if known is None:
        return _extras
    get = attrgetter(known.attribute)
    if column.offset_of is not None:
        return partial(_each, get, _offset)
    if known.kind == "reference":
        return partial(_references, get, attrgetter(f"{known.attribute}.{_ID}"))
    one = _WAYS.get(known.kind)
    return partial(_plain, get) if one is None else partial(_each, get, one)


def _plain(get: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    return list(map(get, rows))


def _each(get: Callable[[Any], Any], one: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    return [None if value is None else one(value) for value in map(get, rows)]


def _extras(rows: Sequence[Any]) -> list[str | None]:
    if not has_extras(rows):
        return [None] * len(rows)
    return [None if (others := extras_of(row)) is None else _encode(others).decode() for row in rows]


def _references(get: Callable[[Any], Any], get_id: Callable[[Any], str], rows: Sequence[Any]) -> list[str | None]:
    try:
        return list(map(get_id, rows))
    except AttributeError:  # some have none
        return [None if (reference := get(row)) is None else reference.sourced_id for row in rows]


def _ids(references: list[Any]) -> list[str]:
    return [reference.sourced_id for reference in references]


def _records(kind: pa.DataType, known: Property, rows: Sequence[Any]) -> pa.Array:
    """Records inside, put together from flat columns: a dict for each of them would cost most of the time."""
    lists = list(map(attrgetter(known.attribute), rows))
    flat = [record for records in lists if records for record in records]
    inside = ELEMENTS[known.record or ""].properties.values()
    columns = [
        pa.array(list(map(attrgetter(inner.attribute), flat)), field.type)
        for inner, field in zip(inside, kind.value_type, strict=True)
    ]
    offsets = list(accumulate((len(records or ()) for records in lists), initial=0))
    structs = pa.StructArray.from_arrays(columns, fields=list(kind.value_type))
    absent = pa.array([records is None for records in lists], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs, type=kind, mask=absent)


def _offset(value: Any) -> int | None:
    ahead = value.utcoffset()
    return None if not ahead else int(ahead.total_seconds() // 60)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_WAYS: Final[dict[str, Callable[[Any], Any]]] = {
    "references": _ids,
    "boolean": TRUTH.__getitem__,
    "number": float,
    "object": _text,
}
