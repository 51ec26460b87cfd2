"""How far a reading is, and which page follows."""

from collections.abc import Sequence

from oneroster.pagination.page_requests import PageRequest, Paging

__all__ = ["Position"]


class Position:
    """How far a reading is.

    Args:
        paging: How to read.
        start: The number of rows to skip at the start.
        sorted_: Whether to request ``sort=sourcedId``.

    Attributes:
        start: The number of rows skipped at the start.
        received: The number of rows received, duplicates included.
        announced: The last announced total; None if none was announced.
        last_id: The id of the last row that has one.
        tail: The number of rows after it.
        pages: The number of pages with rows.
        page_size: Rows per page that the server was seen to give; None until it was seen, and again when it gave fewer.
        largest_page: The rows of the largest page.
        rounds_offsets: Whether the server seems to round offsets down to whole pages.
        narrow: Whether the server gives no more rows per page than an overlap has, although they were requested.
        cursor: The query of the next link, if the server pages by cursor.
        repeats: How often the next page was requested before.
    """

    def __init__(self, paging: Paging, start: int, sorted_: bool) -> None:
        self._limit, self._sorted, self.start = paging.limit, sorted_, start
        self.received = self.tail = self.pages = self.largest_page = self.repeats = 0
        self.announced: int | None = None
        self.last_id: str | None = None
        self.page_size: int | None = None
        self.rounds_offsets = self.narrow = False
        self.cursor: str | None = None

    @property
    def next_offset(self) -> int:
        """The offset of the row after those received."""
        return self.start + self.received

    @property
    def remaining(self) -> int:
        """The number of announced rows that are still missing; 0 without a total, negative if there were more rows."""
        return 0 if self.announced is None else self.announced - self.next_offset

    def next_request(self) -> PageRequest:
        """Return the next page to request."""
        if self.cursor is not None:
            return PageRequest(self.next_offset, self._limit, self._sorted, self.cursor)
        overlap = 1 + self.tail if self._must_overlap() else 0
        limit, expected = max(self._limit, overlap + 1), None
        if self.page_size is not None and self.remaining > 0 and self.page_size > overlap:
            limit, expected = self.page_size, min(self.page_size, overlap + self.remaining)
        return PageRequest(self.next_offset - overlap, limit, self._sorted, None, self.repeats, expected)

    def request_after(self, request: PageRequest) -> PageRequest | None:
        """Return the page after one that is not received yet; None if its offset is not certain enough."""
        if request.expected_rows is None or request.repeats or self.page_size is None or self.announced is None:
            return None
        end = request.offset + request.expected_rows
        if end >= self.announced:
            return None
        # Rows without an id are rare; where a page ends with one, the pages after it are requested again.
        offset = end - 1 if self._must_overlap() else end
        return request._replace(offset=offset, expected_rows=min(self.page_size, self.announced - offset))

    def _must_overlap(self) -> bool:
        # A server that gives few rows per page would return the overlap alone, whether or not rows follow.
        room = self.has_room or (self._limit <= 1 + self.tail and not self.narrow)
        return room and self.last_id is not None and not self.rounds_offsets

    @property
    def has_room(self) -> bool:
        """Whether the server was seen to give more rows per page than an overlap has."""
        return self.largest_page > 1 + self.tail

    def overlaps(self, request: PageRequest) -> bool:
        """Return whether a page must start with the last row that has an id."""
        return self.last_id is not None and self.received > 0 and request.offset == self.next_offset - 1 - self.tail

    def advance(self, ids: Sequence[str | None]) -> None:
        """Take note of the received rows of a page."""
        self.received += len(ids)
        self.largest_page = max(self.largest_page, len(ids))
        tail = next((index for index, name in enumerate(reversed(ids)) if name is not None), None)
        if tail is None:
            self.tail += len(ids)
        else:
            self.last_id, self.tail = ids[-1 - tail], tail
        self.repeats = 0
        self.pages += 1
