"""The expected result of a filter, evaluated row by row.

Every result has the trust mark of the fact that it relies on. Where the standard leaves a case open (case of letters,
missing values, lists with further entries) the mark is C, and neither result is a violation.
"""

import operator as compare
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from oneroster.contract.http.parsed_response import Record
from oneroster.contract.oracle.collations import COLLATIONS, fold_text

__all__ = [
    "BOOLEAN_WORDS",
    "UNDECODED",
    "ExpectedClause",
    "ExpectedFilter",
    "FilterMatch",
    "expected",
    "filter_text",
    "misreading",
    "parse_date",
    "parse_number",
    "parse_timestamp",
    "values_at",
]

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": compare.lt,
    "<=": compare.le,
    ">": compare.gt,
    ">=": compare.ge,
    "=": compare.eq,
    "!=": compare.ne,
}
_BASE: Final = "dateLastModified"
BOOLEAN_WORDS: Final = frozenset({"true", "false"})
UNDECODED: Final = "\ufffd"
"""What stands for bytes that are not UTF-8."""
_CLOSE: Final = 1.0
"""Seconds; a server may store timestamps with another precision than it sends."""


class FilterMatch(NamedTuple):
    """Whether a row matches a filter, and the trust mark of that."""

    holds: bool
    trust: str


@dataclass(frozen=True, slots=True)
class ExpectedClause:
    """One comparison of a field.

    Attributes:
        field: The field; a member of a reference is written with a dot.
        kind: The kind of a single value.
        operator: The operator.
        text: The value.
        many: Whether a row holds a list of values.
    """

    field: str
    kind: str
    operator: str
    text: str
    many: bool = False

    def __str__(self) -> str:
        return f"{self.field}{self.operator}'{self.text}'"


@dataclass(frozen=True, slots=True)
class ExpectedFilter:
    """One clause, or two joined by AND, or by OR if ``either``."""

    clauses: tuple[ExpectedClause, ...]
    either: bool = False

    def __str__(self) -> str:
        return (" OR " if self.either else " AND ").join(map(str, self.clauses))

    @property
    def shape(self) -> str:
        """The filter without its values, for messages."""
        return (" OR " if self.either else " AND ").join(f"{each.field}{each.operator}…" for each in self.clauses)


def expected(filter_: ExpectedFilter, row: Record) -> FilterMatch:
    """Return whether a row matches a filter.

    With AND one clause that does not match decides, with OR one that does; the most certain of these gives the trust.
    """
    matches = [_clause(clause, row) for clause in filter_.clauses]
    deciding = [each.trust for each in matches if each.holds is filter_.either]
    if deciding:
        return FilterMatch(filter_.either, min(deciding))
    return FilterMatch(not filter_.either, max(each.trust for each in matches))


def misreading(filter_: ExpectedFilter, rows: Mapping[str, Record], returned: Set[str]) -> str | None:
    """Return how a server seems to have read a filter, if its wrong result is exactly that of a common error.

    Args:
        filter_: The filter.
        rows: All rows by sourcedId.
        returned: The sourcedIds of the returned rows.
    """
    if len(rows) > 1 and returned == set(rows):
        return "these are all rows"
    right = {name for name, row in rows.items() if expected(filter_, row).holds}
    if returned and returned == set(rows) - right:
        return "these are exactly the rows that do not match"
    for said, read in _MISREADINGS.items():
        clauses = [read(clause) for clause in filter_.clauses]
        if None in clauses:
            continue
        other = ExpectedFilter(tuple(clause for clause in clauses if clause is not None), filter_.either)
        if returned == {name for name, row in rows.items() if expected(other, row).holds}:
            return said
    return None


def _as_text(clause: ExpectedClause) -> ExpectedClause | None:
    return replace(clause, kind="string") if clause.kind in ("number", "integer") else None


def _as_days(clause: ExpectedClause) -> ExpectedClause | None:
    found = parse_timestamp(clause.text) if clause.kind == "date-time" else None
    return replace(clause, text=f"{found.astimezone(UTC):%Y-%m-%d}T00:00:00Z") if found is not None else None


_MISREADINGS: Final[dict[str, Callable[[ExpectedClause], ExpectedClause | None]]] = {
    "the numbers are compared as text": _as_text,
    "the time of day is ignored": _as_days,
}


def values_at(row: Record, path: str) -> list[Any]:
    """Return the values of a field, which may be dotted; null and the empty string count as missing."""
    head, _, member = path.partition(".")
    found = row.get(head)
    entries = found if isinstance(found, list) else [found]
    if member:
        entries = [entry.get(member) for entry in entries if isinstance(entry, dict)]
    return [entry for entry in entries if entry is not None and entry != ""]


