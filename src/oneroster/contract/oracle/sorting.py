"""Whether rows stand in an order that a sort could have meant."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from oneroster.contract.http.parsed_response import Record
from oneroster.contract.oracle.collations import certainly_after
from oneroster.contract.oracle.filters import moment, number, text_of, values_at

__all__ = ["disorder", "keys_of", "left_behind"]

_GROUPED: Final = "enumeration"
"""Enumerated values may be sorted as text or in the order of the vocabulary; either way equal ones stand together."""
_PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "date-time": moment,
    "number": number,
    "integer": number,
}


def keys_of(rows: Sequence[Record], path: str, kind: str) -> list[Any]:
    """What each row is sorted by: None where the value is absent, or is not of its kind."""
    parse: Callable[[Any], Any] = _PARSERS.get(kind, text_of)
    found = [values_at(row, path) for row in rows]
    return [parse(values[0]) if values else None for values in found]


def disorder(keys: Sequence[Any], kind: str, *, descending: bool) -> int | None:
    """The index of the first row that stands out of order; None when all stand where they may.

    Where absent values stand is open, and so is the order of text, as long as one known order explains it.
    """
    present = [(index, key) for index, key in enumerate(keys) if key is not None]
    if kind == _GROUPED:
        return next(_torn(present), None)
    for (_, before), (index, after) in itertools.pairwise(present):
        if _behind(after, before, kind) if descending else _behind(before, after, kind):
            return index
    return None


def left_behind(keys: Sequence[Any], others: Sequence[Any], kind: str, *, descending: bool) -> bool:
    """Whether a row that did not come should stand before the last one that did."""
    present = [key for key in keys if key is not None]
    waiting = [key for key in others if key is not None]
    if not present:
        return False
    last = present[-1]
    if kind == _GROUPED:
        return bool({key for key in present if key != last} & set(waiting))
    return any(_behind(key, last, kind) if descending else _behind(last, key, kind) for key in waiting)


def _behind(one: Any, other: Any, kind: str) -> bool:
    return certainly_after(one, other) if kind == "string" else bool(one > other)


def _torn(present: Sequence[tuple[int, Any]]) -> Iterator[int]:
    """The indices where a value comes back after others."""
    seen: set[Any] = set()
    previous: Any = None
    for index, key in present:
        if key != previous and key in seen:
            yield index
        seen.add(key)
        previous = key
