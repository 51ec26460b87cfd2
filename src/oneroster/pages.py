"""Lazy collections: `WalkedPages` and `AsyncWalkedPages` fetch the pages that a `CollectionWalk` asks for."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from oneroster.errors import ConfigurationError
from oneroster.extras import missing_library
from oneroster.operation_call import OperationCall, ParsedPage
from oneroster.pagination.adaptive_concurrency import AdaptiveConcurrency
from oneroster.pagination.walk import CollectionWalk, PageRequest, Paging, ReceivedPage
from oneroster.prefetch import PagePrefetcher
from oneroster.transport import log
from oneroster_runtime.lazy_collections import AsyncPages, Page, Pages

if TYPE_CHECKING:
    from threading import Event

    import pyarrow as pa

    from oneroster.transport.session import AsyncSession, Session

__all__ = ["AsyncPages", "AsyncWalkedPages", "Page", "Pages", "WalkedPages"]

T = TypeVar("T")
R = TypeVar("R")


class _Parsed(Protocol):
    """A parsed page, as far as the walk needs it."""

    @property
    def info(self) -> ReceivedPage: ...


P = TypeVar("P", bound=_Parsed)


class WalkedPages(Pages[T]):
    """A collection read over a `Session`, several pages at a time where the walk allows it.

    Args:
        session: The session of the tenant.
        call: The operation with its arguments.
        paging: How to read.

    Attributes:
        session: The session.
        call: The operation with its arguments.

    Raises:
        WriteError: A parameter must not be sent.
    """

    def __init__(self, session: "Session", call: OperationCall, paging: Paging) -> None:
        self.session, self.call, self._paging = session, call, paging
        self._walk = _start_walk(call, paging)

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.records
            # Released before the next page is read, which keeps peak memory at one page.
            del page

    def pages(self) -> Iterator[Page[T]]:
        """Iterate page by page; see `Pages.pages`. Ending the iteration early cancels the running requests."""
        return self.walked(self._fetch, self._page)

    def arrow(self, columns: Sequence[str] | None = None, rejects: Any = None) -> "pa.RecordBatchReader":
        """Return the records as Arrow record batches; see `Pages.arrow`."""
        # The reader is a part of `oneroster.pull`, which builds upon the clients and needs the extra of that name.
        try:
            streams: Any = import_module("oneroster.pull.page_stream")
        except ModuleNotFoundError as error:
            raise ConfigurationError(missing_library(error, "pull")) from None
        return streams.page_stream(self, columns, rejects)

    def walked(
        self, fetch: Callable[[PageRequest, "Event"], P], convert: Callable[[P, list[int]], R | None]
    ) -> Iterator[R]:
        """Walk the collection, with pages parsed and converted by the caller.

        Args:
            fetch: Fetches and parses one page.
            convert: Makes a result of a page and the indexes of its rows that earlier pages did not have; None for a
                page without a result.
        """
        walk = self._walk = _start_walk(self.call, self._paging)
        concurrency, timer = AdaptiveConcurrency(self._paging.windows, self._paging.adaptive), _WaitTimer()
        prefetcher = PagePrefetcher(self.session, fetch, concurrency.maximum)
        try:
            while requests := walk.next_requests(concurrency.current):
                timer.start()
                parsed = prefetcher.fetch_first(requests)
                concurrency.record(*timer.stop())
                while prefetcher.unused:
                    walk.notice(prefetcher.unused.pop().info)
                result = convert(parsed, _new_rows(walk, requests[0], parsed.info))
                # Released before the next page is read, so that it can reuse the same, still cached memory.
                del parsed
                if result is not None:
                    yield result
                del result
        finally:
            prefetcher.close()

    def first(self) -> T | None:
        """Return the first record; see `Pages.first`."""
        url = _url_of_first(self.call)
        records: list[T] = self.session.read(url, self.call.read_page, self.call.operation.operation_id).records
        return records[0] if records else None

    def _page(self, parsed: ParsedPage, indexes: list[int]) -> Page[T] | None:
        return parsed.page(indexes, self._walk.total, self._walk.repeated)

    @property
    def total(self) -> int | None:
        """The announced total; see `Pages.total`."""
        return self._walk.total

    def _fetch(self, request: PageRequest, stop: "Event") -> ParsedPage:
        url, parse = self.call.page_url(request), partial(self.call.read_requested, request)
        return self.session.read(url, parse, self.call.operation.operation_id, stop)


class AsyncWalkedPages(AsyncPages[T]):
    """A collection read over an `AsyncSession`; otherwise like `WalkedPages`."""

    def __init__(self, session: "AsyncSession", call: OperationCall, paging: Paging) -> None:
        self._session, self._call, self._paging = session, call, paging
        self._walk = _start_walk(call, paging)

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for record in page.records:
                yield record
            del page

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate page by page; see `AsyncPages.pages`."""
        walk = self._walk = _start_walk(self._call, self._paging)
        running: dict[PageRequest, asyncio.Task[ParsedPage]] = {}
        abandoned: list[asyncio.Task[ParsedPage]] = []
        concurrency, timer = AdaptiveConcurrency(self._paging.windows, self._paging.adaptive), _WaitTimer()
        try:
            while requests := walk.next_requests(concurrency.current):
                # Awaited at the end: asyncio warns of tasks whose exception is never retrieved.
                stale = [running.pop(request) for request in running.keys() - set(requests)]
                for task in stale:
                    if task.done() and task.exception() is None:
                        walk.notice(task.result().info)
                    task.cancel()
                abandoned += stale
                for request in requests:
                    if request not in running:
                        running[request] = asyncio.create_task(self._fetch(request))
                timer.start()
                parsed = await running.pop(requests[0])
                concurrency.record(*timer.stop())
                page = parsed.page(_new_rows(walk, requests[0], parsed.info), walk.total, walk.repeated)
                del parsed
                if page is not None:
                    yield page
                del page
        finally:
            abandoned += running.values()
            for task in abandoned:
                task.cancel()
            await asyncio.gather(*abandoned, return_exceptions=True)

    async def first(self) -> T | None:
        """Return the first record; see `AsyncPages.first`."""
        operation_id = self._call.operation.operation_id
        page = await self._session.read(_url_of_first(self._call), self._call.read_page, operation_id)
        records: list[T] = page.records
        return records[0] if records else None

    @property
    def total(self) -> int | None:
        """The announced total; see `AsyncPages.total`."""
        return self._walk.total

    async def _fetch(self, request: PageRequest) -> ParsedPage:
        url, parse = self._call.page_url(request), partial(self._call.read_requested, request)
        return await self._session.read(url, parse, self._call.operation.operation_id)


