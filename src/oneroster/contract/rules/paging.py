"""Paging: limit, offset, the whole in pages of any size, the total, the end."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, finding, id_list
from oneroster.contract.observation.operation_selectors import all_collections, collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

LARGEST_PAGE: Final = 800
"""Rows; the largest page that the rules of this family ask for."""
MOST_PAGES: Final = 12
"""Pages of one walk; a collection that needs more is judged by its first walk only."""
ENOUGH_TO_MOVE: Final = 4
"""Rows."""
PAGING: Final = frozenset({"limit", "offset"})


def largest_walk(tenant: ObservedTenant, operation: Operation) -> ObservedWalk:
    """The walk of the snapshot that met most rows, read to its end.

    Raises ``NotExercised`` when there is none with at least two rows: one row has no pages.
    """
    walks = [found for found in tenant.walks(operation) if found.complete]
    largest = max(walks, key=len, default=None)
    if largest is None:
        raise NotExercised("the collection was not read to its end")
    if len(largest) < 2:
        raise NotExercised("it takes two rows to see pages")
    return largest


def third(count: int) -> int:
    """A page size that cuts this many rows into three pages, the last one shorter where it can be."""
    return min(-(-count // 3), LARGEST_PAGE)


def half(count: int) -> int:
    """A page size that cuts this many rows into two uneven pages."""
    return min(count // 2 + 1, LARGEST_PAGE)


def page(tenant: ObservedTenant, found: ObservedWalk, limit: int, offset: int) -> ParsedResponse:
    """One page of a walked collection.

    Raises ``NotExercised`` when the answer does not hold a page.
    """
    reading = tenant.ask(found.operation, found.values, {"limit": limit, "offset": offset})
    if reading.problem is not None:
        raise NotExercised(f"{reading.exchange.request}: {reading.problem}")
    return reading


def sized_walks(tenant: ObservedTenant, found: ObservedWalk) -> list[ObservedWalk]:
    """The collection again, in pages of two sizes.

    Raises ``NotExercised`` when that would take too many requests, or a page could not be read.
    """
    walks: list[ObservedWalk] = []
    for size in dict.fromkeys((third(len(found)), half(len(found)))):
        if len(found) > size * MOST_PAGES:
            raise NotExercised(f"{len(found)} rows are too many to read again in small pages")
        again = walk(
            tenant.ask, found.operation, found.values, limit=size, max_rows=2 * len(found), max_pages=2 * MOST_PAGES
        )
        if again.stopped and len(again) < len(found):
            raise NotExercised(f"pages of {size} rows: {again.stopped}")
        walks.append(again)
    return walks


@rule(
    "OR-PAG-01",
    family="paging",
    title="No page is larger than the limit, and a page that was cut says so",
    clause="3.1 limit [A]",
    example="limit=10 brings 25 rows, or 8 rows without a total and without a next link",
    fix="cut the page at the limit; where the server's own maximum is smaller, send X-Total-Count and a next link",
    over=all_collections,
)
def limit_honoured(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    page(tenant, found, third(len(found)), 0)
    for reading in tenant.readings(operation):
        limit, offset = reading.query.get("limit"), reading.query.get("offset", 0)
        if reading.problem is not None or reading.values != found.values or not isinstance(limit, int):
            continue
        received = len(reading.rows)
        if received > limit:
            yield finding(f"limit={limit} brought {received} rows", reading)
            return
        more = received < limit and int(offset) + received < len(found) and received > 0
        if more and reading.total is None and reading.next_link is None:
            # The standard names no largest page, so cutting is allowed; a reader must only be able to see it.
            yield finding(
                f"limit={limit} brought {received} rows though more follow, without X-Total-Count or a next link",
                reading,
                level=Level.SHOULD,
            )
            return


@rule(
    "OR-PAG-02",
    family="paging",
    title="The offset moves the page",
    clause="3.1 offset [A]",
    example="offset=20 brings the same rows as offset=0",
    fix="skip as many rows as the offset says, in the order of the answer, before the page is cut",
    over=all_collections,
    needs=("OR-PAG-01",),
)
def offset_honoured(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    if len(found) < ENOUGH_TO_MOVE:
        raise NotExercised(
            f"it takes {ENOUGH_TO_MOVE} rows to tell an offset that is ignored from one that is off by one"
        )
    size = third(len(found))
    first, second = page(tenant, found, size, 0), page(tenant, found, size, size)
    if not second.rows:
        yield finding(f"offset={size} brought no row although the collection holds {len(found)}", second)
    elif second.ids == first.ids[: len(second.ids)]:
        yield finding(f"offset={size} brought the rows of offset=0 again", second, second.ids)


@rule(
    "OR-PAG-03",
    family="paging",
    title="Pages of any size together hold every row",
    clause="3.1 limit and offset [A]",
    example="40 rows in one page, but 39 in pages of 14",
    fix="order every answer by a unique property such as sourcedId before limit and offset are applied",
    over=collections,
    needs=("OR-PAG-01", "OR-PAG-02", "OR-PAG-04"),
)
def union_is_whole(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    whole = set(found.ids)
    for again in sized_walks(tenant, found):
        pages = set(again.ids)
        if pages != whole:
            lost, gained = sorted(map(str, whole - pages)), sorted(map(str, pages - whole))
            told = [f"{count_of(len(lost), 'row')} lost ({id_list(lost)})"] if lost else []
            told += [f"{count_of(len(gained), 'row')} gained ({id_list(gained)})"] if gained else []
            yield finding(f"read in pages of {again.limit}: {' and '.join(told)}", again.pages[0], lost or gained)
            return


@rule(
    "OR-PAG-04",
    family="paging",
    title="No row comes twice in the pages of one walk",
    clause="3.1 limit and offset [A]",
    example="the last row of a page comes again as the first of the next",
    fix="order every answer by a unique property, and count the offset from 0",
    over=collections,
    needs=("OR-PAG-01", "OR-PAG-02"),
)
def no_row_twice(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = largest_walk(tenant, operation)
    for again in (found, *sized_walks(tenant, found)):
        repeated = on_several(again.pages)
        if repeated:
            rows = f"{count_of(len(repeated), 'row')} on more than one page ({id_list(repeated)})"
            message = f"read in pages of {again.limit}: {rows}"
            yield finding(message, again.pages[0], repeated)
            return


def on_several(pages: list[ParsedResponse]) -> list[str]:
    """The ids that stand on more than one page; twice on the same page is another rule's matter."""
    met = Counter(name for reading in pages for name in set(reading.ids) if name is not None)
    return [name for name, count in met.items() if count > 1]


