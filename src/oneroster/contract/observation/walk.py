"""Reading one collection from its first row to its last, without trusting anything the server says about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from oneroster.contract.errors import NoAnswerError
from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster_v1p1.tables import Operation

__all__ = ["ObservedWalk", "walk"]

Ask = Callable[[Operation, Mapping[str, str], dict[str, str | int]], ParsedResponse]


@dataclass
class ObservedWalk:
    """The pages of one collection, in order.

    ``complete`` says that the end was reached; otherwise ``stopped`` says why not.
    """

    operation: Operation
    values: dict[str, str]
    limit: int
    pages: list[ParsedResponse] = field(default_factory=list)
    complete: bool = False
    stopped: str = ""

    @property
    def rows(self) -> list[Record]:
        """All records, page after page."""
        return [row for page in self.pages for row in page.rows]

    @property
    def ids(self) -> list[str | None]:
        """The sourcedIds of all records, page after page."""
        return [sourced_id for page in self.pages for sourced_id in page.ids]

    def __len__(self) -> int:
        return sum(len(page.rows) for page in self.pages)


def walk(
    ask: Ask, operation: Operation, values: Mapping[str, str], *, limit: int, most_rows: int, most_pages: int
) -> ObservedWalk:
    """Read a collection in pages of ``limit`` rows until its end, at most ``most_rows`` rows in ``most_pages`` pages.

    It advances by the rows received, not by those asked for, because servers cut pages; and it asks on until a page is
    empty, unless a short page and the total agree that it was the last.
    """
    found = ObservedWalk(operation, dict(values), limit)
    seen: set[str | None] = set()
    offset = 0
    while not found.complete and not found.stopped:
        try:
            page = ask(operation, values, {"limit": limit, "offset": offset})
        except NoAnswerError as error:
            found.stopped = str(error)
            break
        if page.fault is not None:
            # Some servers answer 204 or 404 past the end: there is nothing more, however they put it.
            found.complete = offset > 0 and page.exchange.status in (204, 404)
            found.stopped = "" if found.complete else page.fault
            break
        found.pages.append(page)
        offset += len(page.rows)
        if not page.rows or (len(page.rows) < limit and page.total == offset):
            found.complete = True
        elif seen.issuperset(page.ids):
            found.stopped = "a page brought only rows that were there before"
        elif offset >= most_rows or len(found.pages) >= most_pages:
            found.stopped = f"more than {offset} rows"
        seen.update(page.ids)
    return found
