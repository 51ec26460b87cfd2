"""Collections on their way from the tenant into the staging: each by its exactly-once walk, several at once."""

import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

import pyarrow as pa

from oneroster.errors import PagingError, StatusError
from oneroster.pagination.walk import CollectionWalk, PageInfo, PageRequest, Paging
from oneroster.prefetch import PagePrefetcher
from oneroster.pull.errors import StagingError
from oneroster.pull.fetch.arrow_batches import Batcher
from oneroster.pull.fetch.row_parser import RowsCall, RowsPage
from oneroster.pull.fetch.staging import PageNote, Staging
from oneroster.pull.fetch.throttled_session import Stopped, ThrottledSession
from oneroster.pull.plan import Source
from oneroster.pull.progress import Progress
from oneroster.pull.roster.columns import KEY, schema_of
from oneroster.pull.roster.rejects import MOST, Reject

__all__ = ["Changes", "FetchTask", "fetch_collections"]

_STRETCH_ROWS: Final = 20_000
_STRETCH_BYTES: Final = 16_000_000
_IN_HAND: Final = 2
"""Pages beyond those on the wire, so that none of its places is empty while a page is read."""

_NOT_OFFERED: Final = {404: "not offered", 405: "not offered", 410: "not offered", 501: "not offered"}
_NOT_UNDERSTOOD: Final = frozenset({400, 422, 500})
_REFUSED: Final = {401: "refused", 403: "refused"}


class FetchTask(NamedTuple):
    """One collection to fetch.

    Attributes:
        source: The collection.
        columns: The columns to keep.
        filter: What the tenant is asked for; None for all.
        notes: Where a sentence for the summary goes.
        changes: How to ask for changes alone; None to ask for all.
    """

    source: Source
    columns: tuple[str, ...]
    filter: str | None
    notes: list[str]
    changes: "Changes | None" = None


class Changes(NamedTuple):
    """How to ask for the changes of a collection.

    Attributes:
        filter: What the tenant is asked for.
        oldest: Rows that changed earlier show that the tenant does not obey the filter.
        some: Whether an answer without rows shows the same.
    """

    filter: str
    oldest: datetime
    some: bool


class _DisobeyedError(Exception):
    """The tenant does not obey the filter by which changes are asked for."""


def fetch_collections(
    courier: ThrottledSession,
    staging: Staging,
    errands: Iterable[FetchTask],
    paging: Paging,
    workers: int,
    progress: Progress,
) -> None:
    """Fetch collections into the staging, several at once; what is there already is not fetched again.

    Args:
        courier: The tenant.
        staging: Where rows go.
        errands: The collections.
        paging: How they are read.
        workers: Collections at once, at most.
        progress: Who is told.

    Raises:
        OneRosterError: The first thing that went wrong. The others are stopped; what came stays in the staging.
        OSError: The staging cannot be written.
    """
    waiting = [errand for errand in errands if errand.source.element not in {*staging.done, *staging.absent}]
    with ThreadPoolExecutor(max(1, workers), "oneroster-pull") as pool:
        ahead = _pages_ahead(paging, workers)
        futures = [
            pool.submit(_CollectionFetch(courier, staging, errand, paging, ahead, progress).run) for errand in waiting
        ]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failures = [error for future in done if (error := future.exception()) is not None]
        except BaseException:
            # Whoever interrupts a pull does not wait for the rest of it.
            failures = []
            raise
        finally:
            if failures or not all(future.done() for future in futures):
                courier.close()
                for future in futures:
                    future.cancel()
    if failures:
        raise failures[0]


def _pages_ahead(paging: Paging, workers: int) -> int:
    """Pages of a collection to have asked for; the courier bounds those on the wire only where it has as few places."""
    return paging.windows + _IN_HAND if 1 < workers <= paging.windows else paging.windows


