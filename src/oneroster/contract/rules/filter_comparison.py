"""Compare a filtered response with the rows that the filter should return."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotJudged
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import count_of, evidence_of, finding, id_list
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.obstacles import obstacle
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.oracle.filters import ExpectedFilter, expected, misreading
from oneroster.contract.result import Finding
from oneroster.contract.rules.foreign_rows import altered_rows, foreign_rows
from oneroster_runtime.specification import Operation

__all__ = [
    "EMPTY_PAGES",
    "NOTHING",
    "compare_filter",
    "compare_filters",
    "compared_filters",
    "filtered_walk",
    "is_rejected",
]

FILTERS_APPLY: Final = ("OR-FLT-01",)
"""The rule that reports ignored filters, and rows that only a filter returns."""
REPEATED: Final = ("OR-FLT-01", "OR-PAG-04", "OR-SEM-10")
"""Rules that report rows which are repeated without this filter as well."""
MOST_PAGES: Final = 6
"""Pages to read of a filtered collection; of a longer one, only the returned rows are checked."""
TOO_MANY_REQUESTS: Final = 429
NOTHING: Final = frozenset({204, 404})
"""Statuses with which some servers say that no row matches."""
EMPTY_PAGES: Final = ("OR-ENV-10", "OR-PAG-07", "OR-ENV-06")
"""The rules that report these statuses."""


def filtered_walk(tenant: ObservedTenant, operation: Operation, expression: str) -> ObservedWalk:
    """Read a collection with a filter, page by page."""

    def ask(operation: Operation, values: Mapping[str, str], page: Query) -> ParsedResponse:
        return tenant.ask(operation, values, {**page, "filter": expression})

    return walk(
        ask,
        operation,
        {},
        limit=tenant.page_size,
        max_rows=tenant.page_size * MOST_PAGES,
        max_pages=MOST_PAGES,
        trusts_totals=tenant.trusts_totals,
    )


def is_rejected(reading: ParsedResponse) -> bool:
    """Return whether a request was rejected, and not just postponed by rate limiting."""
    return 400 <= reading.exchange.status < 500 and reading.exchange.status != TOO_MANY_REQUESTS


def compare_filter(
    tenant: ObservedTenant,
    operation: Operation,
    wanted: ExpectedFilter,
    rejection_level: Level | None = None,
    *,
    report_undefined: bool = False,
) -> Iterator[Finding]:
    """Yield how a filtered response differs from the rows that the filter oracle expects.

    A difference is re-checked against fresh data before it counts, because a live tenant may change meanwhile.

    ``rejection_level`` is the level of a finding when the tenant rejects the filter; None for the level of the rule.
    ``report_undefined`` adds an open finding with the number of rows whose result the standard does not define.

    Raises ``NotJudged`` when the response contains no data, or when the collection was not read to its end and no
    row shows a violation.
    """

    @confirmed
    def compared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        yield from _differences(tenant, operation, wanted, rejection_level)

    findings = list(compared(tenant, operation))
    yield from findings
    if report_undefined and not findings:
        yield from _undefined_rows(tenant, operation, wanted)


def repeated_ids(found: ObservedWalk) -> list[str]:
    """Return the ids that a walk holds more than once, in their order."""
    return [name for name, count in Counter(found.ids).items() if count > 1 and name is not None]


def _first_page(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> ParsedResponse:
    """Return the first page of a filtered collection."""
    return tenant.ask(operation, {}, {"limit": tenant.page_size, "offset": 0, "filter": str(wanted)})


def _differences(
    tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter, rejection_level: Level | None
) -> Iterator[Finding]:
    whole, first = tenant.walk(operation), _first_page(tenant, operation, wanted)
    if first.exchange.status in NOTHING and not is_match_expected(whole, wanted):
        text = f"the filter {wanted.shape}, which no row matches, returned HTTP {first.exchange.status}"
        raise ExplainedBy(EMPTY_PAGES, text, anywhere=True, otherwise=text, evidence=evidence_of(first))
    if is_rejected(first):
        text = f"the filter {wanted.shape} is rejected with HTTP {first.exchange.status}"
        yield finding(text, first, level=rejection_level, uncertain="the rejection of such a filter")
        return
    if first.problem is not None:
        raise obstacle(first, "OR-FLT-01")
    found = filtered_walk(tenant, operation, str(wanted))
    rows = tenant.rows_by_id(whole)
    by_trust = _unexpected_and_missing(whole, rows, found, wanted)
    for trust in ("A", "B"):
        unexpected, missing = by_trust[trust]
        if unexpected or missing:
            message = (
                f"the filter {wanted.shape} returned {count_of(len(found), 'row')}: {_row_counts(unexpected, missing)}"
            )
            returned = {name for name in found.ids if name}
            cause = misreading(wanted, rows, returned) if whole.complete else None
            message += f"; {cause}" if cause else ""
            symptom_of = FILTERS_APPLY if _as_without_filter(whole, found) else ()
            yield finding(message, first, unexpected or missing, level_of(trust), symptom_of)
            return
    if (repeated := repeated_ids(found)) and not repeated_ids(whole):
        message = f"the filter {wanted.shape} returned {count_of(len(repeated), 'row')} more than once"
        yield finding(message, first, repeated, symptom_of=REPEATED)
        return
    for each in foreign_rows(tenant, first, found.rows, f"the filter {wanted.shape}"):
        yield replace(each, symptom_of=FILTERS_APPLY)
    for each in altered_rows(tenant, first, found.rows, rows, f"the filter {wanted.shape}"):
        yield replace(each, symptom_of=FILTERS_APPLY)
    # Rows that should not be returned are seen without all rows, missing ones are not.
    tenant.all_rows(operation)


def is_match_expected(whole: ObservedWalk, wanted: ExpectedFilter) -> bool:
    """Return whether some row certainly matches a filter."""
    verdicts = (expected(wanted, row) for row in whole.rows)
    return any(each.holds and each.trust != "C" for each in verdicts)


def _as_without_filter(whole: ObservedWalk, found: ObservedWalk) -> bool:
    """Return whether the pages that were read are those of the collection without a filter.

    Of a server that shortens pages, not all of them are read.
    """
    returned = {name for name in found.ids if name}
    return returned >= {name for name in whole.ids if name} or (not found.complete and returned == _first(whole, found))


def _first(whole: ObservedWalk, found: ObservedWalk) -> set[str]:
    """Return the ids of the first rows of a collection, as many as another walk has."""
    return {name for name in whole.ids[: len(found)] if name}


def _undefined_rows(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> Iterator[Finding]:
    """Yield how many rows the tenant returns for which the standard does not define the result."""
    returned, others = _unexpected_and_missing(
        tenant.walk(operation), tenant.all_rows(operation), filtered_walk(tenant, operation, str(wanted)), wanted
    )["C"]
    if returned or others:
        rows = count_of(len(returned) + len(others), "row")
        message = f"the standard does not say whether the filter {wanted.shape} matches {rows}"
        message += f"; the tenant returned {len(returned)} of them"
        first = _first_page(tenant, operation, wanted)
        yield finding(message, first, level=Level.OPEN, uncertain="what such a filter matches")


def _unexpected_and_missing(
    whole: ObservedWalk, rows: Mapping[str, Record], found: ObservedWalk, wanted: ExpectedFilter
) -> dict[str, tuple[list[str], list[str]]]:
    """Return the ids of unexpected and of missing rows, by the trust mark of the expectation.

    For C, where the result is not defined: the ids of all returned and of all other rows.
    """
    by_trust: dict[str, tuple[list[str], list[str]]] = {"A": ([], []), "B": ([], []), "C": ([], [])}
    returned: set[str] = set()
    for row in found.rows:
        name = identity(row)
        # Compare with the record of the unfiltered collection, because a filtered response may omit properties.
        verdict = expected(wanted, rows.get(name or "", row))
        returned.add(name or "")
        if not verdict.holds or verdict.trust == "C":
            by_trust[verdict.trust][0].append(name or "")
    if found.complete and whole.complete:
        for name, row in rows.items():
            verdict = expected(wanted, row)
            if name not in returned and (verdict.holds or verdict.trust == "C"):
                by_trust[verdict.trust][1].append(name)
    return by_trust


def _row_counts(unexpected: list[str], missing: list[str]) -> str:
    parts = [f"{count_of(len(unexpected), 'row')} not expected ({id_list(unexpected)})"] if unexpected else []
    parts += [f"{count_of(len(missing), 'row')} missing ({id_list(missing)})"] if missing else []
    return ", ".join(parts)


def compare_filters(
    tenant: ObservedTenant,
    operation: Operation,
    filters: Iterable[ExpectedFilter],
    rejection_level: Level | None = None,
    *,
    report_undefined: bool = False,
) -> Iterator[Finding]:
    """Yield the differences of several filters on one collection; see `compared_filters`."""
    for each, _ in compared_filters(tenant, operation, filters, rejection_level, report_undefined=report_undefined):
        yield each


def compared_filters(
    tenant: ObservedTenant,
    operation: Operation,
    filters: Iterable[ExpectedFilter],
    rejection_level: Level | None = None,
    *,
    report_undefined: bool = False,
) -> Iterator[tuple[Finding, ExpectedFilter]]:
    """Yield the differences of several filters on one collection, each with its filter.

    Raises ``NotJudged`` when no filter could be evaluated.
    """
    reasons: list[NotJudged] = []
    judged = 0
    for wanted in filters:
        try:
            found = compare_filter(tenant, operation, wanted, rejection_level, report_undefined=report_undefined)
            yield from ((each, wanted) for each in found)
            judged += 1
        except NotJudged as reason:
            reasons.append(reason)
    if not judged:
        raise reasons[0] if reasons else NotEnoughData(0, 1, "value to filter by")
