"""What a filter should bring, worked out in the plainest way, row by row.

Every verdict carries the certainty of the fact behind it: where the standard, as far as it is known, leaves a case open
(case of letters, absent values, lists with further entries), the verdict is marked C and holds nothing against anybody.
"""

import operator as compare
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from oneroster.contract.http.parsed_response import Record
from oneroster.contract.oracle.collations import COLLATIONS, loosely

__all__ = ["ExpectedClause", "ExpectedFilter", "FilterMatch", "expected", "moment", "number", "text_of", "values_at"]

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": compare.lt,
    "<=": compare.le,
    ">": compare.gt,
    ">=": compare.ge,
    "=": compare.eq,
    "!=": compare.ne,
}
_BASE: Final = "dateLastModified"
_CLOSE: Final = 1.0
"""Seconds; a server may keep finer or coarser instants than it shows."""


class FilterMatch(NamedTuple):
    """Whether a row passes a filter, and how certain it is that it must."""

    holds: bool
    trust: str


@dataclass(frozen=True, slots=True)
class ExpectedClause:
    """One comparison over a field; ``kind`` is that of a single value, ``many`` says that a row holds a list of them.

    Of ``reference`` the field is a member of a reference, which is written with a dot.
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
    """One clause, or two joined by AND, or by OR when ``either``."""

    clauses: tuple[ExpectedClause, ...]
    either: bool = False

    def __str__(self) -> str:
        return (" OR " if self.either else " AND ").join(map(str, self.clauses))

    @property
    def shape(self) -> str:
        """The filter without its values, for messages."""
        return (" OR " if self.either else " AND ").join(f"{each.field}{each.operator}…" for each in self.clauses)


def expected(wanted: ExpectedFilter, row: Record) -> FilterMatch:
    """Whether a row passes.

    With AND one clause that fails decides, with OR one that holds; the most certain of those that decide counts.
    """
    verdicts = [_clause(clause, row) for clause in wanted.clauses]
    deciding = [each.trust for each in verdicts if each.holds is wanted.either]
    if deciding:
        return FilterMatch(wanted.either, min(deciding))
    return FilterMatch(not wanted.either, max(each.trust for each in verdicts))


def values_at(row: Record, path: str) -> list[Any]:
    """The single values that a dotted field leads to; null and the empty string count as absent."""
    head, _, member = path.partition(".")
    found = row.get(head)
    entries = found if isinstance(found, list) else [found]
    if member:
        entries = [entry.get(member) for entry in entries if isinstance(entry, dict)]
    return [entry for entry in entries if entry is not None and entry != ""]


def text_of(value: Any) -> str:
    """A value as a filter writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def moment(text: Any) -> datetime | None:
    """The instant that a date-time names; without an offset it is UTC; None when it is none."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def number(value: Any) -> float | None:
    """The number that a value is, also when it is written as text; None when it is none."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _clause(clause: ExpectedClause, row: Record) -> FilterMatch:
    values = values_at(row, clause.field)
    stands = row.get(clause.field.partition(".")[0])
    if clause.many and stands is not None and not isinstance(stands, list):
        # Told by the rules of the schema; what a filter makes of it is nobody's promise.
        return FilterMatch(False, "C")
    verdict = _list(clause, values) if clause.many else _single(clause, values)
    # That a field may be written with a dot at all is only probable.
    return FilterMatch(verdict.holds, max(verdict.trust, "B")) if "." in clause.field else verdict


def _single(clause: ExpectedClause, values: list[Any]) -> FilterMatch:
    if not values:
        uncertain = clause.operator == "!=" or clause.kind == "boolean"
        return FilterMatch(clause.operator == "!=", "C" if uncertain else "A")
    value = values[0]
    match clause.kind:
        case "date-time":
            return _moments(clause, moment(value), moment(clause.text))
        case "date" | "boolean":
            return _plain(clause, text_of(value), clause.text)
        case "number" | "integer":
            return _plain(clause, number(value), number(clause.text))
        case _:
            return _texts(clause, text_of(value))


def _moments(clause: ExpectedClause, value: datetime | None, literal: datetime | None) -> FilterMatch:
    if value is None or literal is None:
        return FilterMatch(False, "C")
    close = abs((value - literal).total_seconds()) < _CLOSE
    certain = clause.field == _BASE or clause.operator in ("=", "!=")
    return FilterMatch(_ORDERS[clause.operator](value, literal), "A" if certain and not close else "B")


def _plain(clause: ExpectedClause, value: Any, literal: Any) -> FilterMatch:
    if value is None or literal is None or (clause.kind == "date" and moment(value) is None):
        return FilterMatch(False, "C")
    certain = clause.kind == "date" and clause.operator in ("=", "!=")
    return FilterMatch(_ORDERS[clause.operator](value, literal), "A" if certain else "B")


def _texts(clause: ExpectedClause, value: str) -> FilterMatch:
    text = clause.text
    match clause.operator:
        case "~":
            return _holds_text(value, text)
        case "=" | "!=":
            same = value == text
            uncertain = not same and loosely(value) == loosely(text)
            return FilterMatch(same is (clause.operator == "="), "C" if uncertain else "A")
        case _:
            orders = {_ORDERS[clause.operator](key(value), key(text)) for key in COLLATIONS}
            holds = _ORDERS[clause.operator](value, text)
            return FilterMatch(holds, "B" if len(orders) == 1 else "C")


def _holds_text(value: str, text: str) -> FilterMatch:
    if text in value:
        return FilterMatch(True, "A")
    if text.casefold() in value.casefold():
        return FilterMatch(True, "B")
    return FilterMatch(False, "C" if loosely(text) in loosely(value) else "A")


def _list(clause: ExpectedClause, values: Iterable[Any]) -> FilterMatch:
    held, wanted = {text_of(value) for value in values}, set(clause.text.split(","))
    alike = {loosely(value) for value in held} & {loosely(value) for value in wanted}
    if clause.operator == "~":
        parts = any(loosely(one) in loosely(other) for one in wanted for other in held)
        return FilterMatch(bool(held & wanted), "B" if held & wanted or not parts else "C")
    if "." in clause.field:
        # A list of references holds the one that is asked for, beside whatever others.
        return FilterMatch(wanted <= held, "B")
    if clause.operator == "=":
        uncertain = held != wanted and len(alike) == len(wanted)
        return FilterMatch(wanted <= held, "C" if uncertain else "B")
    return FilterMatch(not wanted <= held, "C" if not held or (alike and held != wanted) else "B")
