"""Requests of several pages at the same time, in a thread pool."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from oneroster.pagination.walk import PageRequest

if TYPE_CHECKING:
    from concurrent.futures import Future
    from threading import Event

    from oneroster.transport.session import Session

__all__ = ["PagePrefetcher"]

P = TypeVar("P")

_CLOSE_TIMEOUT: Final = 0.5
"""Seconds that `close` waits for running requests. The others end by themselves, or when the session is closed."""


class PagePrefetcher(Generic[P]):
    """Requests pages ahead of their use. Threads are started with the first prefetched page, not before.

    Args:
        session: The session that sends the requests.
        fetch: Fetches one page. It is passed an event that cancels the request when it is set.
        concurrency: The maximum number of pages to request at the same time.

    Attributes:
        unused: Pages that were received although they are not needed any more. The caller may clear the list.
    """

    def __init__(self, session: "Session", fetch: Callable[[PageRequest, "Event"], P], concurrency: int) -> None:
        self._fetch, self._concurrency = fetch, concurrency
        self._stop = session.stop_event()
        self._pool: Any = None
        self._running: dict[PageRequest, Future[P]] = {}
        self._abandoned: list[Future[P]] = []
        self.unused: list[P] = []

    def fetch_first(self, requests: list[PageRequest]) -> P:
        """Return the page of the first request, and start the others in the background.

        Earlier pages that this list omits are cancelled.

        Raises:
            OneRosterError: The page could not be fetched.
        """
        if len(requests) == 1 and requests[0] not in self._running:
            return self._fetch(requests[0], self._stop)
        if self._pool is None:
            # Imported here, because most collections have a single page.
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._concurrency, "oneroster-pages")
        self._abandon(self._running.keys() - set(requests))
        for request in requests:
            if request not in self._running:
                self._running[request] = self._pool.submit(self._fetch, request, self._stop)
        return self._running.pop(requests[0]).result()

    def _abandon(self, requests: set[PageRequest]) -> None:
        self._abandoned = [future for future in self._abandoned if not future.done()]
        for request in requests:
            future = self._running.pop(request)
            if future.done() and future.exception() is None:
                self.unused.append(future.result())
            elif not future.cancel():
                self._abandoned.append(future)

    def close(self) -> None:
        """Cancel all requests, without waiting for a slow response or for the delay before a retry."""
        self._stop.set()
        if self._pool is None:
            return
        from concurrent.futures import wait

        self._pool.shutdown(wait=False, cancel_futures=True)
        if not wait([*self._abandoned, *self._running.values()], _CLOSE_TIMEOUT).not_done:
            self._pool.shutdown(wait=True)
