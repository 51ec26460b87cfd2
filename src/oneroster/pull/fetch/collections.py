"""The fetch of collections from the tenant into the staging: exactly once each, several concurrently."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

import pyarrow as pa

from oneroster.counts import count_of
from oneroster.errors import PagingError, StatusError
from oneroster.pagination.walk import CollectionWalk, PageRequest, Paging, ReceivedPage
from oneroster.prefetch import PagePrefetcher
from oneroster.pull.errors import StagingError
from oneroster.pull.fetch.arrow_batches import Batcher
from oneroster.pull.fetch.journal import PageEntry
from oneroster.pull.fetch.row_parser import RowsCall, RowsPage
from oneroster.pull.fetch.staging import Staging
from oneroster.pull.fetch.statistics import FetchStatistics
from oneroster.pull.fetch.throttled_session import PullStoppedError, ThrottledSession
from oneroster.pull.plan import CollectionSource
from oneroster.pull.progress import Progress
from oneroster.pull.roster.columns import KEY_COLUMN, schema_of
from oneroster.pull.roster.rejects import DUPLICATE, MAX_LISTED, Reject
from oneroster.standard import Standard

__all__ = ["REFUSED", "ChangeRequest", "FetchTask", "fetch_collections"]

_SEGMENT_ROWS: Final = 20_000
_SEGMENT_BYTES: Final = 16_000_000
_READY_PAGES: Final = 2
"""Pages requested beyond the concurrent ones, so that no worker is idle while a page is parsed."""

_NOT_OFFERED: Final = {404: "not offered", 405: "not offered", 410: "not offered", 501: "not offered"}
_NOT_UNDERSTOOD: Final = frozenset({400, 422, 500})
REFUSED: Final = "refused"
"""How the reason begins for which a collection is not offered, if the server refuses access to it."""
_REFUSED: Final = {401: REFUSED, 403: REFUSED}


class ChangeRequest(NamedTuple):
    """How to request only the changes of a collection.

    Attributes:
        filter: The filter to send.
        oldest: A row that changed earlier shows that the server ignores the filter.
        expect_rows: Whether an empty response shows that the server ignores the filter.
    """

    filter: str
    oldest: datetime
    expect_rows: bool


class FetchTask(NamedTuple):
    """A collection to fetch.

    Attributes:
        source: The collection.
        columns: The columns to keep.
        filter: The filter to send; None for all rows.
        notes: Receives sentences for the report.
        changes: How to request only the changes; None to request all rows.
        statistics: Receives what happened; None if it is not wanted.
        dropped: Fields of nested records that are not kept, as in ``userProfiles.credentials.password``.
    """

    source: CollectionSource
    columns: tuple[str, ...]
    filter: str | None
    notes: list[str]
    changes: ChangeRequest | None = None
    statistics: FetchStatistics | None = None
    dropped: frozenset[str] = frozenset()


class _FilterIgnoredError(Exception):
    """The server does not apply the filter for changes."""


def fetch_collections(
    standard: Standard,
    session: ThrottledSession,
    staging: Staging,
    tasks: Iterable[FetchTask],
    paging: Paging,
    workers: int,
    progress: Progress,
) -> None:
    """Fetch collections into the staging, several concurrently; collections that it holds are not fetched again.

    Args:
        standard: The version of the standard.
        session: The tenant.
        staging: Receives the rows.
        tasks: The collections.
        paging: How they are read.
        workers: The maximum number of concurrent collections.
        progress: The progress callbacks.

    Raises:
        OneRosterError: The first error. The other fetches are stopped; fetched rows stay in the staging.
        OSError: The staging cannot be written.
    """
    skipped = {*staging.fetched, *staging.not_offered}
    pending = [task for task in tasks if task.source.element not in skipped]
    with ThreadPoolExecutor(max(1, workers), "oneroster-pull") as pool:
        ahead = _pages_ahead(paging, workers)
        futures = [
            pool.submit(_CollectionFetch(standard, session, staging, task, paging, ahead, progress).run)
            for task in pending
        ]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failures = [error for future in done if (error := future.exception()) is not None]
        except BaseException:
            # After an interrupt, do not wait for the rest of the pull.
            failures = []
            raise
        finally:
            if failures or not all(future.done() for future in futures):
                session.close()
                for future in futures:
                    future.cancel()
    if failures:
        raise failures[0]


def _pages_ahead(paging: Paging, workers: int) -> int:
    """The pages of a collection to request at once.

    More than the windows make sense only when the session, and not the walk, limits the concurrent requests.
    """
    return paging.windows + _READY_PAGES if 1 < workers <= paging.windows else paging.windows


class _CollectionFetch:
    """The fetch of one collection."""

    def __init__(
        self,
        standard: Standard,
        session: ThrottledSession,
        staging: Staging,
        task: FetchTask,
        paging: Paging,
        ahead: int,
        progress: Progress,
    ) -> None:
        self._standard, self._session, self._staging = standard, session, staging
        self._task, self._progress = task, progress
        self._paging, self._ahead = paging, ahead
        source = task.source
        self._element = source.element
        self._changes = None if source.element in staging.in_full else task.changes
        filter_ = self._changes.filter if self._changes else task.filter
        self._call = RowsCall(
            standard,
            source.operation_id,
            {"filter": filter_},
            session.service_urls,
            session.settings.time_zone,
        )
        self._walk = CollectionWalk(source.operation_id, paging)
        self._batcher = Batcher(standard, schema_of(standard.specification, source.element, task.columns), task.dropped)
        self._pending = _PendingPages()
        self._rejected: Counter[str] = Counter()
        self._conflicts = self._rows = 0

    def run(self) -> None:
        self._progress.begin(self._name)
        try:
            self._fetch_and_note()
        except _FilterIgnoredError as error:
            self._task.notes.append(f"{self._name}: {error}, so all of it was fetched")
            self._staging.restart_in_full(self._element)
            _CollectionFetch(
                self._standard, self._session, self._staging, self._task, self._paging, self._ahead, self._progress
            ).run()

    def _fetch_and_note(self) -> None:
        noted, began = self._task.statistics or FetchStatistics(), time.monotonic()
        try:
            self._fetch_all()
        except _FilterIgnoredError:
            raise
        except Exception as error:
            noted.error = error
            raise
        finally:
            noted.seconds += time.monotonic() - began
            noted.announced, noted.identical = self._walk.total, self._walk.identical
            noted.gone = len(self._walk.gone)

    def _fetch_all(self) -> None:
        self._replay()
        prefetcher = PagePrefetcher(self._session, self._fetch_page, self._ahead)
        try:
            self._walk_pages(prefetcher)
        except (_FilterIgnoredError, StagingError):
            raise
        except PagingError:
            if self._changes is None:
                self._stage_before_failure()
                raise
            # Some servers announce the count before filtering; without a filter, the count is right.
            raise _FilterIgnoredError("the changes could not be read exactly once") from None
        except StatusError as error:
            if self._rows or not self._is_not_offered(error):
                self._stage_before_failure()
                raise
            return
        except BaseException:
            self._stage_before_failure()
            raise
        finally:
            prefetcher.close()
        if self._changes and self._changes.expect_rows and not self._rows:
            raise _FilterIgnoredError("the server returned no changes, not even the last known one")
        self._stage()
        self._staging.mark_fetched(self._element)
        self._task.notes.extend(f"{self._name}: {note}" for note in _notes_of(self._walk))
        self._progress.end(self._name, self._rows)

    def _walk_pages(self, prefetcher: PagePrefetcher[RowsPage]) -> None:
        while requests := self._walk.next_requests(self._ahead):
            if self._session.stopped:
                raise PullStoppedError
            page = prefetcher.fetch_first(requests)
            while prefetcher.unused:
                self._walk.notice(prefetcher.unused.pop().info)
            self._take(requests[0], page)
            del page
            if self._pending.rows >= _SEGMENT_ROWS or self._pending.size >= _SEGMENT_BYTES:
                self._stage()

    @property
    def _name(self) -> str:
        return self._task.source.collection

    def _fetch_page(self, request: PageRequest, stop: threading.Event) -> RowsPage:
        operation_id = self._task.source.operation_id
        parse = partial(self._call.read_requested_rows, request)
        return self._session.read(self._call.page_url(request), parse, operation_id, stop)

    def _take(self, request: PageRequest, page: RowsPage) -> None:
        indexes = self._walk.receive(request, page.info)
        rows = page.rows
        if len(indexes) < len(rows) or None in page.info.ids:
            rows = [row for row in map(rows.__getitem__, indexes) if row is not None]
        self._check_filter_applied(rows)
        self._pending.add(self._batcher.batch(rows), _entry_of(page.info, indexes), page.size)
        if page.flaws:
            self._add_rejects(reject for index in indexes for reject in page.flaws.get(index, ()))
        conflicts, self._conflicts = self._walk.conflicting[self._conflicts :], len(self._walk.conflicting)
        self._add_rejects(Reject(self._name, name, None, DUPLICATE) for name in conflicts)
        self._rows += len(rows)
        self._progress.advance(self._name, self._rows, self._walk.total)

    def _add_rejects(self, rejects: Iterable[Reject]) -> None:
        for reject in rejects:
            self._rejected[reject.reason] += 1
            if self._rejected[reject.reason] <= MAX_LISTED:
                self._pending.rejects.append(reject)
            else:
                self._pending.unlisted[reject.kind()] += 1

    def _check_filter_applied(self, rows: list[Any]) -> None:
        if self._changes is None:
            return
        for row in rows:
            when = row.date_last_modified
            if when is None or when < self._changes.oldest:
                raise _FilterIgnoredError("the server ignores the filter by dateLastModified")

    def _stage(self) -> None:
        pending, self._pending = self._pending, _PendingPages()
        if pending.pages:
            self._staging.add(self._element, pending.batch(), pending.pages, pending.rejects, pending.unlisted)

    def _stage_before_failure(self) -> None:
        # Rows fetched before the failure need not be fetched again. An error here must not replace the failure.
        with suppress(OSError):
            self._stage()

    def _is_not_offered(self, error: StatusError) -> bool:
        """Return whether the server does not offer the collection, and record it."""
        if self._changes and error.status_code in _NOT_UNDERSTOOD:
            raise _FilterIgnoredError("the server refuses the filter by dateLastModified") from None
        word = (_NOT_OFFERED | _REFUSED).get(error.status_code)
        if word is None:
            return False
        reason = f"{word} ({error.status_code})"
        self._staging.mark_not_offered(self._element, reason)
        self._progress.not_offered(self._name, reason)
        return True

    def _replay(self) -> None:
        """Replay the staged pages, so that the walk continues where an earlier pull ended."""
        for segment in self._staging.segments(self._element):
            ids = (name for batch in self._staging.batches(segment) for name in batch.column(KEY_COLUMN).to_pylist())
            for page in segment.pages:
                self._replay_page(page, ids)
            self._rows += segment.rows
            self._rejected.update(reject.reason for reject in segment.rejects)
        self._conflicts = len(self._walk.conflicting)
        if self._rows:
            self._progress.advance(self._name, self._rows, self._walk.total)

    def _replay_page(self, page: PageEntry, staged_ids: Iterable[str]) -> None:
        source = iter(staged_ids)
        without_id = set(page.without_id)
        ids = [
            None if i in without_id else page.repeated[str(i)] if str(i) in page.repeated else next(source, None)
            for i in range(page.count)
        ]
        facts = ReceivedPage(ids, page.total, page.cursor)
        requests = self._walk.next_requests(self._ahead)
        if not requests or _entry_of(facts, self._walk.receive(requests[0], facts)) != page:
            raise StagingError(f"The journal in {self._staging.folder} does not match its rows. Pull without --resume.")


def _notes_of(walk: CollectionWalk) -> Iterator[str]:
    """Return what was unusual about a walk, as sentences for the report."""
    if walk.repeated:
        yield f"{walk.reason}; read again under sort=sourcedId"
    if walk.identical:
        yield f"{count_of(walk.identical, 'row was', 'rows were')} sent twice with the same content, and kept once"
    if walk.conflicting:
        rows = count_of(len(walk.conflicting), "row has", "rows have")
        yield f"{rows} the sourcedId of another and different content; the first is kept"
    if walk.gone:
        names = ", ".join(map(repr, walk.gone))
        rows = count_of(len(walk.gone), "row was", "rows were")
        yield f"{rows} deleted while the collection was read, and kept: {names}"


class _PendingPages:
    """Fetched pages that are not staged yet."""

    def __init__(self) -> None:
        self.rows = self.size = 0
        self.pages: list[PageEntry] = []
        self.rejects: list[Reject] = []
        self.unlisted: Counter[str] = Counter()
        self._batches: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch, page: PageEntry, size: int) -> None:
        self.rows += batch.num_rows
        self.size += size
        self.pages.append(page)
        self._batches.append(batch)

    def batch(self) -> pa.RecordBatch:
        # `pa.concat_batches` came with pyarrow 19.
        table = pa.Table.from_batches(self._batches).combine_chunks()
        return (table.to_batches() or self._batches)[0]


def _entry_of(facts: ReceivedPage, new: list[int]) -> PageEntry:
    """The journal entry of a page whose records at the indexes `new` had not been fetched before."""
    count = len(facts.ids)
    if len(new) == count and None not in facts.ids:
        return PageEntry(count, facts.total, facts.cursor)
    indexes: set[int] | range = range(count) if len(new) == count else set(new)
    repeated = {str(i): name for i, name in enumerate(facts.ids) if name is not None and i not in indexes}
    without_id = [i for i, name in enumerate(facts.ids) if name is None]
    return PageEntry(count, facts.total, facts.cursor, repeated, without_id)
