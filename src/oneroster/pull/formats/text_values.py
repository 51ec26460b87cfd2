"""Dates, instants and lists as text, for formats that have no types for them, and back."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["dates_as_text", "instants_as_text", "lists_as_json", "parsed"]


def instants_as_text(column: pa.Array, unit: str = "us") -> pa.Array:
    """Instants as ``2024-08-01T06:00:00.000Z``, with the decimals of the unit; finer ones are cut.

    Args:
        column: Timestamps in UTC.
        unit: ``us`` for six decimals, ``ms`` for three.
    """
    plain = column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    # The cast writes a blank where ISO 8601 has the T.
    text = pc.cast(plain, pa.timestamp(unit), safe=False).cast(pa.string())
    return pc.binary_join_element_wise(pc.binary_replace_slice(text, 10, 11, b"T"), "Z", "")


def dates_as_text(column: pa.Array) -> pa.Array:
    """Days as ``2024-08-01``."""
    return column.cast(pa.string())


def lists_as_json(column: pa.Array) -> list[str | None]:
    """Lists, or lists of records, as JSON text; parts of a record without a value are left out."""
    encode = msgspec.json.encode
    return [None if value is None else encode(_without_nulls(value)).decode() for value in column.to_pylist()]


def _without_nulls(value: list[Any]) -> list[Any]:
    return [
        {name: part for name, part in item.items() if part is not None} if isinstance(item, dict) else item
        for item in value
    ]


def parsed(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values as JSON or a database gave them, in their Arrow type.

    Args:
        values: Dates and instants as text, booleans also as 0 and 1, lists as lists.
        kind: One of the types of `oneroster.pull.roster.columns`.

    Raises:
        pyarrow.ArrowException: A value is none of that type.
    """
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_boolean(kind):
        return pa.array([None if value is None else bool(value) for value in values], kind)
    return pa.array(values, kind)