def filter_text(value: Any) -> str:
    """Return a value as it is written in a filter."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse_timestamp(text: Any) -> datetime | None:
    """Return the value of a date-time, in UTC if it has no offset; None if it is not valid."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def parse_date(value: Any) -> str | None:
    """Return the day of a date, even if it is written as a date-time; None if it is not valid."""
    found = parse_timestamp(value)
    return None if found is None else f"{found.date()}"


def parse_number(value: Any) -> float | None:
    """Return a value as a number, even if it is a string; None if it is not a number."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _clause(clause: ExpectedClause, row: Record) -> FilterMatch:
    values = values_at(row, clause.field)
    value = row.get(clause.field.partition(".")[0])
    if clause.many and value is not None and not isinstance(value, list):
        # The schema rules report it; how a filter treats it is not specified.
        return FilterMatch(False, "C")
    match_ = _list(clause, values) if clause.many else _single(clause, values)
    # It is only probable that a filter may name a dotted field.
    return FilterMatch(match_.holds, max(match_.trust, "B")) if "." in clause.field else match_


def _single(clause: ExpectedClause, values: list[Any]) -> FilterMatch:
    if not values:
        uncertain = clause.operator == "!=" or clause.kind == "boolean"
        return FilterMatch(clause.operator == "!=", "C" if uncertain else "A")
    value = values[0]
    if isinstance(value, dict | list):
        # The schema rules report it; how a filter treats it is not specified.
        return FilterMatch(False, "C")
    match clause.kind:
        case "date-time":
            return _timestamps(clause, parse_timestamp(value), parse_timestamp(clause.text))
        case "date":
            return _plain(clause, parse_date(value), clause.text)
        case "boolean":
            # The schema rules report other words, and these words in other letters.
            word = filter_text(value).lower()
            certain = word in BOOLEAN_WORDS and clause.text in BOOLEAN_WORDS
            return _plain(clause, word if certain else None, clause.text)
        case "number" | "integer":
            return _numbers(clause, value)
        case _:
            return _texts(clause, filter_text(value))


def _timestamps(clause: ExpectedClause, value: datetime | None, literal: datetime | None) -> FilterMatch:
    if value is None or literal is None:
        return FilterMatch(False, "C")
    close = abs((value - literal).total_seconds()) < _CLOSE
    certain = clause.field == _BASE or clause.operator in ("=", "!=")
    return FilterMatch(_ORDERS[clause.operator](value, literal), "A" if certain and not close else "B")


def _plain(clause: ExpectedClause, value: Any, literal: Any) -> FilterMatch:
    if value is None or literal is None:
        return FilterMatch(False, "C")
    certain = clause.kind == "date" and clause.operator in ("=", "!=")
    return FilterMatch(_ORDERS[clause.operator](value, literal), "A" if certain else "B")


def _numbers(clause: ExpectedClause, value: Any) -> FilterMatch:
    number, literal = parse_number(value), parse_number(clause.text)
    match_ = _plain(clause, number, literal)
    # A server that compares the text of numbers may tell 100 from 100.0.
    certain = clause.operator in ("=", "!=") and (number != literal or filter_text(value) == clause.text)
    return FilterMatch(match_.holds, "A") if certain and match_.trust == "B" else match_


def _texts(clause: ExpectedClause, value: str) -> FilterMatch:
    text = clause.text
    if UNDECODED in value:
        return FilterMatch(False, "C")
    match clause.operator:
        case "~":
            return _contains(value, text)
        case "=" | "!=":
            same = value == text
            uncertain = not same and fold_text(value) == fold_text(text)
            return FilterMatch(same is (clause.operator == "="), "C" if uncertain else "A")
        case _:
            orders = {_ORDERS[clause.operator](key(value), key(text)) for key in COLLATIONS}
            holds = _ORDERS[clause.operator](value, text)
            return FilterMatch(holds, "B" if len(orders) == 1 else "C")


def _contains(value: str, text: str) -> FilterMatch:
    if text in value:
        return FilterMatch(True, "A")
    if text.casefold() in value.casefold():
        return FilterMatch(True, "B")
    return FilterMatch(False, "C" if fold_text(text) in fold_text(value) else "A")


def _list(clause: ExpectedClause, values: Iterable[Any]) -> FilterMatch:
    held, requested = {filter_text(value) for value in values}, set(clause.text.split(","))
    alike = {fold_text(value) for value in held} & {fold_text(value) for value in requested}
    if clause.operator == "~":
        parts = any(fold_text(one) in fold_text(other) for one in requested for other in held)
        return FilterMatch(bool(held & requested), "B" if held & requested or not parts else "C")
    if "." in clause.field:
        # The list may hold references to other records as well.
        return FilterMatch(requested <= held, "B")
    if clause.operator == "=":
        uncertain = held != requested and len(alike) == len(requested)
        return FilterMatch(requested <= held, "C" if uncertain else "B")
    return FilterMatch(not requested <= held, "C" if not held or (alike and held != requested) else "B")
