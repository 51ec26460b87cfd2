"""One reading of a collection from start to end: which page is next, and what each page proves.

- The offset advances by the number of rows received, never by the limit requested: servers reduce limits silently.
- A page starts at the last row received and must repeat it: an ignored offset, a row that was lost because the rows
  before it moved, and an empty response all show there, and a page with that row alone proves the end. Pages of servers
  that round offsets down to whole pages, or give one row per page, follow each other without overlap.
- If a server pages by a cursor, the reading follows its ``next`` links.
- A server that sends all rows whatever is requested does not page; its answer is whole.
- Rows sent twice are accepted after `prove_duplicates`.
- Rows without a sourcedId cannot be told apart, so they are accepted only as far as the total announces them.
"""

from collections.abc import Sequence
from typing import Final

from oneroster.errors import CountMismatchError
from oneroster.pagination.accepted_rows import AcceptedRows, Hashes
from oneroster.pagination.duplicates import Dialogue
from oneroster.pagination.id_log import IdLog
from oneroster.pagination.page_requests import DEFAULT_LIMIT, PageRequest, Paging, ReceivedPage, Unstable
from oneroster.pagination.position import Position

__all__ = ["TOTAL_SHRANK", "TOTAL_TOO_LOW", "Reading"]

TOTAL_SHRANK: Final = "the announced total shrank while the collection was read"
TOTAL_TOO_HIGH: Final = "the server returned no more rows before its total was reached"
TOTAL_TOO_LOW: Final = "the server returned more rows than its total announces"
_SAME_PAGE: Final = "the server returned the same page again, as if it ignored offset"