@rule(
    "OR-PAG-05",
    family="paging",
    title="X-Total-Count, where it is sent, is the number of rows",
    clause="4 X-Total-Count, value [A]",
    example="X-Total-Count is 41 where 40 rows can be read",
    fix="count the rows that the request selects over all pages, not the page and not the table",
    over=all_collections,
    needs=("OR-PAG-02", "OR-PAG-03", "OR-PAG-04"),
)
@confirmed
def total_is_right(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    walks = [found for found in tenant.walks(operation) if found.complete]
    counts = {tuple(found.values.items()): len(found) for found in walks}
    sent = False
    for reading in tenant.readings(operation):
        count = counts.get(tuple(reading.values.items()))
        if count is None or reading.problem is not None or not reading.query.keys() <= PAGING:
            continue
        header = reading.exchange.headers.get("X-Total-Count")
        sent = sent or header is not None
        if header is not None and reading.total is None:
            yield finding("X-Total-Count is not a whole number", reading)
            return
        if reading.total is not None and reading.total != count:
            yield finding(f"X-Total-Count is {reading.total}, the collection holds {count} rows", reading)
            return
    if not sent:
        raise NotExercised("X-Total-Count is not sent")


@rule(
    "OR-PAG-07",
    family="paging",
    title="Past the end there is 200 and an empty array",
    clause="3.3 offset beyond the end [B]",
    example="offset=5000 of 40 rows is answered with 404",
    fix="answer 200 with an empty array; that is where a reader's loop ends",
    over=collections,
    needs=("OR-PAG-02",),
)
def past_the_end(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    if not found.complete:
        raise NotExercised(f"the collection was not read to its end ({found.stopped})")
    size = third(max(len(found), 1))
    page(tenant, found, size, 0)
    beyond = tenant.ask(operation, {}, {"limit": size, "offset": len(found) + 5})
    if beyond.problem is not None:
        yield finding(f"past the end: {beyond.problem}", beyond)
    elif beyond.rows:
        yield finding(f"past the end: {count_of(len(beyond.rows), 'row')}", beyond, beyond.ids)