class _CollectionFetch:
    """The fetching of one collection."""

    def __init__(
        self,
        courier: ThrottledSession,
        staging: Staging,
        errand: FetchTask,
        paging: Paging,
        ahead: int,
        progress: Progress,
    ) -> None:
        self._courier, self._staging, self._errand, self._progress = courier, staging, errand, progress
        self._paging, self._ahead = paging, ahead
        source = errand.source
        self._element = source.element
        self._changes = None if source.element in staging.whole else errand.changes
        filter_ = self._changes.filter if self._changes else errand.filter
        self._call = RowsCall(courier.standard, source.operation_id, {"filter": filter_}, courier.settings.base_url)
        self._walk = CollectionWalk(source.operation_id, paging)
        self._batcher = Batcher(schema_of(source.element, errand.columns))
        self._kept = _Kept()
        self._rejected: Counter[str] = Counter()
        self._rows = 0

    def run(self) -> None:
        self._progress.begin(self._name)
        try:
            self._gather()
        except _DisobeyedError as error:
            self._errand.notes.append(f"{self._name}: {error}, so all of it was fetched")
            self._staging.start_over(self._element)
            _CollectionFetch(
                self._courier, self._staging, self._errand, self._paging, self._ahead, self._progress
            ).run()

    def _gather(self) -> None:
        self._play_again()
        flight = PagePrefetcher(self._courier, self._fetch, self._ahead)
        try:
            self._walk_on(flight)
        except (_DisobeyedError, StagingError):
            raise
        except PagingError:
            if self._changes is None:
                self._rescue()
                raise
            # Some servers count before they filter; unfiltered they count right.
            raise _DisobeyedError("the changes could not be read exactly once") from None
        except StatusError as error:
            if self._rows or not self._is_absent(error):
                self._rescue()
                raise
            return
        except BaseException:
            self._rescue()
            raise
        finally:
            flight.close()
        if self._changes and self._changes.some and not self._rows:
            raise _DisobeyedError("the server gave no changes, not even the last one known")
        self._stage()
        self._staging.finish(self._element)
        if self._walk.repeated:
            self._errand.notes.append(f"{self._name}: {self._walk.reason}; read again under sort=sourcedId")
        self._progress.end(self._name, self._rows)

    def _walk_on(self, flight: PagePrefetcher[RowsPage]) -> None:
        while asks := self._walk.next_requests(self._ahead):
            if self._courier.stopped:
                raise Stopped
            self._take(asks[0], flight.fetch_first(asks))
            if self._kept.rows >= _STRETCH_ROWS or self._kept.size >= _STRETCH_BYTES:
                self._stage()

    @property
    def _name(self) -> str:
        return self._errand.source.collection

    def _fetch(self, ask: PageRequest, stop: threading.Event) -> RowsPage:
        operation_id = self._errand.source.operation_id
        return self._courier.read(self._call.page_url(ask), self._call.read_rows, operation_id, stop)

    def _take(self, ask: PageRequest, page: RowsPage) -> None:
        indexes = self._walk.receive(ask, page.facts)
        rows = page.rows
        if len(indexes) < len(rows) or None in page.facts.ids:
            rows = [row for row in map(rows.__getitem__, indexes) if row is not None]
        self._check_obeyed(rows)
        self._kept.add(self._batcher.batch(rows), _note(page.facts, indexes), page.size)
        if page.flaws:
            self._keep_rejects(reject for index in indexes for reject in page.flaws.get(index, ()))
        self._rows += len(rows)
        self._progress.advance(self._name, self._rows, self._walk.total)

    def _keep_rejects(self, rejects: Iterable[Reject]) -> None:
        for reject in rejects:
            self._rejected[reject.reason] += 1
            if self._rejected[reject.reason] <= MOST:
                self._kept.rejects.append(reject)
            else:
                self._kept.surplus[reject.reason] += 1

    def _check_obeyed(self, rows: list[Any]) -> None:
        if self._changes is None:
            return
        for row in rows:
            when = row.date_last_modified
            if when is None or when < self._changes.oldest:
                raise _DisobeyedError("the server ignores the filter by dateLastModified")

    def _stage(self) -> None:
        kept, self._kept = self._kept, _Kept()
        if kept.pages:
            self._staging.add(self._element, kept.batch(), kept.pages, kept.rejects, kept.surplus)

    def _rescue(self) -> None:
        # What came before the failure need not be fetched again; the failure itself is what has to be told.
        with suppress(OSError):
            self._stage()

    def _is_absent(self, error: StatusError) -> bool:
        """Whether the tenant does not give this collection at all; noted, when so."""
        if self._changes and error.status_code in _NOT_UNDERSTOOD:
            raise _DisobeyedError("the server refuses the filter by dateLastModified") from None
        word = (_NOT_OFFERED | _REFUSED).get(error.status_code)
        if word is None:
            return False
        reason = f"{word} ({error.status_code})"
        self._staging.leave_out(self._element, reason)
        self._progress.absent(self._name, reason)
        return True

    def _play_again(self) -> None:
        """Bring the walk to where an earlier pull ended."""
        for stretch in self._staging.stretches(self._element):
            named = (name for batch in self._staging.batches(stretch) for name in batch.column(KEY).to_pylist())
            for page in stretch.pages:
                self._replay(page, named)
            self._rows += stretch.rows
            self._rejected.update(reject.reason for reject in stretch.rejects)
        if self._rows:
            self._progress.advance(self._name, self._rows, self._walk.total)

    def _replay(self, page: PageNote, named: Iterable[str]) -> None:
        source = iter(named)
        nameless = set(page.nameless)
        ids = [
            None if index in nameless else page.known[str(index)] if str(index) in page.known else next(source, None)
            for index in range(page.count)
        ]
        facts = PageInfo(ids, page.total, page.cursor)
        asks = self._walk.next_requests(self._ahead)
        if not asks or _note(facts, self._walk.receive(asks[0], facts)) != page:
            raise StagingError(f"The journal in {self._staging.folder} does not fit its rows. Pull without resume.")


class _Kept:
    """Pages that came and are not yet in the staging."""

    def __init__(self) -> None:
        self.rows = self.size = 0
        self.pages: list[PageNote] = []
        self.rejects: list[Reject] = []
        self.surplus: Counter[str] = Counter()
        self._batches: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch, page: PageNote, size: int) -> None:
        self.rows += batch.num_rows
        self.size += size
        self.pages.append(page)
        self._batches.append(batch)

    def batch(self) -> pa.RecordBatch:
        return pa.concat_batches(self._batches)


def _note(facts: PageInfo, given: list[int]) -> PageNote:
    count = len(facts.ids)
    if len(given) == count and None not in facts.ids:
        return PageNote(count, facts.total, facts.cursor)
    fresh: set[int] | range = range(count) if len(given) == count else set(given)
    known = {str(index): name for index, name in enumerate(facts.ids) if name is not None and index not in fresh}
    nameless = [index for index, name in enumerate(facts.ids) if name is None]
    return PageNote(count, facts.total, facts.cursor, known, nameless)
