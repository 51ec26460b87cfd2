"""Adaptive concurrency: how many pages of a collection to request at the same time. No I/O.

Concurrent requests need threads and memory, and help only while the client waits for the server. So a walk starts with
one page at a time, requests several once waiting makes up most of its time, and doubles that number if it still does.
"""

from typing import Final

__all__ = ["AdaptiveConcurrency"]

_MOSTLY: Final = 0.5
_MIN_PAGES: Final = 2
"""Pages to measure before a decision: the first one includes the connection setup, and one alone may be an outlier."""


class AdaptiveConcurrency:
    """The number of concurrent page requests of one walk. It only grows.

    Args:
        windows: The number to use while the walk waits for the server.
        adaptive: Whether to start with 1, and to go up to twice `windows` if the walk still waits.

    Attributes:
        current: The current number.
    """

    def __init__(self, windows: int, adaptive: bool) -> None:
        self.current = windows
        self._next_levels: list[int] = []
        if adaptive and windows > 1:
            self.current, self._next_levels = 1, [windows, 2 * windows]
        self._pages = 0
        self._waited = self._elapsed = 0.0

    @property
    def maximum(self) -> int:
        """The largest number that can be reached."""
        return self._next_levels[-1] if self._next_levels else self.current

    def record(self, waited: float, elapsed: float) -> None:
        """Record the time taken by one page, and adapt the number.

        Args:
            waited: Seconds that the walk waited for the page.
            elapsed: Seconds since the page before, the wait included.
        """
        if not self._next_levels:
            return
        self._pages += 1
        self._waited += waited
        self._elapsed += elapsed
        # Pages that were requested before the last increase say nothing about it.
        if self._pages >= _MIN_PAGES + self.current - 1:
            if self._waited > _MOSTLY * self._elapsed:
                self.current = self._next_levels.pop(0)
            self._pages, self._waited, self._elapsed = 0, 0.0, 0.0
