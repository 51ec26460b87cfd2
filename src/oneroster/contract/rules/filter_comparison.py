"""Compare a filtered response with the rows that the filter should return."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import finding, many, shown
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import PAGE
from oneroster.contract.observation.tenant import ObservedTenant, Query
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.oracle.filters import ExpectedFilter, expected
from oneroster.contract.result import Finding
from oneroster_v1p1.tables import Operation

__all__ = ["differences", "judge_all", "narrowed", "refused"]

MOST_PAGES: Final = 6
"""Pages to read of a filtered collection; of a longer one, only the returned rows are checked."""
BUSY: Final = 429


def narrowed(tenant: ObservedTenant, operation: Operation, expression: str) -> ObservedWalk:
    """Read a collection with a filter, page by page."""

    def ask(operation: Operation, values: Mapping[str, str], page: Query) -> ParsedResponse:
        return tenant.ask(operation, values, {**page, "filter": expression})

    return walk(ask, operation, {}, limit=PAGE, most_rows=PAGE * MOST_PAGES, most_pages=MOST_PAGES)


def refused(reading: ParsedResponse) -> bool:
    """Whether a request was rejected, and not just postponed by rate limiting."""
    return 400 <= reading.exchange.status < 500 and reading.exchange.status != BUSY


def differences(
    tenant: ObservedTenant,
    operation: Operation,
    wanted: ExpectedFilter,
    refusal: Level | None = None,
    *,
    tell_open: bool = False,
) -> Iterator[Finding]:
    """Yield how a filtered response differs from the rows that the filter oracle expects.

    A difference is re-checked against fresh data before it counts, because a live tenant may change meanwhile.

    ``refusal`` is the level of a finding when the tenant rejects the filter; None for the level of the rule. With
    ``tell_open``, an open finding counts the rows for which the standard does not define the result.

    Raises ``NotExercised`` when the collection was not read to its end or the response contains no data.
    """

    @confirmed
    def compared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        yield from _breach(tenant, operation, wanted, refusal)

    told = list(compared(tenant, operation))
    yield from told
    if tell_open and not told:
        yield from _left_open(tenant, operation, wanted)


def _answer(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> ParsedResponse:
    """Return the first page of a filtered collection."""
    return tenant.ask(operation, {}, {"limit": PAGE, "offset": 0, "filter": str(wanted)})


def _breach(
    tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter, refusal: Level | None
) -> Iterator[Finding]:
    rows, first = tenant.whole(operation), _answer(tenant, operation, wanted)
    if refused(first):
        yield finding(f"the filter {wanted.shape} is rejected with HTTP {first.exchange.status}", first, level=refusal)
        return
    if first.fault is not None:
        raise NotExercised(f"the filter {wanted.shape}: {first.fault}")
    found = narrowed(tenant, operation, str(wanted))
    by_trust = _wrong(rows, found, wanted)
    for trust in ("A", "B"):
        strangers, missing = by_trust[trust]
        if strangers or missing:
            message = f"the filter {wanted.shape} returned {many(len(found), 'row')}: {_row_counts(strangers, missing)}"
            yield finding(message, first, strangers or missing, level_of(trust))
            return


def _left_open(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> Iterator[Finding]:
    """Yield how many rows the tenant returns for which the standard does not define the result."""
    came, stayed = _wrong(tenant.whole(operation), narrowed(tenant, operation, str(wanted)), wanted)["C"]
    if came or stayed:
        rows = many(len(came) + len(stayed), "row")
        message = (
            f"the standard does not say whether the filter {wanted.shape} matches {rows}; {len(came)} were returned"
        )
        yield finding(message, _answer(tenant, operation, wanted), level=Level.OPEN)


def _wrong(
    rows: Mapping[str, Record], found: ObservedWalk, wanted: ExpectedFilter
) -> dict[str, tuple[list[str], list[str]]]:
    """Return the ids of unexpected and of missing rows, by the trust mark of the expectation.

    For C, where the result is not defined: the ids of all returned and of all other rows.
    """
    by_trust: dict[str, tuple[list[str], list[str]]] = {"A": ([], []), "B": ([], []), "C": ([], [])}
    came: set[str] = set()
    for row in found.rows:
        name = identity(row)
        # Compare with the record of the unfiltered collection, because a filtered response may omit properties.
        verdict = expected(wanted, rows.get(name or "", row))
        came.add(name or "")
        if not verdict.holds or verdict.trust == "C":
            by_trust[verdict.trust][0].append(name or "")
    if found.complete:
        for name, row in rows.items():
            verdict = expected(wanted, row)
            if name not in came and (verdict.holds or verdict.trust == "C"):
                by_trust[verdict.trust][1].append(name)
    return by_trust


def _row_counts(strangers: list[str], missing: list[str]) -> str:
    parts = [f"{many(len(strangers), 'row')} not expected ({shown(strangers)})"] if strangers else []
    parts += [f"{many(len(missing), 'row')} missing ({shown(missing)})"] if missing else []
    return ", ".join(parts)


def judge_all(
    tenant: ObservedTenant,
    operation: Operation,
    filters: Iterable[ExpectedFilter],
    refusal: Level | None = None,
    *,
    tell_open: bool = False,
) -> Iterator[Finding]:
    """Yield the differences of several filters on one collection.

    Raises ``NotExercised`` when no filter could be evaluated.
    """
    reasons: list[NotExercised] = []
    judged = 0
    for wanted in filters:
        try:
            yield from differences(tenant, operation, wanted, refusal, tell_open=tell_open)
            judged += 1
        except NotExercised as nothing:
            reasons.append(nothing)
    if not judged:
        raise reasons[0] if reasons else NotExercised("the collection has no value to filter by")
