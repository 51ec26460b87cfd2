"""A session with concurrency and rate limits, and request statistics."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from oneroster.pull.errors import PullError
from oneroster.pull.fetch.rate_limit import RateLimit
from oneroster.transport.attempts import Attempts
from oneroster.transport.bounded_response import RawResponse
from oneroster.transport.session import Session

__all__ = ["PullStoppedError", "ThrottledSession"]


class PullStoppedError(PullError):
    """The pull stops because another collection failed, or because the client was closed."""

    def __init__(self) -> None:
        super().__init__("The pull was stopped before it was complete; fetched rows are kept for --resume.")


class ThrottledSession(Session):
    """A session with limits on concurrent requests and on requests per second.

    Args:
        session: The client's session, whose connections and token this session uses. When it is closed, this session
            stops as well.
        workers: The maximum number of concurrent requests; 0 for no limit.
        rate: The maximum number of requests per second; None for no limit.
        shared_rate: A limit that other sessions share.
        on_retry: See `SessionBase`.

    Attributes:
        requests: The number of requests sent.
        retries: The number of requests sent again.
        received: The bytes of all response bodies.
        reads: The number of reads by operation, and of retries: ``(operation, True)``.
    """

    def __init__(
        self,
        session: Session,
        *,
        workers: int,
        rate: float | None = None,
        shared_rate: RateLimit | None = None,
        on_retry: Callable[[float, str], None] = lambda _seconds, _reason: None,
    ) -> None:
        super().__init__(session.settings, session.standard, session.retry, session.limits, sharing=session)
        self.doubt = session.doubt
        self.requests = self.retries = self.received = 0
        self.reads: Counter[tuple[str, bool]] = Counter()
        self._slots: AbstractContextManager[object] = threading.BoundedSemaphore(workers) if workers else nullcontext()
        own = RateLimit(rate) if rate else None
        self._limits = [limit for limit in (own, shared_rate) if limit is not None]
        self._counter_lock = threading.Lock()
        self.on_retry = on_retry
        self._stop, self._client_stop = self.stop_event(), session.stop_event()

    @property
    def stopped(self) -> bool:
        """Whether this session or the client's was closed, so that no more requests are sent."""
        return self._stop.is_set() or self._client_stop.is_set()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until the limits allow a request.

        Raises:
            PullStoppedError: The session was closed.
        """
        with self._slots:
            if self._stop.wait(self._delay()) or self.stopped:
                raise PullStoppedError
            with self._counter_lock:
                self.requests += 1
            yield

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        stop: threading.Event | None = None,
        deadline: float | None = None,
    ) -> RawResponse:
        """See `Session.send`; counts the bytes."""
        try:
            response = super().send(method, url, body, stop, deadline)
        except Exception:
            if self.stopped:
                raise PullStoppedError from None
            raise
        with self._counter_lock:
            self.received += len(response.content)
        return response

    def attempts(self, operation_id: str) -> Attempts:
        """See `Session.attempts`; counts the reads."""
        with self._counter_lock:
            self.reads[operation_id, False] += 1
        return super().attempts(operation_id)

    def retry_delay(self, failure: Exception | RawResponse, attempts: Attempts) -> float | None:
        """See `Session.retry_delay`; counts the retries."""
        delay = super().retry_delay(failure, attempts)
        if delay is not None:
            with self._counter_lock:
                self.retries += 1
                self.reads[attempts.operation_id, True] += 1
        return delay

    def _delay(self) -> float:
        """Reserve the next start time of every limit, and return the seconds until the last of them."""
        return max((limit.delay() for limit in self._limits), default=0.0)
