"""Parse the filter language of OneRoster (clause 3.2 [A]): one clause, or two joined by AND or OR."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from oneroster.sandbox.query.field_paths import FieldPath, resolve_field
from oneroster.sandbox.query.timestamps import parse_timestamp
from oneroster_runtime.specification import Element, Specification

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
    """An invalid filter.

    Attributes:
        field: The field that the error concerns, as written; None for a syntax error.
        reason: What is wrong; it never repeats the value, which may be personal.
        unknown_field: Whether the element has no such field (`invalid_filter_field`, clause 3.3 [A]).
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
        field: The compared field.
        operator: One of the seven operators.
        text: The value between the quotes.
        literal: The value in the compared type: microseconds for a date-time, a number, else the text.
    """

    field: FieldPath
    operator: str
    text: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class ParsedFilter:
    """A parsed filter; `either` is true if two clauses are joined by OR."""

    clauses: tuple[ParsedClause, ...]
    either: bool = False


def parse_filter(expression: str, element: Element, specification: Specification) -> ParsedFilter:
    """Parse a filter on the records of an element.

    Args:
        expression: The decoded value of the `filter` parameter.
        element: The element that has the fields.
        specification: The version of the standard, which defines the members of nested fields.

    Raises:
        FilterSyntaxError: The expression does not follow the grammar, names an unknown field, or compares a field with
            a value of another type.
    """
    first, position = _clause(expression, 0, element, specification)
    if position == len(expression):
        return ParsedFilter((first,))
    conjunction = _CONJUNCTION.match(expression, position)
    if conjunction is None:
        raise FilterSyntaxError(
            "a clause may be followed only by ' AND ' or ' OR ', with single spaces, and a second clause"
        )
    second, position = _clause(expression, conjunction.end(), element, specification)
    if position != len(expression):
        raise FilterSyntaxError("a filter has at most two clauses, joined by AND or OR")
    return ParsedFilter((first, second), either=conjunction[1] == "OR")


def _clause(expression: str, position: int, element: Element, specification: Specification) -> tuple[ParsedClause, int]:
    match = _CLAUSE.match(expression, position)
    if match is None:
        raise FilterSyntaxError(
            "expected a field, an operator and a value in single quotes, without spaces between them"
        )
    name, operator, text = match["field"], match["operator"], match["value"]
    field = resolve_field(specification, element, name)
    if field is None:
        raise FilterSyntaxError(f"{element.name} has no such field", field=name, unknown_field=True)
    try:
        literal = text if operator == "~" else _literal(field, text)
    except ValueError:  # the cause may repeat the value, which may be personal
        raise FilterSyntaxError(f"invalid data, expected {_EXPECTED[field.kind]}", field=name) from None
    return ParsedClause(field, operator, text, literal), match.end()


def _literal(field: FieldPath, text: str) -> Literal:
    match field.kind:
        case "date-time":
            return parse_timestamp(text)
        case "date":
            return _date(text)
        case "number" | "integer":
            return _number(text)
        case _:
            return text


def _date(text: str) -> str:
    """Check a date, which is compared as text and so must have the form YYYY-MM-DD."""
    if not _DATE.fullmatch(text):
        raise ValueError("not a date")
    date.fromisoformat(text)
    return text


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number")
    return float(text)