class Reading:
    """The state of one reading.

    Args:
        paging: How to read.
        start: The number of rows to skip at the start.
        sorted_: Whether to request ``sort=sourcedId``.
        log: Receives the ids of the rows in order; None if it is not needed.

    Attributes:
        rows: The rows received.
        at: How far the reading is.
        ended: Whether all rows are received.
    """

    def __init__(self, paging: Paging, start: int = 0, sorted_: bool = False, log: IdLog | None = None) -> None:
        self._paging, self._sorted = paging, sorted_
        self.at = Position(paging, start, sorted_)
        self.rows = AcceptedRows(sorted_, paging.accept_duplicates, log)
        self.ended = False
        self._last_ids: Sequence[str | None] = ()
        self._last_without_id: ReceivedPage | None = None
        self._dialogue: Dialogue | None = None
        self._question: PageRequest | None = None

    def next_requests(self, concurrency: int) -> list[PageRequest]:
        """Return the pages to request now, at most `concurrency`."""
        if self._question is not None:
            return [self._question]
        requests = [self.at.next_request()]
        while len(requests) < concurrency and (following := self.at.request_after(requests[-1])) is not None:
            requests.append(following)
        return requests

    def receive(self, request: PageRequest, page: ReceivedPage, hashes: Hashes) -> list[int]:
        """Evaluate a page, and return the indexes of the rows that are new to this reading.

        Args:
            request: The first of the last `next_requests`.
            page: The page received for it.
            hashes: The hashes of its ids.

        Raises:
            Unstable: Rows repeat or get lost.
        """
        if self._question is not None:
            self._continue(page)
            return []
        self._note_total(page.total)
        if page.cursor is not None or request.cursor is not None:
            return self._receive_by_cursor(request, page, hashes)
        if self.at.overlaps(request):
            return self._receive_overlapping(request, page, hashes)
        return self._receive_following(request, page, hashes)

    def _note_total(self, total: int | None) -> None:
        if total is None or not self._paging.trust_total:
            return
        before, self.at.announced = self.at.announced, total
        if before is not None and total < before:
            # A sign that rows have moved.
            raise Unstable(TOTAL_SHRANK)

    def _known_ids(self, page: ReceivedPage, hashes: Hashes) -> list[str]:
        return [page.ids[index] or "" for index in self.rows.seen.indexes_of_known(hashes)]

    def _receive_following(self, request: PageRequest, page: ReceivedPage, hashes: Hashes) -> list[int]:
        """Evaluate a page that starts after the rows received."""
        if not page.ids:
            return self._receive_empty()
        known = self.rows.seen.indexes_of_known(hashes)
        without_id = page.ids.count(None)
        if without_id == len(page.ids) and self.at.pages:
            if self._repeats_rows_without_id(page):
                return []
        elif known and len(known) + without_id == len(page.ids):
            return self._receive_known(request, page, hashes, known)
        self._note_page_size(request, page)
        return self._accept(request, page, hashes)

    def _note_page_size(self, request: PageRequest, page: ReceivedPage) -> None:
        if not self.at.pages and self.at.remaining > len(page.ids):
            self.at.page_size = len(page.ids)
        elif request.expected_rows is not None and len(page.ids) != request.expected_rows:
            # The server gave fewer rows, so the pages requested after this one do not fit: continue one at a time.
            self.at.page_size = None

    def _repeats_rows_without_id(self, page: ReceivedPage) -> bool:
        """Return whether a page of rows without ids repeats the one before, and ends the reading."""
        before = self._last_without_id
        repeats = before is not None and self._same_contents(before, page)
        beyond = self.at.announced is None or self.at.remaining < len(page.ids)
        if repeats and self.at.announced is not None and self.at.remaining <= 0:
            self.ended = True
        elif repeats or beyond:
            raise Unstable("rows have no sourcedId, so they cannot be told apart from rows that were already received")
        return self.ended

    @staticmethod
    def _same_contents(page: ReceivedPage, other: ReceivedPage) -> bool:
        return page.contents is not None and other.contents is not None and page.contents() == other.contents()

    def _receive_empty(self) -> list[int]:
        # If neither the total nor an overlap confirms the end, an empty page must be received twice. A total of 0 may
        # be of the same wrong response as the empty page.
        unconfirmed = self.at.remaining != 0 or self.at.announced is None or not self.at.received
        if unconfirmed and self.at.repeats < 1:
            self.at.repeats += 1
            return []
        if self.at.remaining > 0:
            raise Unstable(TOTAL_TOO_HIGH, error=CountMismatchError)
        self.ended = True
        return []

    def _expect_more(self) -> None:
        """Let the page be requested again, once; raise if that had no result either."""
        if self.at.repeats:
            raise Unstable(TOTAL_TOO_HIGH, error=CountMismatchError)
        self.at.repeats += 1

    def _receive_known(
        self, request: PageRequest, page: ReceivedPage, hashes: Hashes, known: Sequence[int]
    ) -> list[int]:
        """Evaluate a page without new rows where new rows are expected."""
        # A page that is as long as requested does not show that it has all rows.
        complete = self.at.announced is not None and self.total_agrees() and len(page.ids) != request.limit
        # If offsets are rounded down to whole pages, a short page that ends with the last row is the last page.
        complete |= self.at.rounds_offsets and page.ids[-1] == self.at.last_id and len(page.ids) < self.at.largest_page
        if complete:
            self.ended = True
            return []
        if self.at.pages == 1 and len(page.ids) == self.at.received:
            self._ask(self._prove_whole(page))
            return []
        if len(known) > 1 and not self.rows.is_proven(request, page):
            self._check_not_ignored(page)
        return self._accept(request, page, hashes)

    def total_agrees(self) -> bool:
        """Return whether the total, if there is one, is that of the rows received, with or without those sent twice.

        Rows without a sourcedId agree with a lower total, because they cannot be read a second time.
        """
        excess = -self.at.remaining
        return self.at.announced is None or 0 <= excess <= len(self.rows.left_out) or excess > 0 < self.rows.without_id

    def _check_not_ignored(self, page: ReceivedPage) -> None:
        if list(page.ids) == list(self._last_ids):
            raise Unstable(_SAME_PAGE, [name for name in page.ids if name is not None])

    def _prove_whole(self, page: ReceivedPage) -> Dialogue:
        """Prove that the server sends all rows whatever is requested, after it sent the first page again."""
        rows = len(page.ids)
        whole = rows > self._paging.limit or rows == 1 < self._paging.limit
        if not whole and rows > 1:
            single = yield PageRequest(self.at.start, 1, self._sorted, repeats=1)
            whole = list(single.ids) == list(page.ids)
        if not whole:
            raise Unstable(_SAME_PAGE, [name for name in page.ids if name is not None])
        # A server that ignores limits may always send so many.
        doubtful = self.at.announced is None and rows == DEFAULT_LIMIT
        if not self.total_agrees() or doubtful or page.names_next:
            reason = f"the server returned the same {rows} rows whatever offset and limit were"
            if page.names_next:
                reason += ", and its Link header names a next page that does not lead on"
            raise Unstable(reason, error=CountMismatchError)
        self.ended = True

    def _receive_overlapping(self, request: PageRequest, page: ReceivedPage, hashes: Hashes) -> list[int]:
        """Evaluate a page that must start with the last row received."""
        ids, overlap = page.ids, 1 + self.at.tail
        if ids and ids[0] == self.at.last_id and list(ids[1:overlap]) == [None] * self.at.tail:
            if len(ids) == overlap:
                # If the total counts more rows, they must still come.
                if self.at.remaining > 0 and self.at.has_room:
                    self._expect_more()
                self.ended = self.at.remaining <= 0 and self.at.has_room
                self.at.narrow = not self.at.has_room
                return []
            self._note_page_size(request, page)
            return self._accept(request, page, hashes, overlap)
        known = self.rows.seen.indexes_of_known(hashes)
        if len(known) + ids.count(None) == len(ids):
            return self._receive_without_overlap(request, page)
        raise Unstable("a row is no longer at its offset", self._known_ids(page, hashes))

    def _receive_without_overlap(self, request: PageRequest, page: ReceivedPage) -> list[int]:
        rows = len(page.ids)
        if not rows and self.at.repeats < 1:
            # The last row is known to exist, so its absence must be confirmed even if the total agrees.
            self.at.repeats += 1
        elif self.at.announced is not None and self.at.remaining == 0 and rows != request.limit:
            # The total confirms that there are no more rows.
            self.ended = True
        elif rows and not self.at.rounds_offsets and self.at.last_id in page.ids:
            # Some servers round the offset down to whole pages; the next page shows whether this one does.
            self.at.rounds_offsets = True
        elif not rows and self.at.remaining > 0:
            raise Unstable(TOTAL_TOO_HIGH, error=CountMismatchError)
        else:
            raise Unstable("the server returned nothing at an offset where there was a row")
        return []

    def _receive_by_cursor(self, request: PageRequest, page: ReceivedPage, hashes: Hashes) -> list[int]:
        self.at.cursor = page.cursor
        known = self._known_ids(page, hashes)
        if known or (request.cursor is not None and page.cursor == request.cursor):
            raise Unstable("the next link leads to rows that were already returned", known)
        indexes = self._accept(request, page, hashes)
        if page.cursor is None:
            if self.at.remaining > 0:
                raise Unstable("the next links end before the total is reached", error=CountMismatchError)
            self.ended = True
        return indexes

    def _accept(self, request: PageRequest, page: ReceivedPage, hashes: Hashes, first: int = 0) -> list[int]:
        """Receive the rows of a page from an index on, and return the indexes of those that are new."""
        indexes = self.rows.accept(request, page, hashes, first)
        if indexes is None:
            self._ask(self.rows.ask_about_duplicates(request, page, hashes, first, self.at))
            return []
        ids = page.ids if not first else page.ids[first:]
        self.at.advance(ids)
        self._last_ids = ids
        # Kept only in this rare case, because it holds the whole response.
        self._last_without_id = page if ids.count(None) == len(ids) else None
        return indexes

    def _ask(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._question = next(dialogue, None)

    def _continue(self, page: ReceivedPage) -> None:
        if self._dialogue is None:
            raise AssertionError  # unreachable: a question belongs to a dialogue
        try:
            self._question = self._dialogue.send(page)
        except StopIteration:
            self._question = self._dialogue = None
