"""What a walk requests and receives, and how collections are read."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from oneroster.errors import PagingError, UnstableCollectionError

__all__ = ["DEFAULT_LIMIT", "PageRequest", "Paging", "ReceivedPage", "Unstable"]

DEFAULT_LIMIT: Final = 100
"""The rows of a page without a limit (3.1 limit [A])."""


class Paging(NamedTuple):
    """How collections are read.

    Attributes:
        limit: Rows to request per page.
        windows: Pages to request at the same time, once the server has been seen to honour limit and total and the
            client mostly waits for it. 1 requests one page after the other.
        trust_total: False for servers whose X-Total-Count is known to be wrong (some count before the filter).
        max_requests: Requests after which a collection is considered endless.
        adaptive: Whether to start with one page at a time, and to go up to twice as many windows if the client still
            waits. False uses exactly `windows`.
        accept_duplicates: Whether to accept rows with the same sourcedId and different content. The first is kept.
            Rows with the same content are always accepted.
    """

    limit: int = 1000
    windows: int = 4
    trust_total: bool = True
    max_requests: int = 100_000
    adaptive: bool = True
    accept_duplicates: bool = False


class PageRequest(NamedTuple):
    """One page to request, or one record.

    Attributes:
        offset: The index of the first row.
        limit: The number of rows.
        sorted: Whether to request ``sort=sourcedId``.
        cursor: The query of a ``next`` link, which replaces offset and limit.
        repeats: How often this page was requested before.
        expected_rows: The number of rows that this page must have for the pages requested after it to fit.
        row: The sourcedId of a record to read instead of a page.
        copies_of: The sourcedId of a record whose rows are requested by a filter, to count them.
    """

    offset: int
    limit: int
    sorted: bool = False
    cursor: str | None = None
    repeats: int = 0
    expected_rows: int | None = None
    row: str | None = None
    copies_of: str | None = None


class ReceivedPage(NamedTuple):
    """The parts of a received page that the walk needs.

    Attributes:
        ids: The sourcedId of each row; None for a row without a readable one. After a request for a record: its id, or
            nothing if it does not exist. Nothing as well if the server refuses the filter of `PageRequest.copies_of`.
        total: X-Total-Count, if it is a whole number.
        cursor: The query of the ``next`` link, if the server pages by something else than offset.
        contents: Returns the rows themselves, to compare those with the same id; None to consider them equal.
        names_next: Whether a Link header speaks of a next page, even if it cannot be read.
    """

    ids: Sequence[str | None]
    total: int | None = None
    cursor: str | None = None
    contents: Callable[[], Sequence[object]] | None = None
    names_next: bool = False

    def same_row(self, index: int, other: "ReceivedPage", other_index: int) -> bool:
        """Return whether a row of this page has the same content as one of another page."""
        if self.contents is None or other.contents is None:
            return True
        rows, others = self.contents(), other.contents()
        # A page whose body cannot be taken apart again proves nothing.
        return len(rows) == len(self.ids) and len(others) == len(other.ids) and rows[index] == others[other_index]


class Unstable(Exception):  # noqa: N818  # a verdict on a reading, which the walk acts upon
    """A reading cannot count, because rows repeat or get lost in it.

    Attributes:
        reason: What happened.
        ids: The rows concerned.
        error: The error to raise if the collection cannot be read again.
        final: Whether a further reading would show the same.
    """

    def __init__(
        self,
        reason: str,
        ids: Sequence[str] = (),
        error: type[PagingError] = UnstableCollectionError,
        *,
        final: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason, self.ids, self.error, self.final = reason, ids, error, final
