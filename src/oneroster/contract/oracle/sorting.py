"""Check the order of rows against a requested sort, under any collation that a server may use."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from oneroster.contract.http.parsed_response import Record
from oneroster.contract.oracle.collations import certainly_after
from oneroster.contract.oracle.filters import UNDECODED, filter_text, parse_number, parse_timestamp, values_at

__all__ = ["first_out_of_order", "omits_earlier_row", "sort_values", "wrong_order"]

_GROUPED: Final = "enumeration"
"""Enumerated values may be sorted as text or in the order of the vocabulary; equal values are adjacent either way."""
_PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "date-time": parse_timestamp,
    "number": parse_number,
    "integer": parse_number,
}


def sort_values(rows: Sequence[Record], path: str, kind: str) -> list[Any]:
    """Return the sort key of each row; None if the value is missing or not of its kind."""
    parse: Callable[[Any], Any] = _PARSERS.get(kind, _text)
    found = [values_at(row, path) for row in rows]
    return [parse(values[0]) if values else None for values in found]


def _text(value: Any) -> str | None:
    text = None if isinstance(value, dict | list) else filter_text(value)
    # Nobody knows where letters belong that arrived in another encoding than UTF-8.
    return None if text is None or UNDECODED in text else text


def first_out_of_order(keys: Sequence[Any], kind: str, *, descending: bool) -> int | None:
    """Return the index of the first row that is out of order; None if the order is valid.

    The standard does not say where missing values are sorted, nor which collation applies to text.
    """
    present = [(index, key) for index, key in enumerate(keys) if key is not None]
    if kind == _GROUPED:
        return next(_separated(present), None)
    for (_, before), (index, after) in itertools.pairwise(present):
        if _is_after(after, before, kind) if descending else _is_after(before, after, kind):
            return index
    return None


def wrong_order(rows: Sequence[Record], path: str, kind: str, *, descending: bool) -> str | None:
    """Return how rows that are out of order seem to be sorted instead; None if that is not clear."""
    keys = sort_values(rows, path, kind)
    present = [key for key in keys if key is not None]
    if len(set(present)) < 2:
        return None
    if kind != _GROUPED and first_out_of_order(keys, kind, descending=not descending) is None:
        return "the order is exactly reversed"
    if kind in ("number", "integer"):
        texts = [str(values[0]) for row in rows if (values := values_at(row, path))]
        if texts == sorted(texts, reverse=descending):
            return "the numbers are compared as text"
    return None


def omits_earlier_row(keys: Sequence[Any], others: Sequence[Any], kind: str, *, descending: bool) -> bool:
    """Return whether a row that is not on the first page should sort before its last row.

    Args:
        keys: The sort keys of the page.
        others: The sort keys of the rows that are not on the page.
        kind: The kind of the field.
        descending: Whether descending order was requested.
    """
    present = [key for key in keys if key is not None]
    elsewhere = [key for key in others if key is not None]
    if not present:
        return False
    last = present[-1]
    if kind == _GROUPED:
        return bool({key for key in present if key != last} & set(elsewhere))
    return any(_is_after(key, last, kind) if descending else _is_after(last, key, kind) for key in elsewhere)


def _is_after(one: Any, other: Any, kind: str) -> bool:
    return certainly_after(one, other) if kind == "string" else bool(one > other)


def _separated(present: Sequence[tuple[int, Any]]) -> Iterator[int]:
    """Yield the indices at which a value occurs again after other values."""
    seen: set[Any] = set()
    previous: Any = None
    for index, key in present:
        if key != previous and key in seen:
            yield index
        seen.add(key)
        previous = key