def _start_walk(call: OperationCall, paging: Paging) -> CollectionWalk:
    limit, offset = call.arguments.get("limit"), call.arguments.get("offset")
    call.request()  # raises for invalid parameters, before anything is sent
    paging = paging if limit is None else paging._replace(limit=limit)
    return CollectionWalk(call.operation.operation_id, paging, offset or 0)


def _new_rows(walk: CollectionWalk, request: PageRequest, info: ReceivedPage) -> list[int]:
    """Return the indexes of the rows of a page that are new to the caller."""
    before = walk.repeated
    indexes = walk.receive(request, info)
    if walk.repeated and not before:
        log.log_reread(walk.collection, walk.reason)
    return indexes


def _url_of_first(call: OperationCall) -> str:
    return call.page_url(PageRequest(call.arguments.get("offset") or 0, 1))


class _WaitTimer:
    """Measures how long a walk waits for its pages."""

    def __init__(self) -> None:
        self._stopped = self._started = time.perf_counter()
        self._cpu = time.process_time()

    def start(self) -> None:
        self._started, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> tuple[float, float]:
        """Return the seconds since `start` in which the process was idle, and the seconds since the last `stop`."""
        now = time.perf_counter()
        waited = now - self._started - (time.process_time() - self._cpu)
        elapsed, self._stopped = now - self._stopped, now
        return waited, elapsed
