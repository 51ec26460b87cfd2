"""Values of enumerations that differ from the standard's in case or punctuation only, as in ``Student``; blanks."""

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["ACTIVE", "DELETED", "is_active", "is_blank", "is_deleted", "is_listed", "standard_spelling", "unlisted"]

ACTIVE: Final = "active"
DELETED: Final = "tobedeleted"

_STATUSES: Final = (ACTIVE, DELETED, "inactive")
"""The statuses of all releases of OneRoster. The last one is of 1.0, and is treated as a deletion."""

_PUNCTUATION: Final = re.compile(r"[\W_]+")


def standard_spelling(column: pa.Array, listed: Sequence[str]) -> pa.Array:
    """Return a column of texts with the standard's spelling wherever the meaning of a value is certain.

    Args:
        column: The values as the server sent them; null for missing ones.
        listed: The values of the enumeration.
    """
    encoded = column.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    known = {_key(value): value for value in listed}
    spelt = [value if value in listed else known.get(_key(value), value) for value in values]
    if spelt == values:
        return column
    return pa.array(spelt, pa.string()).take(encoded.indices)


def is_listed(column: pa.Array, listed: Sequence[str], extension: str | None = None) -> pa.Array:
    """Return for each value whether the enumeration lists it, letter by letter, or may be extended by it.

    Args:
        column: The values; false is returned for null.
        listed: The values of the enumeration.
        extension: The pattern of further values; None without any.
    """
    found = pc.is_in(column, pa.array(listed, pa.string()))
    if extension is None:
        return found
    return pc.or_(found, pc.fill_null(pc.match_substring_regex(column, extension), False))


def unlisted(column: pa.Array, listed: Sequence[str], extension: str | None = None) -> int:
    """Return how many values of a column the enumeration does not list, as in `is_listed`."""
    wrong = pc.and_(pc.is_valid(column), pc.invert(is_listed(column, listed, extension)))
    number: int = pc.sum(wrong).as_py()
    return number or 0


def is_active(status: pa.Array) -> pa.Array:
    """Return for each status whether the record is active; a missing status counts as active."""
    return pc.equal(pc.fill_null(standard_spelling(status, _STATUSES), ACTIVE), ACTIVE)


def is_deleted(status: pa.Array) -> pa.Array:
    """Return for each status whether the record is marked as deleted."""
    return pc.is_in(standard_spelling(status, _STATUSES), value_set=pa.array(_STATUSES[1:], pa.string()))


def is_blank(column: pa.Array) -> pa.Array:
    """Return for each text whether it says nothing: null, empty, or nothing but white space."""
    return pc.or_(pc.equal(pc.fill_null(pc.binary_length(column), 0), 0), pc.fill_null(pc.utf8_is_space(column), False))


def _key(value: str) -> str:
    """Return what values that differ in case or punctuation only have in common."""
    return _PUNCTUATION.sub("", value.casefold()) or value
