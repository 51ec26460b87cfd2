"""Paging: whether the rows keep their places, whatever the page, the sort and the filter."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import count_of, finding, id_list
from oneroster.contract.observation.operation_selectors import collections
from oneroster.contract.observation.probe_values import complete_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.tenant import ObservedTenant, Query
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import narrowed
from oneroster.contract.rules.paging import MOST_PAGES, largest_walk, on_several, page, sized_walks, third
from oneroster_runtime.specification import Operation

DEFAULT_LIMIT: Final = 100
"""Rows of a page when the request does not say."""
SUBJECTS: Final = 4
TIED: Final = "status"
"""Every record has it and there are two values of it: nothing ties more rows."""


def largest(tenant: ObservedTenant) -> list[Operation]:
    """The few collections with most rows, no two of one element."""
    sized = sorted(complete_collections(tenant), key=lambda each: len(each[1]), reverse=True)
    return [operation for operation, _ in sized[:SUBJECTS]]


@rule(
    "OR-PAG-08",
    family="paging",
    title="Without a limit a page has 100 rows",
    clause="3.1 limit, default [A]",
    example="GET /users brings 20 of 400 rows, or all of them",
    fix="take limit=100 when the request does not say",
    over=largest,
    needs=("OR-PAG-01",),
)
def default_limit(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    reading = tenant.ask(operation, {}, {})
    if reading.problem is not None:
        raise NotExercised(f"{reading.exchange.request}: {reading.problem}")
    received = len(reading.rows)
    # A server may cut every page; then its default can be no larger than what it gives when it is asked for more.
    expected = min(DEFAULT_LIMIT, len(found.pages[0].rows))
    if received != expected:
        yield finding(
            f"without a limit {count_of(received, 'row')} of {len(found)} come instead of {expected}", reading
        )
    elif len(found) <= DEFAULT_LIMIT:
        raise NotExercised(f"{len(found)} rows all stand on one page of the default size")


@rule(
    "OR-PAG-09",
    family="paging",
    title="The rows stand in the same order each time, whatever the size of the page",
    clause="4 Link rules, a last page with a smaller limit [B]",
    example="the row with index 10 is another one when the limit is 5 than when it is 1000",
    fix="give every query an order that leaves no ties, as by sourcedId, before it is cut",
    over=collections,
    needs=("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04"),
)
def order_is_kept(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    told = list(_other_order(tenant, operation))
    yield from told
    if not told and operation in largest(tenant):
        yield from _same_page_again(tenant, operation)


@confirmed
def _other_order(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    """Where the order of the small pages departs from that of the large ones."""
    found = walked(tenant, operation)
    for again in sized_walks(tenant, found):
        indices = enumerate(zip(found.ids, again.ids, strict=False))
        place = next((index for index, (one, other) in indices if one != other), None)
        if place is not None:
            message = f"in pages of {again.limit} another row has the index {place} than in pages of {found.limit}"
            yield finding(message, again.pages[0], [found.ids[place], again.ids[place]])
            return


def _same_page_again(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    """Whether a page that was read before brings other rows now, and other ones again right after."""
    found = walked(tenant, operation)
    before = page(tenant, found, third(len(found)), third(len(found)))
    text = encoded_query(before.query)
    for _ in range(2):
        # One difference may be a change of the data in the meantime; two in a row are none.
        again = tenant.parse(operation, tenant.probe(operation.path, text), {}, before.query)
        if again.problem is not None or again.ids == before.ids:
            return
        before = again
    yield finding("the same page, asked for again, brings other rows each time", before, before.ids)


def walked(tenant: ObservedTenant, operation: Operation) -> ObservedWalk:
    """The walk over a collection to its end; at a second look it is done anew.

    Raises ``NotExercised`` when it was not read to its end, or has fewer than two rows.
    """
    found = tenant.walk(operation)
    if not found.complete or len(found) < 2:
        raise NotExercised("the collection has too few rows, or was not read to its end")
    return found


@rule(
    "OR-PAG-10",
    family="paging",
    title="Sorted by a field with ties, the pages together hold every row once",
    clause="3.1 sort, limit and offset [A]",
    example="sort=status in pages of 14 brings two rows twice and loses two others",
    fix="break ties of the sort by sourcedId, so that every query has one order",
    over=largest,
    needs=("OR-PAG-01", "OR-PAG-02", "OR-PAG-03", "OR-PAG-04"),
)
@confirmed
def ties_are_stable(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = walked(tenant, operation)
    size = third(len(found))
    if len(found) > size * MOST_PAGES:
        raise NotExercised(f"{len(found)} rows are too many to read again in small pages")

    def ask(operation: Operation, values: Mapping[str, str], window: Query) -> ParsedResponse:
        return tenant.ask(operation, values, {**window, "sort": TIED, "orderBy": "asc"})

    again = walk(ask, operation, {}, limit=size, max_rows=2 * len(found), max_pages=2 * MOST_PAGES)
    if not again.complete:
        raise NotExercised(f"sorted pages of {size} rows: {again.stopped}")
    lost = sorted(str(name) for name in set(found.ids) - set(again.ids))
    repeated = sorted(on_several(again.pages))
    if lost or repeated:
        message = f"sorted by {TIED} in pages of {size}: {count_of(len(lost), 'row')} lost ({id_list(lost)})"
        yield finding(
            f"{message}, {len(repeated)} on more than one page ({id_list(repeated)})", again.pages[0], lost or repeated
        )


@rule(
    "OR-PAG-11",
    family="paging",
    title="With a filter X-Total-Count is the number of rows that pass it",
    clause="4 X-Total-Count, after filter [A]",
    example="filter=status='tobedeleted' brings 2 rows and X-Total-Count 400",
    fix="count after the filter is applied",
    over=collections,
    needs=("OR-PAG-02", "OR-PAG-05"),
)
def filtered_total(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = narrowed(tenant, operation, "status='tobedeleted'")
    if not found.pages:
        raise NotExercised(f"no filtered page could be read ({found.stopped})")
    totals = [reading for reading in found.pages if reading.total is not None]
    if not totals:
        raise NotExercised("X-Total-Count is not sent")
    if not found.complete:
        raise NotExercised(f"the filtered rows were not read to their end ({found.stopped})")
    changing = next((later for earlier, later in pairwise(totals) if earlier.total != later.total), None)
    if totals[0].total != len(found):
        message = f"with a filter X-Total-Count is {totals[0].total}, and {count_of(len(found), 'row')} come"
        yield finding(message, totals[0])
    elif changing is not None:
        yield finding("X-Total-Count changes from page to page under a filter", changing)
