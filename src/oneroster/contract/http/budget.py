"""The budget of a run: how many requests, how fast, for how long, and when a silent tenant counts as down."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from oneroster.contract.errors import BudgetSpentError, KitError, NoResponseError, UnreachableError
from oneroster.counts import count_of

__all__ = ["DEFAULT_RATE", "REQUESTS_FOR_WRITES", "BudgetTracker", "RunBudget", "default_rate"]

DEFAULT_RATE: Final = 20.0
"""Requests per second to a tenant on another machine, unless an option says otherwise."""
REQUESTS_FOR_WRITES: Final = 200
"""Requests that may be sent beyond the limit if writes are allowed."""
MIN_INTERVAL_WHEN_BUSY: Final = 0.05
"""Seconds between requests to a tenant that has said that it is busy."""
RECOVERY: Final = 20
"""Responses in a row after which a run that was slowed down sends twice as often again."""
MAX_MISSED_AT_START: Final = 2
MAX_MISSED: Final = 5
"""Requests in a row without a response after which the tenant counts as down."""


@dataclass(frozen=True, slots=True)
class RunBudget:
    """Limits of one run.

    Attributes:
        requests: Requests in all.
        rate: Requests per second; None for no limit.
        timeout: Seconds for one complete exchange.
        seconds: Seconds for the whole run.
        body: Bytes of one response body.
        rows: Rows of one collection.
        workers: Concurrent requests.
    """

    requests: int = 4000
    rate: float | None = None
    timeout: float = 30.0
    seconds: float = 900.0
    body: int = 32 * 1024 * 1024
    rows: int = 50_000
    workers: int = 1


def default_rate(base_url: str) -> float | None:
    """Return the default number of requests per second to a server; None, for no limit, on this machine."""
    # Imported here, because it imports httpx, and the command line reads the defaults for its help.
    from oneroster.transport.urls import is_loopback

    return None if is_loopback(base_url) else DEFAULT_RATE


class BudgetTracker:
    """Counts and paces the requests of a run, from any number of threads.

    Args:
        limits: The limits of the run.
        extra_requests: Requests that are allowed beyond ``limits.requests``.
        pause: Waits for a number of seconds; tests pass a clock of their own.
    """

    def __init__(self, limits: RunBudget, extra_requests: int = 0, pause: Callable[[float], None] = time.sleep) -> None:
        self._limits = limits
        self._allowed = limits.requests + extra_requests
        self._pause = pause
        self._lock = threading.Lock()
        self._spent = 0
        self._deadline = time.monotonic() + limits.seconds
        self._least_interval = 1 / limits.rate if limits.rate else 0.0
        self._interval = self._least_interval
        self._served = 0
        self._next_at = 0.0
        self._slowed_at = 0.0
        self._missed = 0
        self._responded = False
        self._down: UnreachableError | None = None

    @property
    def spent(self) -> int:
        """Requests sent so far, including repeats and token requests."""
        return self._spent

    @property
    def left(self) -> int:
        """Requests that may still be sent."""
        return self._allowed - self._spent

    @property
    def seconds_left(self) -> float:
        """Seconds until the run must end; negative afterwards."""
        return self._deadline - time.monotonic()

    def acquire(self, *, cleanup: bool = False) -> None:
        """Wait until the next request may be sent, and count it.

        Args:
            cleanup: Send the request even if the requests or the seconds of the run are spent.

        Raises:
            UnreachableError: The tenant counts as down.
            BudgetSpentError: The requests or the seconds of the run are spent.
        """
        with self._lock:
            if self._down is not None:
                # Every further attempt would wait for another timeout.
                raise self._down
            if self.left <= 0 and not cleanup:
                raise BudgetSpentError(
                    f"the limit of {count_of(self._allowed, 'request')} for this run is reached (--max-requests)"
                )
            now = time.monotonic()
            if now >= self._deadline and not cleanup:
                raise self.time_is_spent()
            delay = self._next_at - now
            self._next_at = max(now, self._next_at) + self._interval
            self._spent += 1
        if delay > 0:
            self._pause(delay)

    def pause(self, seconds: float) -> None:
        """Wait for a number of seconds.

        Raises:
            BudgetSpentError: The run would have to end before.
        """
        if seconds >= self.seconds_left:
            raise BudgetSpentError(f"waiting {seconds:g} seconds would exceed the time allowed for this run")
        self._pause(seconds)

    def slow_down(self, sent_at: float, delay: float) -> None:
        """Wait because the tenant is busy, send less often for a while, and make other threads wait as well.

        Args:
            sent_at: When the request with the busy response was sent (monotonic clock).
            delay: Seconds to wait.
        """
        with self._lock:
            now = time.monotonic()
            if sent_at >= self._slowed_at:
                # Concurrent requests that all find the tenant busy slow the run down once, not once each.
                self._interval = max(self._interval * 2, MIN_INTERVAL_WHEN_BUSY)
                self._slowed_at, self._served = now, 0
            if self._limits.workers > 1:
                self._next_at = max(self._next_at, now + delay)
        self._pause(delay)

    def served(self) -> None:
        """Note that the tenant was not busy; after some such responses the run sends more often again."""
        with self._lock:
            self._served += 1
            if self._served < RECOVERY or self._interval <= self._least_interval:
                return
            self._served = 0
            half = self._interval / 2
            self._interval = max(half if half >= MIN_INTERVAL_WHEN_BUSY else 0.0, self._least_interval)

    def response_received(self) -> None:
        """Note that the tenant is up."""
        self._missed, self._responded = 0, True

    def response_missed(self, origin: str, cause: str, advice: str) -> KitError:
        """Note that a request got no response, and return the error to raise.

        Args:
            origin: The origin of the request, for the message.
            cause: What happened, for the message.
            advice: What to check, for the message.

        Returns:
            An `UnreachableError` if the tenant counts as down from now on, otherwise a `NoResponseError`.
        """
        self._missed += 1
        # Concurrent requests count as one.
        allowed = (MAX_MISSED if self._responded else MAX_MISSED_AT_START) + self._limits.workers - 1
        if self._missed < allowed:
            return NoResponseError(f"no complete response ({cause})")
        self._down = UnreachableError(
            f"{self._missed} requests in a row to {origin} got no response ({cause}); {advice}"
        )
        return self._down

    def stays_busy(self, count: int, status: int, asked: float) -> UnreachableError:
        """Note that the tenant answers nothing any more but that it is busy, and return the error to raise.

        Args:
            count: How many requests in a row got no response of the API.
            status: The status of the last of them.
            asked: The longest pause in seconds that the tenant asked for.
        """
        pause = f", which asks for a pause of {asked:,.0f} seconds" if asked >= 1 else ""
        self._down = UnreachableError(
            f"{count} requests in a row were answered with HTTP {status}{pause}; try again later, or send less often"
            " (--rate, --workers)"
        )
        return self._down

    def time_is_spent(self) -> BudgetSpentError:
        """Return the error for a run that took too long."""
        return BudgetSpentError(f"the {self._limits.seconds:g} seconds allowed for this run are over (--max-time)")
