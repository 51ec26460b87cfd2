"""Read a collection page by page to its end, without trusting what the server says about its size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from oneroster.contract.errors import NoResponseError
from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster_runtime.specification import Operation

__all__ = ["ObservedWalk", "walk"]

Ask = Callable[[Operation, Mapping[str, str], dict[str, str | int]], ParsedResponse]


@dataclass
class ObservedWalk:
    """The pages of one collection, in order.

    Attributes:
        operation: The operation that returns the pages.
        values: The path values.
        limit: The page size that was requested.
        pages: The responses that hold data.
        complete: Whether the end was reached.
        stopped: Why the end was not reached; empty if it was.
    """

    operation: Operation
    values: dict[str, str]
    limit: int
    pages: list[ParsedResponse] = field(default_factory=list)
    complete: bool = False
    stopped: str = ""

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


def walk(
    ask: Ask, operation: Operation, values: Mapping[str, str], *, limit: int, max_rows: int, max_pages: int
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
    """
    found = ObservedWalk(operation, dict(values), limit)
    seen: set[str | None] = set()
    offset = 0
    while not found.complete and not found.stopped:
        try:
            page = ask(operation, values, {"limit": limit, "offset": offset})
        except NoResponseError as error:
            found.stopped = str(error)
            break
        if page.problem is not None:
            # Some servers return 204 or 404 past the end.
            found.complete = offset > 0 and page.exchange.status in (204, 404)
            found.stopped = "" if found.complete else page.problem
            break
        found.pages.append(page)
        offset += len(page.rows)
        if not page.rows or (len(page.rows) < limit and page.total == offset):
            found.complete = True
        elif seen.issuperset(page.ids):
            found.stopped = "a page holds only rows of earlier pages"
        elif offset >= max_rows or len(found.pages) >= max_pages:
            found.stopped = f"more than {offset} rows"
        seen.update(page.ids)
    return found
