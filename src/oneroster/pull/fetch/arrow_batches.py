"""Conversion of parsed rows to Arrow record batches."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate, chain, repeat
from operator import attrgetter, sub
from typing import Any, Final

import msgspec
import pyarrow as pa

from oneroster.pull.fetch.row_parser import extras_of, has_extras
from oneroster.pull.roster.columns import Column, columns_of, element_of
from oneroster.standard import Standard
from oneroster_runtime.msgspec_structs import TRUTH
from oneroster_runtime.specification import Property

__all__ = ["Batcher"]

Values = Callable[[Sequence[Any]], list[Any]]
_Converter = Callable[[Sequence[Any]], pa.Array]

_ID: Final = "sourced_id"
_ID_OF: Final = attrgetter(_ID)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Batcher:
    """Converts the rows of one element to record batches.

    Args:
        standard: The version of the standard.
        schema: A schema made by `schema_of`.
        dropped: Fields of nested records that are left without a value, as in ``userProfiles.credentials.password``.
    """

    def __init__(self, standard: Standard, schema: pa.Schema, dropped: frozenset[str] = frozenset()) -> None:
        self.schema = schema
        by_name = {column.name: column for column in columns_of(standard.specification, element_of(schema))}
        self._converters = [_converter_of(standard, by_name[field.name], dropped) for field in schema]

    def batch(self, rows: Sequence[Any]) -> pa.RecordBatch:
        """Return the rows as one batch."""
        return pa.RecordBatch.from_arrays([convert(rows) for convert in self._converters], schema=self.schema)


def _converter_of(standard: Standard, column: Column, dropped: frozenset[str], prefix: str = "") -> _Converter:
    known = column.property
    source = prefix + (column.name if known is None else known.name)
    if prefix and source in dropped:
        return partial(_nothing, column.type)
    if known is not None and known.kind in ("record", "records"):
        nested = standard.specification.elements[known.record or ""].properties.values()
        many = known.kind == "records"
        inner = [
            _converter_of(standard, Column(field.name, each, field.type), dropped, f"{source}.")
            for each, field in zip(nested, column.type.value_type if many else column.type, strict=True)
        ]
        return partial(_records if many else _single_records, column.type, known, inner)
    if known is not None and known.kind == "references":
        return partial(_lists_of_ids, column.type, attrgetter(known.attribute))
    if known is not None and known.kind == "date-time" and column.offset_of is None:
        return partial(_instants, column.type, attrgetter(known.attribute))
    return partial(_array, column.type, _values_of(column))


def _nothing(kind: pa.DataType, rows: Sequence[Any]) -> pa.Array:
    return pa.nulls(len(rows), kind)


def _array(kind: pa.DataType, values: Values, rows: Sequence[Any]) -> pa.Array:
    return pa.array(values(rows), kind)


def _instants(kind: pa.DataType, get: Callable[[Any], Any], rows: Sequence[Any]) -> pa.Array:
    instants = list(map(get, rows))
    if None in instants:
        return pa.array(instants, kind)
    # Arrow converts the zone of each instant, which is much slower than this difference with the same result.
    since = pa.array(list(map(sub, instants, repeat(_EPOCH))), pa.duration("us"))
    return since.view(pa.int64()).view(kind)


def _lists_of_ids(kind: pa.DataType, get: Callable[[Any], Any], rows: Sequence[Any]) -> pa.Array:
    lists = list(map(get, rows))
    if lists.count(None) == len(lists):
        return pa.nulls(len(lists), kind)
    ids = pa.array(list(map(_ID_OF, chain.from_iterable(filter(None, lists)))), pa.string())
    return _as_lists(kind, lists, ids)


def _as_lists(kind: pa.DataType, lists: list[Any], items: pa.Array) -> pa.Array:
    """Build a column of lists from the flat column of their items."""
    if None not in lists:
        return pa.ListArray.from_arrays(_offsets(lists), items, type=kind)
    null = pa.array([records is None for records in lists], pa.bool_())
    return pa.ListArray.from_arrays(_offsets([records or () for records in lists]), items, type=kind, mask=null)


def _offsets(lists: list[Any]) -> pa.Array:
    return pa.array(list(accumulate(map(len, lists), initial=0)), pa.int32())


def _values_of(column: Column) -> Values:
    known = column.property
    if known is None:
        return _extras
    get = attrgetter(known.attribute)
    if column.offset_of is not None:
        return partial(_each, get, _offset)
    if known.kind == "reference":
        return partial(_references, get, attrgetter(f"{known.attribute}.{_ID}"))
    if known.kind == "boolean":
        return partial(_booleans, TRUTH, get)
    convert = _CONVERSIONS.get(known.kind)
    return partial(_unchanged, get) if convert is None else partial(_each, get, convert)


def _unchanged(get: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    return list(map(get, rows))


def _each(get: Callable[[Any], Any], convert: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    values = list(map(get, rows))
    if values.count(None) == len(values):
        return values
    return [None if value is None else convert(value) for value in values]


def _booleans(values: Mapping[Any, bool | None], get: Callable[[Any], Any], rows: Sequence[Any]) -> list[bool | None]:
    return list(map(values.__getitem__, map(get, rows)))


def _extras(rows: Sequence[Any]) -> list[str | None]:
    if not has_extras(rows):
        return [None] * len(rows)
    return [None if (extras := extras_of(row)) is None else _encode(extras).decode() for row in rows]


def _references(get: Callable[[Any], Any], get_id: Callable[[Any], str], rows: Sequence[Any]) -> list[str | None]:
    try:
        return list(map(get_id, rows))
    except AttributeError:  # some rows have no reference
        return [None if (reference := get(row)) is None else reference.sourced_id for row in rows]


def _records(kind: pa.DataType, known: Property, inner: Sequence[_Converter], rows: Sequence[Any]) -> pa.Array:
    """Build nested records from flat columns; a dict for each record would take most of the time."""
    lists = list(map(attrgetter(known.attribute), rows))
    flat = list(chain.from_iterable(filter(None, lists)))
    columns = [convert(flat) for convert in inner]
    return _as_lists(kind, lists, pa.StructArray.from_arrays(columns, fields=list(kind.value_type)))


def _single_records(kind: pa.DataType, known: Property, inner: Sequence[_Converter], rows: Sequence[Any]) -> pa.Array:
    """Build nested records of which each row has one or none."""
    records = list(map(attrgetter(known.attribute), rows))
    columns = [convert([each for each in records if each is not None]) for convert in inner]
    present = pa.StructArray.from_arrays(columns, fields=list(kind))
    before = accumulate((each is not None for each in records), initial=0)
    places = [None if each is None else place for each, place in zip(records, before, strict=False)]
    return present.take(pa.array(places, pa.int32()))


def _offset(value: Any) -> int | None:
    offset = value.utcoffset()
    return None if not offset else int(offset.total_seconds() // 60)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "number": float,
    "object": _text,
}
