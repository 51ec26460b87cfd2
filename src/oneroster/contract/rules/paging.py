"""Paging rules: limit, offset, pages of different sizes, X-Total-Count, and offsets beyond the end."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import BeyondBudget, ExplainedBy, NotEnoughData, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import ParsedResponse, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, evidence_of, finding, id_list
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import obstacle
from oneroster.contract.observation.operation_selectors import all_collections, collections
from oneroster.contract.observation.probe_values import largest_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import REJECTING, TOO_LARGE
from oneroster.contract.observation.walk import LARGEST_PAGE, ObservedWalk, page_beyond, walk
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.foreign_rows import altered_rows
from oneroster_runtime.specification import Operation

MOST_PAGES: Final = 40
"""Pages of one walk; a collection that needs more is not read again in smaller pages."""
MIN_ROWS_FOR_OFFSET: Final = 4
"""Rows with which small pages show an ignored offset; with fewer, a page that repeats one row looks the same."""
LARGE_ENOUGH: Final = 100
"""Rows of a page that holds fewer rows than `MIN_ROWS_FOR_OFFSET` for sure, the default page size."""
PAGING_PARAMETERS: Final = frozenset({"limit", "offset"})


def largest_walk(tenant: ObservedTenant, operation: Operation) -> ObservedWalk:
    """Return the walk of the snapshot with the most rows, among those read to their end or not paged.

    Raises ``NotJudged`` when no walk has at least two rows, which paging needs.
    """
    walks = [found for found in tenant.walks(operation) if found.complete or found.unpaged]
    largest = max(walks, key=len, default=None)
    if largest is None:
        raise next(iter(tenant.walks(operation))).incomplete
    if len(largest) < 2:
        raise NotEnoughData(len(largest), 2, "rows")
    return largest


def size_for_three_pages(found: ObservedWalk) -> int:
    """Return a page size that divides a collection into three pages, the last one shorter if possible."""
    return min(-(-max(len(found), 1) // 3), _smaller_than_served(found))


def size_for_two_pages(found: ObservedWalk) -> int:
    """Return a page size that divides a collection into two pages of different lengths."""
    return min(len(found) // 2 + 1, _smaller_than_served(found))


def _smaller_than_served(found: ObservedWalk) -> int:
    """Return the largest page size that makes other pages than those of a walk, if the server shortens pages."""
    served = len(found.pages[0].rows) if len(found.pages) > 1 else found.limit
    return max(1, min(LARGEST_PAGE, found.limit, served - served // 5))


def read_page(tenant: ObservedTenant, found: ObservedWalk, limit: int, offset: int) -> ParsedResponse:
    """Return one page of a collection that was walked.

    Raises ``NotJudged`` when the response contains no page.
    """
    reading = tenant.ask(found.operation, found.values, {"limit": limit, "offset": offset})
    if reading.problem is not None:
        raise obstacle(reading)
    return reading


def walks_in_smaller_pages(tenant: ObservedTenant, found: ObservedWalk) -> list[ObservedWalk]:
    """Read the collection again in pages of two other sizes.

    Raises ``NotJudged`` when that needs too many requests, or a page could not be read.
    """
    walks: list[ObservedWalk] = []
    for size in dict.fromkeys((size_for_three_pages(found), size_for_two_pages(found))):
        if len(found) > size * MOST_PAGES:
            raise BeyondBudget(f"{len(found)} rows are too many to read again in small pages")
        again = walk(
            tenant.ask, found.operation, found.values, limit=size, max_rows=2 * len(found), max_pages=2 * MOST_PAGES
        )
        if again.stopped and not again.unpaged and len(again) < len(found):
            raise again.incomplete
        walks.append(again)
    return walks


@rule(
    "OR-PAG-01",
    family="paging",
    title="A page has at most limit rows, and a shortened page says that more follow",
    clause="3.1 limit [A]",
    example="limit=10 returns 25 rows, or returns 8 rows without X-Total-Count and without a next link although "
    "more follow",
    fix="return at most limit rows; if the server has a smaller maximum, send X-Total-Count and a next link",
    over=all_collections,
)
def limit_honoured(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    read_page(tenant, found, size_for_three_pages(found), 0)
    if operation.scope is None:
        # The smallest page, as of a client that asks for the total only.
        read_page(tenant, found, 1, 0)
    if (refused := _refused_default(tenant, found)) is not None:
        text = f"limit={refused.query['limit']} is rejected with HTTP {refused.exchange.status}"
        yield finding(f"{text}, although it is the default; the collection has {count_of(len(found), 'row')}", refused)
        return
    for reading in tenant.readings(operation):
        limit, offset = reading.query.get("limit"), reading.query.get("offset", 0)
        if reading.exchange.status in TOO_LARGE and reading.query.keys() <= PAGING_PARAMETERS:
            message = (
                f"limit={limit} is rejected with HTTP {reading.exchange.status}, although no source sets a maximum"
            )
            yield finding(message, reading, level=Level.SHOULD, uncertain="the largest limit")
            return
        if reading.problem is not None or reading.values != found.values or not isinstance(limit, int):
            continue
        received = len(reading.rows)
        if received > limit:
            yield finding(f"limit={limit} returned {received} rows", reading)
            return
        if not received and not reading.query.get("offset") and reading.query.keys() <= PAGING_PARAMETERS:
            message = f"limit={limit} returned no rows although the collection has {len(found)}"
            yield finding(message, reading)
            return
        more = received < limit and int(offset) + received < len(found) and received > 0
        if more and reading.total is None and reading.next_link is None:
            # The standard sets no maximum page size, so a server may shorten pages; a client must be able to notice.
            yield finding(
                f"limit={limit} returned {received} rows although more follow, but no X-Total-Count or next link",
                reading,
                level=Level.SHOULD,
                uncertain="how a shortened page is announced",
            )
            return


def _refused_default(tenant: ObservedTenant, found: ObservedWalk) -> ParsedResponse | None:
    """Return the rejected response to the first page of a walk with a limit that is no larger than the default."""
    for reading in tenant.readings(found.operation):
        limit = reading.query.get("limit")
        is_first = reading.values == found.values and reading.query == {"limit": limit, "offset": 0}
        is_small = isinstance(limit, int) and limit <= found.operation.default_limit
        if is_first and is_small and reading.exchange.status in REJECTING:
            return reading
    return None


@rule(
    "OR-PAG-02",
    family="paging",
    title="The offset moves the start of the page",
    clause="3.1 offset [A]",
    example="offset=20 returns the same rows as offset=0",
    fix="skip offset rows, in the order of the response, before cutting the page",
    over=all_collections,
)
def offset_honoured(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    repeated = [found.repeated for found in tenant.walks(operation) if found.repeated is not None and found.stopped]
    # Rows without an id cannot be told apart; the schema rules report them.
    if repeated and any(repeated[0].ids):
        yield finding(
            f"offset={repeated[0].query.get('offset')} returned only rows of earlier pages",
            repeated[0],
            repeated[0].ids,
        )
        return
    found = largest_walk(tenant, operation)
    few = len(found) < MIN_ROWS_FOR_OFFSET
    size = LARGE_ENOUGH if few else size_for_three_pages(found)
    offset = 1 if few else size
    first, second = read_page(tenant, found, size, 0), read_page(tenant, found, size, offset)
    if few and second.rows and second.ids == first.ids[offset:]:
        # Of rows that are the same record, those that are left look like those before.
        return
    if not second.rows:
        cause = f": {second.envelope_problem}" if second.envelope_problem else ""
        yield finding(f"offset={offset} returned no rows although the collection has {len(found)}{cause}", second)
    elif set(second.ids) == set(first.ids) or (not few and second.ids == first.ids[: len(second.ids)]):
        yield finding(f"offset={offset} returned the same rows as offset=0", second, second.ids)
    elif not few and operation in largest_collections(tenant) and (rounded := _rounded(tenant, found, size, first)):
        yield rounded
    elif found.complete and found.pages:
        yield from _rows_beyond(tenant, found)


def _rows_beyond(tenant: ObservedTenant, found: ObservedWalk) -> Iterator[Finding]:
    """Yield a finding if there are rows beyond the total; that of a collection that has grown is larger as well."""
    beyond = page_beyond(tenant, found)
    if beyond.rows and beyond.total is not None and beyond.total <= int(beyond.query["offset"]):
        text = f"offset={beyond.query['offset']} returned rows although the collection has {beyond.total}"
        yield finding(text, beyond, beyond.ids)


def _rounded(tenant: ObservedTenant, found: ObservedWalk, size: int, first: ParsedResponse) -> Finding | None:
    """Return a finding if an offset within the first page, which is not a multiple of its size, has no effect."""
    within = read_page(tenant, found, size, size - 1)
    if within.rows and within.ids == first.ids[: len(within.ids)]:
        message = f"offset={size - 1} returned the same rows as offset=0: it is rounded to a multiple of the limit"
        return finding(message, within, within.ids)
    return None


@rule(
    "OR-PAG-03",
    family="paging",
    title="Pages of any size together contain every row",
    clause="3.1 limit and offset [A]",
    example="the collection has 40 rows, but pages of 14 return only 39 of them",
    fix="order every query by a unique property such as sourcedId before applying limit and offset",
    over=collections,
    needs=("OR-PAG-02", "OR-PAG-04"),
)
@confirmed
def union_is_whole(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    whole = set(found.ids)
    for again in walks_in_smaller_pages(tenant, found):
        pages = set(again.ids)
        if pages != whole:
            lost, gained = sorted(map(str, whole - pages)), sorted(map(str, pages - whole))
            parts = [f"{count_of(len(lost), 'row')} missing ({id_list(lost)})"] if lost else []
            parts += [f"{count_of(len(gained), 'row')} in addition ({id_list(gained)})"] if gained else []
            message = f"pages of {again.limit} rows differ from the collection: {', '.join(parts)}"
            yield finding(message, again.pages[0], lost or gained)
            return
        known = {name: row for row in found.rows if (name := identity(row)) is not None}
        if changed := list(altered_rows(tenant, again.pages[0], again.rows, known, f"pages of {again.limit} rows")):
            yield from changed
            return


@rule(
    "OR-PAG-04",
    family="paging",
    title="No row appears on more than one page",
    clause="3.1 limit and offset [A]",
    example="the last row of a page is repeated as the first row of the next page",
    fix="order every query by a unique property, and count the offset from 0",
    over=collections,
    needs=("OR-PAG-01", "OR-PAG-02"),
)
def no_row_twice(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    for again in (found, *walks_in_smaller_pages(tenant, found)):
        repeated = ids_on_several_pages([*again.pages, *([again.repeated] if again.repeated else [])])
        if repeated:
            rows = f"{count_of(len(repeated), 'row')} on more than one page ({id_list(repeated)})"
            message = f"pages of {again.limit} rows contain {rows}"
            yield finding(message, again.pages[0], repeated)
            return


def ids_on_several_pages(pages: list[ParsedResponse]) -> list[str]:
    """Return the ids that are on more than one page; OR-SEM-10 checks for repetition within a page."""
    seen = Counter(name for reading in pages for name in set(reading.ids) if name is not None)
    return [name for name, count in seen.items() if count > 1]


@rule(
    "OR-PAG-05",
    family="paging",
    title="X-Total-Count, if sent, is the number of rows",
    clause="4 X-Total-Count, value [A]",
    example="X-Total-Count is 41, but the collection has 40 rows",
    fix="count the rows that match the request over all pages, not the rows of the page or of the table",
    stands_on=("header X-Total-Count",),
    over=all_collections,
)
@confirmed
def total_is_right(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    walks = {tuple(found.values.items()): found for found in tenant.walks(operation)}
    sent, unread = False, None
    for reading in tenant.readings(operation):
        found = walks.get(tuple(reading.values.items()))
        if found is None or reading.problem is not None or not reading.query.keys() <= PAGING_PARAMETERS:
            continue
        header = reading.exchange.headers.get("X-Total-Count")
        sent = sent or header is not None
        if header is not None and reading.total is None:
            yield finding("X-Total-Count is not a non-negative integer", reading)
            return
        if not found.complete:
            # Of a collection that cannot be read to its end, only the rows that were received are known.
            unread = unread or (found if header is not None else None)
            continue
        if reading.total is not None and reading.total != len(found):
            rows = count_of(len(found), "row")
            yield finding(f"X-Total-Count is {reading.total}, but the collection has {rows}", reading)
            return
    if not sent:
        raise NotOffered("X-Total-Count is not sent")
    if unread is not None:
        below = list(_total_below_the_rows(tenant, unread))
        if not below:
            raise unread.incomplete
        yield from below


def _total_below_the_rows(tenant: ObservedTenant, found: ObservedWalk) -> Iterator[Finding]:
    """Yield a finding if more rows than are announced are received in one order or another."""
    query: dict[str, str | int] = {"limit": found.limit, "offset": 0, "sort": "sourcedId", "orderBy": "desc"}
    last = tenant.ask(found.operation, found.values, query)
    seen = {name for name in (*found.ids, *last.ids) if name is not None}
    if last.total is not None and last.total < len(seen):
        yield finding(f"X-Total-Count is {last.total}, but {len(seen)} different rows were received", last)


@rule(
    "OR-PAG-07",
    family="paging",
    harm=Harm.FORM,
    title="An offset beyond the end returns 200 and an empty array",
    clause="3.3 offset beyond the end [B]",
    example="offset=5000 on a collection of 40 rows returns 404",
    fix="return 200 with an empty array, which ends the paging loop of a client",
    over=all_collections,
    needs=("OR-ENV-06",),
)
def beyond_the_end(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    if not found.complete:
        raise found.incomplete
    size = size_for_three_pages(found)
    read_page(tenant, found, size, 0)
    beyond = page_beyond(tenant, found)
    if beyond.problem is not None:
        yield finding(f"an offset beyond the last row: {beyond.problem}", beyond)
    elif beyond.rows:
        text = f"an offset beyond the last row returned {count_of(len(beyond.rows), 'row')} instead of an empty array"
        if operation.scope is not None:
            # Of one or two rows, no other rule can tell that the offset is ignored.
            raise ExplainedBy(("OR-PAG-02",), text, anywhere=True, otherwise=text, evidence=evidence_of(beyond))
        yield finding(text, beyond, beyond.ids, symptom_of=("OR-PAG-02",))
