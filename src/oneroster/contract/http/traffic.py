"""What the requests of a run wait for just now: a busy tenant, or a response. A display reads it from its thread."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

__all__ = ["Traffic", "Wait"]


class Wait(NamedTuple):
    """A pause before a request is sent again, because the tenant is busy.

    Attributes:
        status: The status that says so.
        until: When the pause ends (monotonic clock).
        repeated: How many requests of the run were repeated so far, with this one.
    """

    status: int
    until: float
    repeated: int


class Traffic:
    """The requests of a run that wait.

    Attributes:
        wait: The last pause because the tenant was busy, which may be over; None if it never was.
        on_wait: Called when such a pause begins, from any thread.
    """

    def __init__(self) -> None:
        self.wait: Wait | None = None
        self.on_wait: Callable[[], None] = lambda: None
        self._in_flight: dict[object, float] = {}

    @property
    def silent_since(self) -> float | None:
        """When the oldest request without a response so far was sent (monotonic clock); None without one."""
        return min(tuple(self._in_flight.values()), default=None)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Count a request as without a response inside the block."""
        key = object()
        self._in_flight[key] = time.monotonic()
        try:
            yield
        finally:
            del self._in_flight[key]

    def begin_wait(self, wait: Wait) -> None:
        """Note a pause that begins."""
        self.wait = wait
        self.on_wait()
