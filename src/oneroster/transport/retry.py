"""Whether and when a request is sent again: decisions without I/O.

Only reads are repeated, and always as a whole: signed anew, so that no OAuth 1 nonce is used twice.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from oneroster.errors import ConfigurationError

__all__ = ["RETRIED_STATUSES", "Retry", "delay_before_retry", "retry_after_seconds"]

RETRIED_STATUSES: Final = frozenset({429, 502, 503, 504})
"""Statuses that pass by themselves; all others are answers (6.1 HTTP codes)."""


class Retry(NamedTuple):
    """How often and how long a read is tried.

    Attributes:
        attempts: Sends in all, the first included; 1 turns retries off.
        first_delay: Seconds; upper bound of the wait before the second send. It doubles with each further one.
        longest_delay: Seconds; upper bound of a wait that we choose ourselves.
        longest_retry_after: Seconds; a server that asks for a longer pause gets none: the read fails at once.
        deadline: Seconds from the first send, after which no further one begins.
    """

    attempts: int = 5
    first_delay: float = 0.5
    longest_delay: float = 30.0
    longest_retry_after: float = 120.0
    deadline: float = 300.0

    def checked(self) -> "Retry":
        """Itself, when its numbers make sense.

        Raises:
            ConfigurationError: They do not.
        """
        if self.attempts < 1 or min(self[1:]) < 0:
            raise ConfigurationError("Retry needs attempts of at least 1, and no negative seconds.")
        return self


def delay_before_retry(
    retry: Retry, sent: int, elapsed: float, retry_after: float | None, draw: Callable[[], float]
) -> float | None:
    """Seconds to wait before the next send; None when there shall be none.

    Args:
        retry: The limits.
        sent: Sends so far, 1 or more.
        elapsed: Seconds since the first send began.
        retry_after: Seconds that the server asked for, if it did.
        draw: Gives a random number between 0 and 1; many clients that failed together must not return together.
    """
    if sent >= retry.attempts:
        return None
    ceiling = min(retry.longest_delay, retry.first_delay * 2 ** min(sent - 1, 60))
    delay = ceiling * draw()
    if retry_after is not None:
        if retry_after > retry.longest_retry_after:
            return None
        # Never earlier than asked; the jitter on top is short, because the server chose the time.
        delay = retry_after + min(delay, 1.0)
    return delay if elapsed + delay <= retry.deadline else None


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, 0 for a time that is past, None when it says nothing readable.

    Args:
        header: Whole seconds or an HTTP date (RFC 9110, 10.2.3), None when absent.
        now: The present time, with a zone.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        # Nobody waits longer than a year; and an endless row of digits must not become a number.
        return float(min(int(text[:9]), 31_536_000)) if len(text) <= 9 else 31_536_000.0
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
