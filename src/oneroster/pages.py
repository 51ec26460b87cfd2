"""Collections as they are iterated: the walk decides, these shells send and hand out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from oneroster.operation_call import OperationCall, ParsedPage
from oneroster.pagination.concurrency import AdaptiveConcurrency
from oneroster.pagination.walk import CollectionWalk, PageRequest, Paging
from oneroster.transport import log
from oneroster_v1p1.facade import AsyncPages, Page, Pages

if TYPE_CHECKING:
    from concurrent.futures import Future
    from threading import Event

    from oneroster.transport.session import AsyncSession, Session

__all__ = ["AsyncWalkedPages", "PagePrefetcher", "WalkedPages"]

T = TypeVar("T")
P = TypeVar("P")

_LEAVING: Final = 0.5
"""Seconds that a walk which is left waits for what is on the wire; the rest ends by itself, or with the client."""


def _begin(call: OperationCall, paging: Paging) -> CollectionWalk:
    limit, offset = call.arguments.get("limit"), call.arguments.get("offset")
    call.request()  # refuses wrong parameters before anything is sent
    paging = paging if limit is None else paging._replace(limit=limit)
    return CollectionWalk(call.operation.operation_id, paging, offset or 0)


def _take(walk: CollectionWalk, ask: PageRequest, read: ParsedPage) -> Page[Any] | None:
    """What the caller gets of a page that came."""
    before = walk.repeated
    indexes = walk.take(ask, read.facts)
    if walk.repeated and not before:
        log.reading_again(walk.collection, walk.reason)
    return read.page(indexes, walk.total, walk.repeated) if indexes or read.response.status_info else None


class _Watch:
    """How long a walk stands still for its pages."""

    def __init__(self) -> None:
        self._last = self._began = time.perf_counter()
        self._worked = time.process_time()

    def begin(self) -> None:
        self._began, self._worked = time.perf_counter(), time.process_time()

    def end(self) -> tuple[float, float]:
        """Seconds since `begin` in which this process did nothing, and seconds since the end before."""
        now = time.perf_counter()
        waited = now - self._began - (time.process_time() - self._worked)
        spent, self._last = now - self._last, now
        return waited, spent


class WalkedPages(Pages[T]):
    """A collection read over a `Session`, several pages at a time where the walk allows it."""

    def __init__(self, session: "Session", call: OperationCall, paging: Paging) -> None:
        self._session, self._call, self._paging = session, call, paging
        self._walk = _begin(call, paging)

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.records
            del page

    def pages(self) -> Iterator[Page[T]]:
        """The pages; see `Pages.pages`. Leaving early ends what is on its way."""
        walk = self._walk = _begin(self._call, self._paging)
        pace, watch = AdaptiveConcurrency(self._paging.windows, self._paging.adaptive), _Watch()
        flight = PagePrefetcher(self._session, self._fetch, pace.most)
        try:
            while asks := walk.asks(pace.ahead):
                watch.begin()
                read = flight.next(asks)
                pace.note(*watch.end())
                page = _take(walk, asks[0], read)
                # What is not held while the next page is read leaves it the same, still warm memory.
                del read
                if page is not None:
                    yield page
                del page
        finally:
            flight.end()

    def first(self) -> T | None:
        """The first record; see `Pages.first`."""
        url = self._call.page_url(PageRequest(self._call.arguments.get("offset") or 0, 1))
        records: list[T] = self._session.read(url, self._call.read_page, self._call.operation.operation_id).records
        return records[0] if records else None

    @property
    def total(self) -> int | None:
        """The announced total; see `Pages.total`."""
        return self._walk.total

    def _fetch(self, ask: PageRequest, stop: "Event") -> ParsedPage:
        url = self._call.page_url(ask)
        return self._session.read(url, self._call.read_page, self._call.operation.operation_id, stop)


class PagePrefetcher(Generic[P]):
    """Pages on their way. Threads begin when there is a second page to ask for, not before.

    Args:
        session: Where they are asked for.
        fetch: Asks for one page; it is given the event that ends its waits.
        windows: The most pages to be on their way.
    """

    def __init__(self, session: "Session", fetch: Callable[[PageRequest, "Event"], P], windows: int) -> None:
        self._fetch, self._windows = fetch, windows
        self._stop = session.stopper()
        self._pool: Any = None
        self._waiting: dict[PageRequest, Future[P]] = {}
        self._stale: list[Future[P]] = []

    def next(self, asks: list[PageRequest]) -> P:
        """The page of the first ask; the others are then on their way.

        Raises:
            OneRosterError: What the fetching of this page raised.
        """
        if len(asks) == 1 and asks[0] not in self._waiting:
            return self._fetch(asks[0], self._stop)
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._windows, "oneroster-pages")
        self._drop(self._waiting.keys() - set(asks))
        for ask in asks:
            if ask not in self._waiting:
                self._waiting[ask] = self._pool.submit(self._fetch, ask, self._stop)
        return self._waiting.pop(asks[0]).result()

    def _drop(self, asks: set[PageRequest]) -> None:
        self._stale = [future for future in self._stale if not future.done()]
        for ask in asks:
            future = self._waiting.pop(ask)
            if not future.cancel():
                self._stale.append(future)

    def end(self) -> None:
        """Give up what is on its way."""
        # Whoever leaves a walk waits neither for a tired server's pause nor long for an answer that nobody wants.
        self._stop.set()
        if self._pool is None:
            return
        from concurrent.futures import wait

        self._pool.shutdown(wait=False, cancel_futures=True)
        if not wait([*self._stale, *self._waiting.values()], _LEAVING).not_done:
            self._pool.shutdown(wait=True)


class AsyncWalkedPages(AsyncPages[T]):
    """A collection read over an `AsyncSession`; otherwise like `WalkedPages`."""

    def __init__(self, session: "AsyncSession", call: OperationCall, paging: Paging) -> None:
        self._session, self._call, self._paging = session, call, paging
        self._walk = _begin(call, paging)

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for record in page.records:
                yield record
            del page

    async def pages(self) -> AsyncIterator[Page[T]]:
        """The pages; see `AsyncPages.pages`."""
        walk = self._walk = _begin(self._call, self._paging)
        waiting: dict[PageRequest, asyncio.Task[ParsedPage]] = {}
        dropped: list[asyncio.Task[ParsedPage]] = []
        pace, watch = AdaptiveConcurrency(self._paging.windows, self._paging.adaptive), _Watch()
        try:
            while asks := walk.asks(pace.ahead):
                # Kept to the end, where what became of them is looked at: asyncio complains of failures nobody saw.
                dropped += [waiting.pop(stale) for stale in waiting.keys() - set(asks)]
                for task in dropped:
                    task.cancel()
                for ask in asks:
                    if ask not in waiting:
                        waiting[ask] = asyncio.create_task(self._fetch(ask))
                watch.begin()
                read = await waiting.pop(asks[0])
                pace.note(*watch.end())
                page = _take(walk, asks[0], read)
                del read
                if page is not None:
                    yield page
                del page
        finally:
            dropped += waiting.values()
            for task in dropped:
                task.cancel()
            await asyncio.gather(*dropped, return_exceptions=True)

    async def first(self) -> T | None:
        """The first record; see `AsyncPages.first`."""
        url = self._call.page_url(PageRequest(self._call.arguments.get("offset") or 0, 1))
        records: list[T] = (
            await self._session.read(url, self._call.read_page, self._call.operation.operation_id)
        ).records
        return records[0] if records else None

    @property
    def total(self) -> int | None:
        """The announced total; see `AsyncPages.total`."""
        return self._walk.total

    async def _fetch(self, ask: PageRequest) -> ParsedPage:
        return await self._session.read(
            self._call.page_url(ask), self._call.read_page, self._call.operation.operation_id
        )
