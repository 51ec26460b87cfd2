"""Read a collection page by page to its end, without trusting what the server says about its size.

A server that ignores the offset, or returns more rows than the limit, does not page. What it returns for a large limit
is its whole collection, so all other rules are judged on those rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from oneroster.contract.errors import BeyondBudget, ExplainedBy, NoResponseError, NotJudged, Unanswered
from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster.contract.observation.obstacles import obstacle
from oneroster_runtime.specification import Operation

__all__ = ["LARGEST_PAGE", "ROUND", "ObservedWalk", "page_beyond", "walk"]

LARGEST_PAGE: Final = 800
"""Rows; the largest page that rules on paging request."""
ROUND: Final = 10
"""Maximum page sizes of servers are multiples of this."""
REPEATING: Final = ("OR-PAG-02", "OR-PAG-04", "OR-PAG-01", "OR-SEM-10", "OR-SCH-01", "OR-SCH-02")
"""Rules that report a page whose rows were received before."""


class Asking(Protocol):
    """Whatever sends valid requests, such as a tenant under test."""

    def ask(
        self, operation: Operation, values: Mapping[str, str] | None = None, query: dict[str, str | int] | None = None
    ) -> ParsedResponse:
        """Return the response to a valid request."""


Ask = Callable[[Operation, Mapping[str, str], dict[str, str | int]], ParsedResponse]


@dataclass
class ObservedWalk:
    """The pages of one collection, in order.

    Attributes:
        operation: The operation that returns the pages.
        values: The path values.
        limit: The page size that was requested.
        pages: The responses that hold data.
        complete: Whether the rows are the whole collection.
        stopped: Why the end was not reached; empty if it was.
        unpaged: How the server showed that it does not page; empty if it pages. The repeated page is not in ``pages``.
        repeated: The page that repeated earlier rows, or held more rows than its limit; None if the server pages.
        obstacle: The same as the cause for which what needs the whole collection is not judged.
    """

    operation: Operation
    values: dict[str, str]
    limit: int
    pages: list[ParsedResponse] = field(default_factory=list)
    complete: bool = False
    stopped: str = ""
    unpaged: str = ""
    repeated: ParsedResponse | None = None
    obstacle: NotJudged | None = None

    def stop(self, obstacle: NotJudged, text: str) -> None:
        """Note why the end is not reached."""
        self.obstacle, self.stopped = obstacle, text

    @property
    def incomplete(self) -> NotJudged:
        """The cause for which what needs the whole collection is not judged."""
        text = f"{self.operation.operation_id} was not read completely ({self.stopped})"
        match self.obstacle:
            case ExplainedBy(rules=rules, anywhere=anywhere):
                return ExplainedBy(rules, text, self.operation.operation_id, anywhere=anywhere)
            case None:
                return ExplainedBy((), text, self.operation.operation_id)
            case other:
                return type(other)(text)

    @property
    def rows(self) -> list[Record]:
        """The records of all pages, in order."""
        return [row for page in self.pages for row in page.rows]

    @property
    def ids(self) -> list[str | None]:
        """The sourcedIds of all records, in order."""
        return [sourced_id for page in self.pages for sourced_id in page.ids]

    def __len__(self) -> int:
        return sum(len(page.rows) for page in self.pages)

    def is_cut(self, response: ParsedResponse) -> bool:
        """Return whether a response may lack rows because the server shortens pages to the size of the first one."""
        longest = len(self.pages[0].rows) if self.pages else 0
        return longest < min(self.limit, len(self)) and len(response.rows) == longest


def walk(
    ask: Ask,
    operation: Operation,
    values: Mapping[str, str],
    *,
    limit: int,
    max_rows: int,
    max_pages: int,
    trusts_totals: bool = True,
) -> ObservedWalk:
    """Read a collection in pages of ``limit`` rows until its end.

    The offset advances by the rows received, because servers may return smaller pages. Reading goes on until a page is
    empty, unless a short page and X-Total-Count agree that it was the last.

    Args:
        ask: Sends one request.
        operation: The operation that returns the pages.
        values: The path values.
        limit: The page size to request.
        max_rows: Stop after this many rows.
        max_pages: Stop after this many pages.
        trusts_totals: Whether X-Total-Count may end the walk.
    """
    found = ObservedWalk(operation, dict(values), limit)
    seen: set[str | None] = set()
    offset = 0
    while not found.complete and not found.stopped:
        try:
            page = ask(operation, values, {"limit": limit, "offset": offset})
        except NoResponseError as error:
            found.stop(Unanswered(str(error)), str(error))
            break
        if page.problem is not None:
            # Some servers return 204 or 404 past the end.
            found.complete = offset > 0 and page.exchange.status in (204, 404)
            if not found.complete:
                found.stop(obstacle(page, "OR-PAG-07"), page.problem)
            break
        if page.rows and seen.issuperset(page.ids):
            _end_at_repetition(found, page, ask, trusts_totals=trusts_totals)
            break
        found.pages.append(page)
        offset += len(page.rows)
        if len(page.rows) > limit and not found.unpaged:
            found.unpaged, found.repeated = f"limit={limit} returned {len(page.rows)} rows", page
        if not page.rows or (trusts_totals and len(page.rows) < limit and page.total == offset):
            found.complete = True
        elif offset >= max_rows or len(found.pages) >= max_pages:
            text = f"more than {offset} rows"
            found.stop(BeyondBudget(text), text)
        seen.update(page.ids)
    return found


def page_beyond(tenant: Asking, found: ObservedWalk) -> ParsedResponse:
    """Return the response to an offset beyond the last row of a collection."""
    size = min(-(-max(len(found), 1) // 3), LARGEST_PAGE, found.limit)
    return tenant.ask(found.operation, found.values, {"limit": size, "offset": len(found) + 5})


def _heeds_a_limit(found: ObservedWalk, ask: Ask) -> bool:
    """Return whether a server may have cut the first page: of the default size, with a larger total, or by a limit.

    A server that ignores the limit as well as the offset has no way to return the rows beyond its page.
    """
    first = found.pages[0]
    rows = len(first.rows)
    if rows == found.operation.default_limit or (first.total is not None and first.total > rows):
        return True
    smaller = max(rows // 3, 1)
    try:
        page = ask(found.operation, found.values, {"limit": smaller, "offset": 0})
    except NoResponseError:
        return True
    return page.problem is not None or len(page.rows) <= smaller


def _end_at_repetition(found: ObservedWalk, page: ParsedResponse, ask: Ask, *, trusts_totals: bool) -> None:
    """End a walk at a page that holds only rows of earlier pages.

    If a server ignores the offset, its first page is the whole collection, unless the page was cut: at the limit, or at
    a round number that the server may have as its maximum.
    """
    found.unpaged, found.repeated = "a page holds only rows of earlier pages", page
    first = found.pages[0]
    rows = len(first.rows)
    whole = len(found.pages) == 1 and rows != found.limit
    cut = rows < found.limit and rows % ROUND == 0 and not (trusts_totals and first.total == rows)
    found.complete = whole and not (cut and _heeds_a_limit(found, ask))
    if not found.complete:
        found.stop(ExplainedBy(REPEATING, found.unpaged), found.unpaged)
