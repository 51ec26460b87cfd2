"""A collection with a filter that half of its records match, and the responses to it beside other parameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from oneroster.contract.errors import BeyondBudget, ExplainedBy, NotEnoughData, NotJudged
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.incidents import is_server_error
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import evidence_of
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.walk import ObservedWalk
from oneroster.contract.oracle.filters import parse_timestamp
from oneroster_runtime.specification import Operation

__all__ = ["FIELD", "MOST_ROWS", "Combination", "combination", "combined", "without_data"]

FIELD: Final = "dateLastModified"
"""Every record has it, it is never personal, and it can be filtered and sorted by."""
STATUS: Final = "status"
ACTIVE: Final = "active"
DELETED: Final = "tobedeleted"
ALSO: Final = f" OR {STATUS}='{DELETED}'"
ONLY: Final = f" AND {STATUS}!='{DELETED}'"
SECOND_CLAUSES: Final = ("", ALSO, ONLY)
"""The second clauses of filters: a server may lose one of them beside other parameters."""
A_LITTLE: Final = timedelta(seconds=10)
MOST_ROWS: Final = 800
MIN_ROWS: Final = 3


@dataclass(frozen=True)
class Combination:
    """One collection with a filter by a moment in its middle.

    Attributes:
        found: The walk over the collection.
        filter: The filter.
        second: Its second clause.
        matching: The records that the filter selects, by id.
        partial: A field that only some of these have; None without one.
    """

    found: ObservedWalk
    filter: str
    second: str
    matching: dict[str, Record]
    partial: str | None = None


def combination(tenant: ObservedTenant, operation: Operation, second: str | None = None) -> Combination:
    """Return the combination for the largest walk of a collection.

    Args:
        tenant: The tenant.
        operation: The collection.
        second: The second clause of the filter, one of `SECOND_CLAUSES`; the name of the operation decides if None.

    Raises ``NotJudged`` when no walk has rows that a moment divides.
    """
    found = max((each for each in tenant.walks(operation) if each.complete), key=len, default=None)
    if found is None or len(found) < MIN_ROWS:
        raise NotEnoughData(0 if found is None else len(found), MIN_ROWS, "rows")
    rows = {name: row for row in found.rows if (name := identity(row)) is not None}
    if len(rows) < len(found):
        raise ExplainedBy(("OR-SEM-10", "OR-SEM-28", "OR-PAG-04"), "rows are repeated without parameters as well")
    known = {name: moment for name, row in rows.items() if (moment := parse_timestamp(row.get(FIELD)))}
    moments = {name: moment.astimezone(UTC) for name, moment in known.items()}
    days = {moment.date() for moment in moments.values()}
    if len(days) < MIN_ROWS or len(moments) < len(rows):
        raise NotEnoughData(len(days), MIN_ROWS, f"different days of {FIELD}")
    if second is None:
        second = SECOND_CLAUSES[sum(map(ord, operation.operation_id)) % len(SECOND_CLAUSES)]
    if any(row.get(STATUS) not in (ACTIVE, DELETED) for row in rows.values()):
        second = ""
    for bound in _bounds(sorted(set(moments.values()))):
        matching = {name: row for name, row in rows.items() if _matches(row, moments[name] >= bound, second)}
        # Both halves fit on pages of a size that the server does not shorten.
        if len(matching) // 2 + 1 <= len(found.pages[0].rows) and len(matching) <= MOST_ROWS:
            partial = _partly_absent(tenant, operation, matching)
            return Combination(found, f"{FIELD}>='{_text(bound)}'{second}", second, matching, partial)
    raise BeyondBudget(f"too many of the {len(found)} rows were changed on one day")


def _partly_absent(tenant: ObservedTenant, operation: Operation, rows: dict[str, Record]) -> str | None:
    """Return a field that only some records have: a server may lose the others if it is selected."""
    known = (each.name for each in tenant.properties(operation.element).values() if not each.secret)
    having = {name: sum(name in row for row in rows.values()) for name in known}
    return next((name for name, count in having.items() if 0 < count < len(rows)), None)


def _bounds(moments: list[datetime]) -> Iterator[datetime]:
    """Yield moments between those of the records, on a day of one of them, from the middle on.

    They are not too near to be told apart with another precision, and are told apart by the time of day only.
    """
    for moment, following in pairwise(moments[len(moments) // 2 :]):
        if following - moment > A_LITTLE and (moment + A_LITTLE).date() == moment.date():
            yield moment + A_LITTLE / 2
    yield datetime.combine(moments[-1].date(), time.min, UTC)


def _matches(row: Record, is_later: bool, second: str) -> bool:
    """Return whether a record matches a filter by a moment and a second clause."""
    deleted = row.get(STATUS) == DELETED
    return {"": is_later, ALSO: is_later or deleted, ONLY: is_later and not deleted}[second]


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Combined(dict[str, ParsedResponse]):
    """The responses to combined parameters, by path and query."""


def combined(tenant: ObservedTenant, found: ObservedWalk, query: Query) -> ParsedResponse:
    """Return the response to a query, requested once and kept apart, because it may lack properties.

    Raises ``NotJudged`` when it holds no data; other rules report that.
    """
    kept = tenant.memo(_Combined, _Combined)
    path, text = encoded_path(found.operation.path, found.values), encoded_query(query)
    key = f"{path}?{text}"
    if key not in kept:
        kept[key] = tenant.parse(found.operation, tenant.probe(path, text), found.values, query)
    if kept[key].problem is not None:
        raise without_data(kept[key])
    return kept[key]


def without_data(reading: ParsedResponse) -> NotJudged:
    """Return why a combined request brought no data; a finding, unless a parameter alone shows the same."""
    beyond = int(reading.query.get("offset", 0)) > 0 and reading.exchange.status in (204, 404)
    rules = ("OR-CMB-01", "OR-FLT-01", "OR-FLT-05", "OR-SRT-01", "OR-FLD-01", "OR-ERR-10", "OR-PAG-01", "OR-PAG-07")
    empty = ("OR-ENV-10",) if reading.exchange.status in (204, 404) else ()
    crashed = ("OR-ERR-10",) if is_server_error(reading.exchange.status) else ()
    level = trust_of_filters(reading.operation) if "filter" in reading.query else None
    names = ", ".join(reading.query)
    text = f"a request with {names}: {reading.problem}"
    return ExplainedBy(
        (*crashed, *(rules[::-1] if beyond else rules), *empty),
        text,
        anywhere=beyond or bool(crashed),
        otherwise=text,
        level=level,
        evidence=evidence_of(reading),
    )


def trust_of_filters(operation: Operation) -> Level:
    """Return how certain it is that a collection can be filtered."""
    trust = (each.trust for each in operation.parameters if each.name == "filter" and each.location == "query")
    return level_of(max(trust, default="A"))
