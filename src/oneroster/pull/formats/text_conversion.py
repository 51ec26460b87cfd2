"""Convert dates, timestamps and lists to text and back, for formats that have no such types."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["dates_as_text", "lists_as_json", "timestamps_as_text", "to_arrow"]


def timestamps_as_text(column: pa.Array, unit: str = "us") -> pa.Array:
    """Format timestamps as ``2024-08-01T06:00:00.000Z``. Digits finer than the unit are cut off.

    Args:
        column: Timestamps in UTC.
        unit: ``us`` for six decimals, ``ms`` for three.
    """
    plain = column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    # The cast writes a space where ISO 8601 has the T.
    text = pc.cast(plain, pa.timestamp(unit), safe=False).cast(pa.string())
    return pc.binary_join_element_wise(pc.binary_replace_slice(text, 10, 11, b"T"), "Z", "")


def dates_as_text(column: pa.Array) -> pa.Array:
    """Format dates as ``2024-08-01``."""
    return column.cast(pa.string())


def lists_as_json(column: pa.Array) -> list[str | None]:
    """Encode lists, or lists of records, as JSON. Fields of a record without a value are omitted."""
    encode = msgspec.json.encode
    return [None if value is None else encode(_without_nulls(value)).decode() for value in column.to_pylist()]


def _without_nulls(items: list[Any]) -> list[Any]:
    return [
        {name: part for name, part in item.items() if part is not None} if isinstance(item, dict) else item
        for item in items
    ]


def _with_text(kind: pa.DataType) -> pa.DataType:
    """Return a type with texts in place of dates and timestamps, in lists and records too."""
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_with_text(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_with_text(field.type)) for field in kind])
    return pa.string() if pa.types.is_date(kind) or pa.types.is_timestamp(kind) else kind


def to_arrow(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Convert values from JSON or a database to an Arrow array.

    Args:
        values: Dates and timestamps as text, in nested records too; booleans also as 0 and 1, lists as lists.
        kind: One of the types of `oneroster.pull.roster.columns`.

    Raises:
        pyarrow.ArrowException: A value does not have this type.
    """
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_boolean(kind):
        return pa.array([None if value is None else bool(value) for value in values], kind)
    if pa.types.is_list(kind):
        text = _with_text(kind)
        return pa.array(values, text) if text == kind else pa.array(values, text).cast(kind)
    return pa.array(values, kind)
