"""What the response to a request about one parameter must be, for rules that ask many collections the same."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster.contract.observation.evidence import count_of
from oneroster.contract.observation.observed_tenant import Query
from oneroster.contract.oracle.filters import ExpectedFilter, expected

__all__ = [
    "STATUS",
    "Expectation",
    "has_known_fields_only",
    "returns_a_page",
    "returns_ids",
    "returns_matches",
    "returns_one_row",
    "returns_rows",
]

STATUS: Final = "status"
"""The known field of a selection with an unknown one."""


@dataclass(frozen=True)
class Expectation:
    """A request about one parameter, and what its response must be.

    Attributes:
        query: The parameters of the request.
        wrong: Returns what is wrong with the response; None if nothing is.
        rules: The rules that report the same of the collection of all records.
        doubtful: Returns what is probably wrong with a response with which nothing is certainly wrong.
        alone: The same without the parameters whose meaning is less certain, to send if the response is wrong.
    """

    query: Query
    wrong: Callable[[ParsedResponse], str | None]
    rules: tuple[str, ...]
    doubtful: Callable[[ParsedResponse], str | None] = lambda _: None
    alone: "Expectation | None" = None


def returns_ids(expected: set[str]) -> Callable[[ParsedResponse], str | None]:
    """Return a function that compares the records of a response with the expected ids."""

    def wrong(reading: ParsedResponse) -> str | None:
        if reading.problem is not None:
            return reading.problem
        found = {name for name in reading.ids if name is not None}
        if len(found) < len(reading.ids):
            return "rows more than once"
        surplus, lost = len(found - expected), len(expected - found)
        parts = [f"{count_of(surplus, 'row')} not expected"] if surplus else []
        return ", ".join(parts + ([f"{count_of(lost, 'row')} missing"] if lost else [])) or None

    return wrong


def returns_rows(reading: ParsedResponse) -> str | None:
    """Return what is wrong with a response that must hold records with properties."""
    if reading.problem is not None:
        return reading.problem
    return None if any(reading.rows) else "no row" if not reading.rows else "rows without any field"


def returns_one_row(reading: ParsedResponse) -> str | None:
    """Return what is wrong with a response that must hold one record with properties."""
    wrong = returns_rows(reading)
    return f"{count_of(len(reading.rows), 'row')} instead of 1" if wrong is None and len(reading.rows) > 1 else wrong


def returns_a_page(rows: int) -> Callable[[ParsedResponse], str | None]:
    """Return a function that compares how many records a response has with the limit of its request."""

    def wrong(reading: ParsedResponse) -> str | None:
        if reading.problem is not None:
            return reading.problem
        return None if len(reading.rows) == rows else f"{count_of(len(reading.rows), 'row')} instead of {rows}"

    return wrong


def has_known_fields_only(reading: ParsedResponse) -> str | None:
    """Return what is probably wrong with a response that should hold whole records."""
    # Certified servers return all fields or only the known ones; the sources mention only the former.
    return (
        "only the known fields instead of all fields" if all(row.keys() <= {STATUS} for row in reading.rows) else None
    )


def returns_matches(
    wanted: ExpectedFilter, rows: dict[str, Record], least: str
) -> Callable[[ParsedResponse], str | None]:
    """Return a function that compares a response with the records that match a filter, where that is certain enough."""

    def wrong(reading: ParsedResponse) -> str | None:
        if reading.problem is not None:
            return reading.problem
        found = set(reading.ids)
        matches = {name: expected(wanted, row) for name, row in rows.items()}
        clear = [name for name, match in matches.items() if match.trust <= least]
        different = [name for name in clear if matches[name].holds is not (name in found)]
        if different:
            return f"{wanted.shape} returned the wrong records, or not all of the right ones"
        return None if found <= rows.keys() else f"{wanted.shape} returned records that are not in the collection"

    return wrong
