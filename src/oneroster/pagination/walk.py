"""The algorithm that reads every row of a collection exactly once. No I/O.

A `CollectionWalk` decides which page to request next and evaluates each page received. It guarantees that a row which
exists unchanged from start to end is returned exactly once, or the walk raises. A row that is added or removed in the
meantime is returned at most once.

No single statement of a server can be trusted (4 response headers, obligation [C]), so:

- The offset advances by the number of rows received, never by the limit requested: servers reduce limits silently.
- Until the announced total is reached, pages follow each other without overlap. After it (and always, if no total is
  announced), a page starts at the last row received and must repeat it: an ignored offset, a lost row and an empty
  response all show there, and a page with that row alone proves the end.
- A repeated row, a shrinking total, a missing overlap or missing rows make the reading unstable. The collection is then
  read a second time from the start under ``sort=sourcedId``, and only rows not returned before are returned. If that
  reading is unstable as well, the walk raises.
- If a server pages by a cursor, the walk follows its ``next`` links.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from oneroster.errors import CountMismatchError, PagingError, UnstableCollectionError
from oneroster.pagination.id_set import IdSet, id_digests

__all__ = ["CollectionWalk", "PageRequest", "Paging", "ReceivedPage"]

_MAX_IDS_IN_ERRORS: Final = 10
Digests: TypeAlias = Sequence[bytes | None]


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
    """

    limit: int = 1000
    windows: int = 4
    trust_total: bool = True
    max_requests: int = 100_000
    adaptive: bool = True


class PageRequest(NamedTuple):
    """One page to request.

    Attributes:
        offset: The index of the first row.
        limit: The number of rows.
        sorted: Whether to request ``sort=sourcedId``.
        cursor: The query of a ``next`` link, which replaces offset and limit.
        repeats: How often this page was requested before.
        expected_rows: The number of rows that this page must have for the pages requested after it to fit.
    """

    offset: int
    limit: int
    sorted: bool = False
    cursor: str | None = None
    repeats: int = 0
    expected_rows: int | None = None


class ReceivedPage(NamedTuple):
    """The parts of a received page that the walk needs.

    Attributes:
        ids: The sourcedId of each row; None for a row without a readable one.
        total: X-Total-Count, if it is a whole number.
        cursor: The query of the ``next`` link, if the server pages by something else than offset.
    """

    ids: Sequence[str | None]
    total: int | None = None
    cursor: str | None = None


