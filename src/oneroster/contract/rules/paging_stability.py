"""Paging rules on the default page size, a stable order of rows, and totals under a sort or filter."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from oneroster.contract.errors import BeyondBudget, ExplainedBy, NotEnoughData, NotJudged, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.combined_requests import combined
from oneroster.contract.observation.evidence import count_of, evidence_of, finding, id_list
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.obstacles import obstacle
from oneroster.contract.observation.operation_selectors import all_collections, collections, turn_of
from oneroster.contract.observation.probe_values import largest_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import filtered_walk
from oneroster.contract.rules.paging import (
    MOST_PAGES,
    ids_on_several_pages,
    largest_walk,
    read_page,
    size_for_three_pages,
    walks_in_smaller_pages,
)
from oneroster_runtime.specification import Operation

ACTIVE: Final = "active"
SELECTING: Final = ("OR-FLT-01", "OR-SRT-01", "OR-SRT-02", "OR-CMB-01")
"""Rules on the rows that a filter and a sort return."""
FIELD_WITH_TIES: Final = "status"
"""Every record has it and it has two values, so no field has more ties."""


@rule(
    "OR-PAG-08",
    family="paging",
    harm=Harm.FORM,
    title="Without limit and offset, a page has the first 100 rows",
    clause="3.1 limit, default; offset, default [A]",
    example="GET /users returns 20 of 400 rows, or all 400",
    fix="use limit=100 when the request has no limit, and offset=0 when it has no offset, whatever else it has",
    over=all_collections,
    needs=("OR-PAG-01",),
)
@confirmed
def default_limit(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    default = operation.default_limit
    for reading, rows in _without_limit(tenant, found):
        received = len(reading.rows)
        # If the server has a smaller maximum page size, its default cannot be larger than that.
        expected = min(default, len(found.pages[0].rows), rows)
        begins = found.ids.index(reading.ids[0]) if reading.ids and reading.ids[0] in found.ids else 0
        asked = int(reading.query.get("offset", 0))
        if begins != asked and "sort" not in reading.query and reading.ids == found.ids[begins : begins + received]:
            message = f"a page begins after {count_of(begins, 'row')}"
            if asked:
                message, seen = f"with offset={asked} and no limit, {message}", evidence_of(reading)
                raise ExplainedBy(("OR-PAG-02",), message, anywhere=True, otherwise=message, evidence=seen)
            yield finding(f"without an offset, {message}", reading)
            return
        is_filtered = "filter" in reading.query
        # Too many rows, and no more than a page has, are a matter of the filter.
        if received != expected and not (is_filtered and expected < received <= default):
            with_ = f" and with {' and '.join(sorted(reading.query))}" if reading.query else ""
            message = (
                f"without a limit{with_}, {received} of {count_of(rows, 'row')} were returned instead of {expected}"
            )
            if is_filtered:
                raise ExplainedBy(SELECTING, message, anywhere=True, otherwise=message, evidence=evidence_of(reading))
            yield finding(message, reading)
            return
    if len(found) <= default:
        raise NotEnoughData(len(found), default + 1, "rows, more than fit on one default page")


def _without_limit(tenant: ObservedTenant, found: ObservedWalk) -> Iterator[tuple[ParsedResponse, int]]:
    """Yield first pages of a collection that were requested without limit and offset, each with the matching rows.

    That of every other collection has no parameter, and those of the others an offset, which needs no limit; a further
    one of the two largest collections has a filter and a sort.
    """
    operation = found.operation
    offset = turn_of(tenant, operation) % 2
    reading = tenant.ask(operation, found.values, {"offset": offset} if offset else {})
    if reading.problem is not None:
        raise obstacle(reading, "OR-PAG-01")
    yield reading, len(found) - offset
    active = [row for row in found.rows if row.get("status") == ACTIVE]
    if found.complete and active and operation in largest_collections(tenant)[:2]:
        query: Query = {"filter": f"status='{ACTIVE}'", "sort": "dateLastModified", "orderBy": "asc"}
        try:
            yield combined(tenant, found, query), len(active)
        except NotJudged:
            # Other rules report a filter that returns no data.
            return


@rule(
    "OR-PAG-09",
    family="paging",
    title="The order of the rows is the same for every request and page size",
    clause="4 Link rules, a last page with a smaller limit [B]",
    example="the row at index 10 with limit=5 differs from the row at index 10 with limit=1000",
    fix="give every query an order without ties, for example by sourcedId, before cutting the page",
    over=collections,
    needs=("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04"),
)
def order_is_kept(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    findings = list(_order_findings(tenant, operation))
    yield from findings
    if not findings and operation in largest_collections(tenant):
        yield from _same_page_again(tenant, operation)


@confirmed
def _order_findings(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    """Yield the first index at which smaller pages contain another row than the larger ones."""
    found = complete_walk(tenant, operation)
    for again in walks_in_smaller_pages(tenant, found):
        indices = enumerate(zip(found.ids, again.ids, strict=False))
        position = next((index for index, (one, other) in indices if one != other), None)
        if position is not None:
            message = (
                f"the row at index {position} differs between pages of {again.limit} and pages of {found.limit} rows"
            )
            yield finding(message, again.pages[0], [found.ids[position], again.ids[position]])
            return


def _same_page_again(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    """Yield a finding if a page returns other rows each time it is requested."""
    found = complete_walk(tenant, operation)
    before = read_page(tenant, found, size_for_three_pages(found), size_for_three_pages(found))
    text = encoded_query(before.query)
    for _ in range(2):
        # One difference may be a change of the data meanwhile; two in a row are not.
        again = tenant.parse(operation, tenant.probe(operation.path, text), {}, before.query)
        if again.problem is not None or again.ids == before.ids:
            return
        before = again
    yield finding("the same page returned different rows on each of 3 requests", before, before.ids)


def complete_walk(tenant: ObservedTenant, operation: Operation) -> ObservedWalk:
    """Return the walk over a collection to its end; during a re-check, it is read again.

    Raises ``NotJudged`` when it was not read to its end, or has fewer than two rows.
    """
    found = tenant.walk(operation)
    if not found.complete:
        raise found.incomplete
    if len(found) < 2:
        raise NotEnoughData(len(found), 2, "rows")
    return found


@rule(
    "OR-PAG-10",
    family="paging",
    title="Pages sorted by a field with ties contain every row exactly once",
    clause="3.1 sort, limit and offset [A]",
    example="sort=status in pages of 14 repeats two rows and loses two others",
    fix="break ties by sourcedId, so that the order of every query is unique",
    stands_on=("parameter sort",),
    over=largest_collections,
    needs=("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04"),
)
@confirmed
def ties_are_stable(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = complete_walk(tenant, operation)
    size = size_for_three_pages(found)
    if len(found) > size * MOST_PAGES:
        raise BeyondBudget(f"the collection has too many rows ({len(found)}) to read again in small pages")

    def ask(operation: Operation, values: Mapping[str, str], window: Query) -> ParsedResponse:
        return tenant.ask(operation, values, {**window, "sort": FIELD_WITH_TIES, "orderBy": "asc"})

    again = walk(ask, operation, {}, limit=size, max_rows=2 * len(found), max_pages=2 * MOST_PAGES)
    if not again.complete:
        raise again.incomplete
    lost = sorted(str(name) for name in set(found.ids) - set(again.ids))
    repeated = sorted(ids_on_several_pages(again.pages))
    if lost or repeated:
        message = f"sorted by {FIELD_WITH_TIES}, pages of {size} rows miss {_rows(lost)}"
        yield finding(f"{message} and repeat {_rows(repeated)}", again.pages[0], lost or repeated)


def _rows(ids: list[str]) -> str:
    return f"{count_of(len(ids), 'row')} ({id_list(ids)})" if ids else "0 rows"


@rule(
    "OR-PAG-11",
    family="paging",
    title="With a filter, X-Total-Count is the number of matching rows",
    clause="4 X-Total-Count, after filter [A]",
    example="filter=status='tobedeleted' returns 2 rows with X-Total-Count 400",
    fix="count the rows after applying the filter",
    stands_on=("header X-Total-Count", "parameter filter"),
    over=collections,
    needs=("OR-PAG-05",),
)
def filtered_total(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = filtered_walk(tenant, operation, "status='tobedeleted'")
    if not found.pages:
        raise found.incomplete
    totals = [reading for reading in found.pages if reading.total is not None]
    if not totals:
        raise NotOffered("X-Total-Count is not sent")
    if not found.complete:
        raise found.incomplete
    changing = next((later for earlier, later in pairwise(totals) if earlier.total != later.total), None)
    if totals[0].total != len(found):
        message = f"with a filter, X-Total-Count is {totals[0].total}, but {count_of(len(found), 'row')} were returned"
        yield finding(message, totals[0])
    elif changing is not None:
        yield finding("with a filter, X-Total-Count differs from page to page", changing)
