"""The algorithm that reads every row of a collection exactly once. No I/O.

A `CollectionWalk` decides which page to request next and evaluates each page received. It guarantees that a row which
exists unchanged from start to end is returned exactly once, or the walk raises. A row that is added or removed in the
meantime is returned at most once.

No single statement of a server can be trusted (4 response headers, obligation [C]), so:

- A `Reading` goes from the first row to the last. A repeated row, a shrinking total, a missing overlap or missing rows
  make it unstable. The collection is then read a second time from the start under ``sort=sourcedId``, and only rows not
  returned before are returned. If that reading is unstable as well, the walk raises.
- A reading counts only if it is proven complete against all that the walk has seen before: see `prove_complete`.
- The number of requests is bounded by the number of rows received.
"""

from collections.abc import Generator, Sequence
from typing import Final

from oneroster.errors import CountMismatchError, PagingError
from oneroster.pagination.completeness import IncompleteError, prove_complete
from oneroster.pagination.id_log import IdLog
from oneroster.pagination.id_set import id_hashes
from oneroster.pagination.page_requests import PageRequest, Paging, ReceivedPage, Unstable
from oneroster.pagination.reading import TOTAL_SHRANK, TOTAL_TOO_LOW, Reading

__all__ = ["CollectionWalk", "PageRequest", "Paging", "ReceivedPage"]

_MAX_IDS_IN_ERRORS: Final = 10
_REQUESTS_PER_ROW: Final = 4
_REQUESTS_WITHOUT_ROWS: Final = 200
"""Requests that a walk may send beyond `_REQUESTS_PER_ROW`: for proofs, and for pages that are empty once."""


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
        gone: The ids of rows that were received and deleted before the walk ended.
    """

    def __init__(self, collection: str, paging: Paging, offset: int = 0) -> None:
        self.collection = collection
        self.reason = ""
        self.total: int | None = None
        self.gone: list[str] = []
        self._paging, self._start = paging, offset
        self._received, self._noticed = IdLog(), IdLog()
        self._first = self._reading = Reading(paging, offset, log=self._received)
        self._requests = 0
        self._peak = 0
        self._proof: Generator[PageRequest, ReceivedPage, None] | None = None
        self._question: PageRequest | None = None
        self._ended = False

    @property
    def repeated(self) -> bool:
        """Whether this is the second reading, under ``sort=sourcedId``."""
        return self._reading is not self._first

    @property
    def identical(self) -> int:
        """The number of rows left out because an earlier row has the same id and the same content."""
        return self._reading.rows.identical

    @property
    def conflicting(self) -> Sequence[str]:
        """The ids of rows left out because an earlier row has the same id, although the content differs."""
        return self._reading.rows.conflicting

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
        if self._requests >= _REQUESTS_WITHOUT_ROWS + _REQUESTS_PER_ROW * self._rows():
            raise self._error(PagingError, f"no end after {self._requests} requests, most of which brought no new row")
        if self._question is not None:
            return [self._question]
        return self._reading.next_requests(concurrency)

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
        if request.copies_of is None:
            self._note_total(page.total)
        if self._question is not None:
            self._continue_proof(page)
            return []
        hashes = id_hashes(page.ids)
        try:
            indexes = self._reading.receive(request, page, hashes)
        except Unstable as found:
            self._noticed.append(page.ids)
            self._read_again(found)
            return []
        if self.repeated and indexes:
            new = self._first.rows.seen.add_new([hashes[index] for index in indexes])
            indexes = [indexes[index] for index in new]
        if self._reading.ended and not self._reading.total_agrees():
            self._read_with_overlaps()
        elif self._reading.ended:
            logs = (self._received, self._noticed) if self.repeated else (self._noticed,)
            self._proof = prove_complete(self._reading, logs, self._peak, self._start, self.gone)
            self._continue_proof(None)
        return indexes

    def notice(self, page: ReceivedPage) -> None:
        """Take note of a page that was received and is not needed any more: its rows must be in the reading, too."""
        self._note_total(page.total)
        self._noticed.append(page.ids)

    def _note_total(self, total: int | None) -> None:
        if total is not None and self._paging.trust_total:
            self.total = total
            self._peak = max(self._peak, total)

    def _continue_proof(self, page: ReceivedPage | None) -> None:
        if self._proof is None:
            raise AssertionError  # unreachable: a question belongs to a proof
        try:
            self._question = next(self._proof) if page is None else self._proof.send(page)
        except StopIteration:
            self._question, self._ended = None, True
        except IncompleteError as lack:
            raise self._error(lack.error, lack.reason, lack.ids) from None

    def _read_with_overlaps(self) -> None:
        """Start another reading: such a total is no evidence that pages follow each other without a gap."""
        self.reason = self.reason or TOTAL_TOO_LOW
        paging = self._paging._replace(trust_total=False)
        self._reading = Reading(paging, self._start, sorted_=True, log=self._received)

    def _read_again(self, found: Unstable) -> None:
        """Start the second reading; raise if there was one, or if rows without an id forbid it."""
        if found.final:
            raise self._error(found.error, found.reason, found.ids)
        if self.repeated or self._reading.rows.without_id:
            no_ids = "; rows without sourcedId rule out a second reading"
            again = " and again under sort=sourcedId" if self.repeated else no_ids
            raise self._error(found.error, f"{found.reason}{again}", found.ids)
        self.reason = found.reason
        self._reading = Reading(self._paging, self._start, sorted_=True, log=self._received)

    def _rows(self) -> int:
        """The number of different rows received in both readings."""
        return (
            len(self._first.rows.seen)
            + self._first.rows.without_id
            + (self._reading.rows.without_id if self.repeated else 0)
        )

    def _error(self, error: type[PagingError], reason: str, ids: Sequence[str] = ()) -> PagingError:
        reading = self._reading
        received = len(reading.rows.seen) + reading.rows.without_id
        announced = self.total if reading.at.announced is None else reading.at.announced
        rows = self._rows() if self.repeated else received
        if self._peak and (issubclass(error, CountMismatchError) or TOTAL_SHRANK in reason):
            reason += "; if X-Total-Count is wrong, Paging(trust_total=False) leaves it aside (--ignore-total)"
        return error(self.collection, reason, received, announced, tuple(ids[:_MAX_IDS_IN_ERRORS]), rows)
