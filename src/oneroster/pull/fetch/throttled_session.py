"""A session that sends no more at a time, and no faster, than is polite; and counts what it does."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from oneroster.pull.errors import PullError
from oneroster.transport.response import RawResponse
from oneroster.transport.session import Session

__all__ = ["Stopped", "ThrottledSession"]


class Stopped(PullError):  # noqa: N818  # no error of anybody's: somebody wanted it
    """The pull ends, because another collection failed, or because the client was closed."""

    def __init__(self) -> None:
        super().__init__("The pull was ended before it was over; what came is kept for a pull that resumes.")


class ThrottledSession(Session):
    """The connections to one tenant, bounded.

    Args:
        session: The client's own connections to the tenant; closing them ends the courier, too.
        workers: Requests on their way at once, at most.
        rate: Requests a second, at most; None for no bound.
        told: Called whenever a request is going to be sent again.

    Attributes:
        requests: Sent so far.
        retries: Sent again so far.
        received: Bytes of bodies so far.
    """

    def __init__(
        self,
        session: Session,
        *,
        workers: int,
        rate: float | None = None,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(session.settings, session.standard, session.retry, session.limits)
        self.requests = self.retries = self.received = 0
        self._places: AbstractContextManager[object] = threading.BoundedSemaphore(workers) if workers else nullcontext()
        self._interval = 1 / rate if rate else 0.0
        self._next = 0.0
        self._counting = threading.Lock()
        self._told = told
        self._ending, self._ended_outside = self.stop_event(), session.stop_event()

    @property
    def stopped(self) -> bool:
        """Whether it, or the client, was closed, and nothing more is sent."""
        return self._ending.is_set() or self._ended_outside.is_set()

    def send(
        self, method: str, url: str, body: bytes | None = None, stop: threading.Event | None = None
    ) -> RawResponse:
        """One request and its whole answer, when its turn comes.

        Raises:
            Stopped: There is no more turn.
        """
        with self._places:
            if self._ending.wait(self._turn()) or self.stopped:
                raise Stopped
            with self._counting:
                self.requests += 1
            answer = super().send(method, url, body, stop)
            with self._counting:
                self.received += len(answer.content)
            return answer

    def retry_delay(self, failure: Exception | RawResponse, sent: int, began: float, operation_id: str) -> float | None:
        """See `Session`; counts what is sent again."""
        delay = super().retry_delay(failure, sent, began, operation_id)
        if delay is not None:
            with self._counting:
                self.retries += 1
            self._told()
        return delay

    def _turn(self) -> float:
        """Seconds until this request may be sent."""
        if not self._interval:
            return 0.0
        with self._counting:
            now = time.monotonic()
            mine = max(now, self._next)
            self._next = mine + self._interval
        return mine - now