class CollectionWalk:
    """The state of reading one collection.

    Args:
        collection: The operationId, for errors.
        paging: How to read.
        offset: The number of rows to skip at the start.

    Attributes:
        collection: The operationId.
        total: The total that the server announced last; None if it announced none.
        reason: Why the collection is read a second time; empty if it is not.
    """

    def __init__(self, collection: str, paging: Paging, offset: int = 0) -> None:
        self.collection = collection
        self.reason = ""
        self._paging = paging
        self._start = offset
        self._returned = IdSet()
        self._rows_without_id = 0
        self._requests = 0
        self._pass = 0
        self.total: int | None = None
        self._begin_pass()

    def _begin_pass(self) -> None:
        self._seen = self._returned if self._pass == 0 else IdSet()
        self._received = 0
        self._announced: int | None = None
        self._last_id: str | None = None
        self._repeats = 0
        # Rows per page that the server was seen to give; None until it was seen, and again when it gave fewer.
        self._page_size: int | None = None
        self._largest_page = 0
        self._rounds_offsets = False
        self._cursor: str | None = None
        self._first_page = True
        self._ended = False

    @property
    def repeated(self) -> bool:
        """Whether this is the second reading, under ``sort=sourcedId``."""
        return self._pass > 0

    def next_requests(self, concurrency: int = 1) -> list[PageRequest]:
        """Return the pages to request now, in the order in which to pass them to `receive`; empty at the end.

        Args:
            concurrency: The maximum number of pages.

        Raises:
            PagingError: The walk needs more requests than allowed.
        """
        if self._ended:
            return []
        if self._requests >= self._paging.max_requests:
            reason = (
                f"no end after {self._requests} requests; raise Paging.max_requests if the collection is that large"
            )
            raise self._error(PagingError, reason)
        requests = [self._next_request()]
        while len(requests) < concurrency and (following := self._request_after(requests[-1])) is not None:
            requests.append(following)
        return requests

    def _next_request(self) -> PageRequest:
        if self._cursor is not None:
            return PageRequest(self._start + self._received, self._paging.limit, self.repeated, self._cursor)
        offset = self._start + self._received - (1 if self._must_overlap() else 0)
        limit, expected = self._paging.limit, None
        if self._page_size is not None and self._remaining() > 0 and not self._must_overlap():
            limit, expected = self._page_size, min(self._page_size, self._remaining())
        return PageRequest(offset, limit, self.repeated, None, self._repeats, expected)

    def _request_after(self, request: PageRequest) -> PageRequest | None:
        """Return the page after one that is not received yet; None if its offset is not certain enough."""
        if request.expected_rows is None or request.repeats or self._page_size is None or self._announced is None:
            return None
        offset = request.offset + request.expected_rows
        rows = min(self._page_size, self._announced - offset)
        return request._replace(offset=offset, expected_rows=rows) if rows > 0 else None

    def _remaining(self) -> int:
        return 0 if self._announced is None else self._announced - self._start - self._received

    def _must_overlap(self) -> bool:
        # A server that gives one row per page would return the overlap alone, whether or not rows follow.
        return (
            self._largest_page > 1 and self._last_id is not None and self._remaining() <= 0 and not self._rounds_offsets
        )

    def _overlaps(self, request: PageRequest) -> bool:
        return self._received > 0 and request.offset == self._start + self._received - 1

    def receive(self, request: PageRequest, page: ReceivedPage) -> list[int]:
        """Evaluate a page, and return the indexes of the rows that the caller has not had yet.

        Args:
            request: The first of the last `next_requests`.
            page: The page received for it.

        Raises:
            UnstableCollectionError: Rows repeat or get lost, in both readings.
            CountMismatchError: Fewer rows were received than announced, in both readings.
        """
        self._requests += 1
        if not self._note_total(page.total):
            return self._unstable("the announced total shrank while the collection was read")
        digests = id_digests(page.ids)
        if page.cursor is not None or request.cursor is not None:
            return self._receive_by_cursor(request, page, digests)
        if self._overlaps(request):
            return self._receive_overlapping(request, page, digests)
        return self._receive_following(request, page, digests)

    def _known_ids(self, page: ReceivedPage, digests: Digests) -> list[str]:
        """Return the ids of a page that this reading has already received."""
        return [page.ids[index] or "" for index in self._seen.indexes_of_known(digests)]

    def _note_total(self, total: int | None) -> bool:
        """Store the announced total; return False if it shrank, a sign that rows have moved."""
        if total is None or not self._paging.trust_total:
            return True
        self.total = total
        before, self._announced = self._announced, total
        return before is None or total >= before

    def _receive_following(self, request: PageRequest, page: ReceivedPage, digests: Digests) -> list[int]:
        """Evaluate a page that starts after the rows received."""
        if not page.ids:
            return self._receive_empty()
        known = self._known_ids(page, digests)
        if known:
            return self._receive_known(request, page, known)
        if self._first_page and self._remaining() > len(page.ids):
            self._page_size = len(page.ids)
        elif request.expected_rows is not None and len(page.ids) != request.expected_rows:
            # The server gave fewer rows, so the pages requested after this one do not fit: continue one at a time.
            self._page_size = None
        if None in page.ids and len(set(page.ids)) == 1 and not self._first_page and self._announced is None:
            return self._unstable("rows have no sourcedId and no total is announced, so they cannot be told apart")
        return self._accept(page.ids, digests)

    def _receive_empty(self) -> list[int]:
        # If neither the total nor an overlap confirms the end, an empty page must be received twice.
        unconfirmed = self._remaining() != 0 or (self._announced is None and self._received > 0)
        if unconfirmed and self._repeats < 1:
            self._repeats += 1
            return []
        if self._remaining() > 0:
            return self._unstable("the server returned no more rows before its total was reached", CountMismatchError)
        self._finish()
        return []

    def _receive_known(self, request: PageRequest, page: ReceivedPage, known: list[str]) -> list[int]:
        """Evaluate a page with known rows where only new rows are expected."""
        if self._first_page:
            return self._unstable("a row occurs twice in one page", ids=known)
        # A page that is as long as requested does not show that it has all rows.
        complete = self._announced is not None and self._remaining() <= 0 and len(page.ids) != request.limit
        # If offsets are rounded down to whole pages, a short page that ends with the last row is the last page.
        complete |= self._rounds_offsets and page.ids[-1] == self._last_id and len(page.ids) < self._largest_page
        if len(known) == len(page.ids) and complete:
            self._finish()
            return []
        reason = "rows repeat between pages"
        if len(known) == len(page.ids):
            reason = "the server returned the same page again, as if it ignored offset"
        return self._unstable(reason, ids=known)

    def _receive_overlapping(self, request: PageRequest, page: ReceivedPage, digests: Digests) -> list[int]:
        """Evaluate a page that must start with the last row received."""
        ids, known = page.ids, self._known_ids(page, digests)
        if ids and ids[0] == self._last_id:
            if len(known) > 1:
                return self._unstable("rows repeat between pages", ids=known[1:])
            if len(ids) == 1:
                self._finish()
                return []
            return [index + 1 for index in self._accept(ids[1:], digests[1:])]
        if len(known) == len(ids):
            return self._receive_without_overlap(request, len(ids))
        return self._unstable("a row is no longer at its offset", ids=known)

    def _receive_without_overlap(self, request: PageRequest, rows: int) -> list[int]:
        if not rows and self._repeats < 1:
            # The last row is known to exist, so its absence must be confirmed even if the total agrees.
            self._repeats += 1
        elif self._announced is not None and self._remaining() == 0 and rows != request.limit:
            # The total confirms that there are no more rows.
            self._finish()
        elif rows and not self._rounds_offsets:
            # Some servers round the offset down to whole pages; the next page shows whether this one does.
            self._rounds_offsets = True
        else:
            return self._unstable("the server returned nothing at an offset where there was a row")
        return []

    def _receive_by_cursor(self, request: PageRequest, page: ReceivedPage, digests: Digests) -> list[int]:
        self._cursor = page.cursor
        known = self._known_ids(page, digests)
        if known or (request.cursor is not None and page.cursor == request.cursor):
            return self._unstable("the next link leads to rows that were already returned", ids=known)
        indexes = self._accept(page.ids, digests)
        if page.cursor is None:
            if self._remaining() > 0:
                return self._unstable("the next links end before the total is reached", CountMismatchError)
            self._finish()
        return indexes

    def _accept(self, ids: Sequence[str | None], digests: Digests) -> list[int]:
        without_id = ids.count(None)
        if len({digest for digest in digests if digest is not None}) + without_id != len(ids):
            # Checked before any id of the page is stored as returned.
            names = [name.strip() for name in ids if name is not None]
            twice = [name for name in set(names) if names.count(name) > 1]
            return self._unstable("a row occurs twice in one page", ids=twice)
        self._rows_without_id += without_id
        # All ids are distinct and new to this reading, so the fast method will do.
        self._seen.add_distinct(digests)
        indexes = self._returned.add_new(digests) if self.repeated else list(range(len(ids)))
        self._received += len(ids)
        self._largest_page = max(self._largest_page, len(ids))
        self._last_id = ids[-1] if ids else self._last_id
        self._repeats = 0
        self._first_page = False
        return indexes

    def _finish(self) -> None:
        self._ended = True

    def _unstable(
        self, reason: str, error: type[PagingError] = UnstableCollectionError, ids: Sequence[str] = ()
    ) -> list[int]:
        """Start the second reading; raise if there was one, or if rows without an id forbid it."""
        if self._pass or self._rows_without_id:
            no_ids = "; rows without sourcedId rule out a second reading"
            again = " and again under sort=sourcedId" if self._pass else no_ids
            raise self._error(error, f"{reason}{again}", ids)
        self._pass, self.reason = 1, reason
        self._begin_pass()
        return []

    def _error(self, error: type[PagingError], reason: str, ids: Sequence[str] = ()) -> PagingError:
        received = len(self._returned) + self._rows_without_id
        return error(self.collection, reason, received, self._announced, ids[:_MAX_IDS_IN_ERRORS])
