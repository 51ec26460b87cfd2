"""Semantic rules on dates: periods end after they begin, enrollments begin within the sessions of their class."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from oneroster.contract.errors import NotEnoughData
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding
from oneroster.contract.observation.membership import is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.oracle.reference_forms import references_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.semantics_references import base_collections
from oneroster_runtime.specification import Operation

ONE_DAY: Final = timedelta(days=1)


class BeginAndEnd(NamedTuple):
    """Where records have a begin and an end.

    Attributes:
        begins: The property for the begin.
        ends: The property for the end.
        within: The list of nested records that have them; empty for the record itself.
        level: The level of a finding, if it is lower than that of the rule.
    """

    begins: str
    ends: str
    within: str = ""
    level: Level | None = None

    def records(self, row: Record) -> Iterator[Record]:
        """Yield what has the period in a record: itself, or its nested records."""
        nested = row.get(self.within) if self.within else [row]
        yield from (each for each in (nested if isinstance(nested, list) else ()) if isinstance(each, dict))


PERIODS: Final = {
    "AcademicSession": BeginAndEnd("startDate", "endDate"),
    "Enrollment": BeginAndEnd("beginDate", "endDate"),
    "User": BeginAndEnd("beginDate", "endDate", "roles"),
    # No source says that a due date follows the assign date, although it is common sense.
    "LineItem": BeginAndEnd("assignDate", "dueDate", level=Level.OPEN),
}
"""By element, where its records have a begin and an end."""


def collections_with_periods(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections whose records have a begin and an end date."""
    elements = tenant.specification.elements
    for operation in base_collections(tenant):
        period = PERIODS.get(operation.element or "")
        if period is not None and (not period.within or period.within in elements[operation.element or ""].properties):
            yield operation


@rule(
    "OR-SEM-13",
    family="semantics",
    title="No session, enrollment, role or line item ends before it begins",
    clause="5.3 startDate and endDate, 5.7 beginDate and endDate [B]",
    example="a term has startDate 2026-06-15 and endDate 2025-08-18",
    fix="correct the dates in the source data; clients drop such sessions and enrollments",
    over=collections_with_periods,
)
def in_order(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    period = PERIODS[operation.element or ""]
    begins, ends = period.begins, period.ends
    tally = CauseCount(found.pages[0])
    judged = 0
    for row in found.rows:
        pairs = [(_comparable(each.get(begins)), _comparable(each.get(ends))) for each in period.records(row)]
        known = [(first, last) for first, last in pairs if first and last and len(first) == len(last)]
        judged += bool(known)
        if any(last < first for first, last in known):
            tally.add(identity(row))
    if not judged:
        raise NotEnoughData(0, 1, "record with both dates")
    if tally.count:
        message = f"{ends} is before {begins} in {tally.count} of {count_of(judged, 'record')}"
        pointer = f"{period.within}[].{ends}" if period.within else ends
        yield counted_finding(message, tally, pointer, judged, period.level)


def _comparable(value: Any) -> str | None:
    """Return a date or a date-time in a form that sorts like its value, or None if it is neither."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return value if len(value) == len("2025-08-18") else f"{parsed.timestamp():020.6f}"


def enrollment_collection(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collection of all enrollments."""
    return (operation for operation in base_collections(tenant) if operation.element == "Enrollment")


@rule(
    "OR-SEM-14",
    family="semantics",
    title="An enrollment begins within the sessions of its class",
    clause="5.7 beginDate, within the session of the class [A]",
    example="beginDate is 2019-08-18 in a class whose only term is that of 2025",
    fix="use the day on which the student joined this class, not the day of the first enrollment in the school",
    over=enrollment_collection,
    needs=("OR-SEM-13",),
)
@confirmed
def begins_within_sessions(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from _outside_sessions(tenant, operation, "beginDate", timedelta(0))


@rule(
    "OR-SEM-36",
    family="semantics",
    title="An enrollment ends within the sessions of its class",
    clause="5.7 endDate [B]",
    example="endDate is 2099-06-30 in a class whose only term is that of 2025",
    fix="use the day on which the student left this class, or leave the property out",
    over=enrollment_collection,
    needs=("OR-SEM-13",),
)
@confirmed
def ends_within_sessions(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # The last day may be written as the day after it.
    yield from _outside_sessions(tenant, operation, "endDate", ONE_DAY)


def _outside_sessions(tenant: ObservedTenant, operation: Operation, name: str, more: timedelta) -> Iterator[Finding]:
    """Yield a finding if a date of enrollments is before the sessions of their class, or more days after them."""
    found = tenant.walk(operation)
    classes = tenant.all_rows(tenant.dialect.collection_of("Class"))
    sessions = tenant.all_rows(tenant.dialect.collection_of("AcademicSession"))
    tally, judged = CauseCount(found.pages[0]), 0
    for row in found.rows:
        span, day = _class_period(row, classes, sessions), _day(row.get(name))
        if span is None or day is None or not is_live(row):
            continue
        judged += 1
        if not span[0] <= day <= span[1] + more:
            tally.add(identity(row))
    if not judged:
        raise NotEnoughData(0, 1, f"enrollment with {name} and a class with sessions")
    if tally.count:
        message = f"{name} is outside the sessions of the class in {tally.count} of {count_of(judged, 'record')}"
        yield counted_finding(message, tally, name, judged)


def _class_period(row: Record, classes: dict[str, Record], sessions: dict[str, Record]) -> tuple[date, date] | None:
    """Return the first and the last day of the sessions of an enrollment's class, or None if they are not known."""
    of_class = next((classes.get(identity(item) or "") for item in references_at(row, "class")), None)
    if of_class is None:
        return None
    days: list[tuple[date, date]] = []
    for item in references_at(of_class, "terms"):
        session = sessions.get(identity(item) or "", {})
        start, end = _day(session.get("startDate")), _day(session.get("endDate"))
        if start is None or end is None:
            return None
        days.append((start, end))
    return (min(start for start, _ in days), max(end for _, end in days)) if days else None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
