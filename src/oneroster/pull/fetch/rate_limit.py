"""A limit on requests per second that several sessions can share."""

import threading
import time

__all__ = ["RateLimit"]


class RateLimit:
    """At most so many requests per second, evenly spaced, over all threads.

    Args:
        rate: The maximum number of requests per second.
    """

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._next_start = 0.0
        self._lock = threading.Lock()

    def delay(self) -> float:
        """Reserve the next start time, and return the seconds until then."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next_start)
            self._next_start = start + self._interval
        return start - now
