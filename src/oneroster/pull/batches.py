"""From rows to Arrow columns."""

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

import msgspec
import pyarrow as pa

from oneroster.pull.columns import Column, columns_of, element_of
from oneroster.pull.rows import extras_of
from oneroster_v1p1.tables import ELEMENTS
from oneroster_v1p1.wire import TRUTH

__all__ = ["Batcher"]

Values = Callable[[Sequence[Any]], list[Any]]

_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Batcher:
    """Makes record batches of the rows of one element.

    Args:
        schema: One of `schema_of`.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        by_name = {column.name: column for column in columns_of(element_of(schema))}
        self._columns = [(field.type, _values_of(by_name[field.name])) for field in schema]

    def batch(self, rows: Sequence[Any]) -> pa.RecordBatch:
        """The rows as one batch."""
        arrays = [pa.array(values(rows), kind) for kind, values in self._columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _values_of(column: Column) -> Values:
    known = column.property
    if known is None:
        return _extras
    get = attrgetter(known.attribute)
    if column.offset_of is not None:
        return partial(_each, get, _offset)
    one = _WAYS.get(known.kind)
    if known.kind == "records":
        inside = [(inner.name, inner.attribute) for inner in ELEMENTS[known.record or ""].properties.values()]
        one = partial(_records, inside)
    return partial(_plain, get) if one is None else partial(_each, get, one)


def _plain(get: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    return list(map(get, rows))


def _each(get: Callable[[Any], Any], one: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    return [None if value is None else one(value) for value in map(get, rows)]


def _extras(rows: Sequence[Any]) -> list[str | None]:
    # Most rows have nothing of the kind, and all rows of a page are of the same form.
    return [None if (others := extras_of(row)) is None else _encode(others).decode() for row in rows]


def _ids(references: list[Any]) -> list[str]:
    return [reference.sourced_id for reference in references]


def _records(inside: list[tuple[str, str]], records: list[Any]) -> list[dict[str, Any]]:
    return [{name: getattr(record, attribute) for name, attribute in inside} for record in records]


def _offset(value: Any) -> int | None:
    ahead = value.utcoffset()
    return None if not ahead else int(ahead.total_seconds() // 60)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_WAYS: Final[dict[str, Callable[[Any], Any]]] = {
    "reference": attrgetter("sourced_id"),
    "references": _ids,
    "boolean": TRUTH.__getitem__,
    "number": float,
    "object": _text,
}
