"""The filter language of OneRoster 1.1 (clause 3.2 [A]): one clause, or two joined by AND or OR."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from oneroster.sandbox.query.field_paths import FieldPath, resolve
from oneroster.sandbox.query.timestamps import instant
from oneroster_v1p1.tables import Element

_CLAUSE: Final = re.compile(r"(?P<field>[\w:-]+(?:\.[\w:-]+)*)(?P<operator>!=|>=|<=|=|>|<|~)'(?P<value>[^']*)'")
_CONJUNCTION: Final = re.compile(r" (AND|OR) ")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EXPECTED: Final = {
    "date": "a date such as 2012-04-23",
    "date-time": "a date-time such as 2012-04-23T18:25:43.511Z, or a date",
    "integer": "a number such as 17",
    "number": "a number such as 17.5",
}

Literal = str | int | float


class FilterSyntaxError(ValueError):
    """A filter that cannot be answered.

    Attributes:
        field: the field that is to blame, as it was written; None when the expression could not be read that far.
        reason: what is wrong, in words; it never repeats the value.
        unknown_field: whether the element has no such field (`invalid_filter_field`, clause 3.3 [A]).
    """

    def __init__(self, reason: str, *, field: str | None = None, unknown_field: bool = False) -> None:
        super().__init__(f"filter, field {field}: {reason}" if field else f"filter: {reason}")
        self.field = field
        self.reason = reason
        self.unknown_field = unknown_field


@dataclass(frozen=True, slots=True)
class ParsedClause:
    """One comparison.

    Attributes:
        field: where to look.
        operator: one of the seven.
        text: the value between the quotes.
        literal: the value in the type it is compared in: microseconds for a date-time, a number, else the text.
    """

    field: FieldPath
    operator: str
    text: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class ParsedFilter:
    """A parsed filter; with two clauses, `either` tells OR from AND."""

    clauses: tuple[ParsedClause, ...]
    either: bool = False


def parse(expression: str, element: Element) -> ParsedFilter:
    """Read a filter over the records of an element.

    Args:
        expression: the decoded value of the `filter` parameter.
        element: whose data elements the fields are.

    Raises:
        FilterError: the expression is not of the grammar, names an unknown field, or compares with a value of
            another type than the field's.
    """
    first, position = _clause(expression, 0, element)
    if position == len(expression):
        return ParsedFilter((first,))
    conjunction = _CONJUNCTION.match(expression, position)
    if conjunction is None:
        raise FilterSyntaxError(
            "behind a clause only ' AND ' or ' OR ' and one more clause may follow, with single blanks"
        )
    second, position = _clause(expression, conjunction.end(), element)
    if position != len(expression):
        raise FilterSyntaxError("at most two clauses, joined by one AND or OR; nothing may follow them")
    return ParsedFilter((first, second), either=conjunction[1] == "OR")


def _clause(expression: str, position: int, element: Element) -> tuple[ParsedClause, int]:
    match = _CLAUSE.match(expression, position)
    if match is None:
        raise FilterSyntaxError("expected field, operator and value in single quotes, without blanks between them")
    name, operator, text = match["field"], match["operator"], match["value"]
    field = resolve(element, name)
    if field is None:
        raise FilterSyntaxError(f"{element.name} has no such field to filter by", field=name, unknown_field=True)
    try:
        literal = text if operator == "~" else _literal(field, text)
    except ValueError:  # its text may repeat the value, which can be a person's
        raise FilterSyntaxError(f"invalid data, expected {_EXPECTED[field.kind]}", field=name) from None
    return ParsedClause(field, operator, text, literal), match.end()


def _literal(field: FieldPath, text: str) -> Literal:
    match field.kind:
        case "date-time":
            return instant(text)
        case "date":
            return _date(text)
        case "number" | "integer":
            return _number(text)
        case _:
            return text


def _date(text: str) -> str:
    """Dates compare as they are written, so only that form is let through."""
    if not _DATE.fullmatch(text):
        raise ValueError("not written as a date")
    date.fromisoformat(text)
    return text


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not written as a number")
    return float(text)
