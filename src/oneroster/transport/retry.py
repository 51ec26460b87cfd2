"""Retry policy: whether and when a request is sent again. No I/O.

Only reads are retried, and each attempt is a complete request: signed again, so that no OAuth 1 nonce is used twice.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from oneroster.errors import ConfigurationError

__all__ = ["RETRIED_STATUSES", "Retry", "delay_before_retry", "retry_after_seconds"]

RETRIED_STATUSES: Final = frozenset({429, 502, 503, 504})
"""Statuses of temporary conditions; every other status is a final response (6.1 HTTP codes)."""

_YEAR: Final = 31_536_000


class Retry(NamedTuple):
    """How often and for how long a read is retried.

    Attributes:
        attempts: Maximum number of requests, including the first; 1 disables retries.
        first_delay: Upper bound, in seconds, of the delay before the first retry. It doubles with each retry.
        longest_delay: Upper bound, in seconds, of any delay that the server did not ask for.
        longest_retry_after: The longest ``Retry-After``, in seconds, to honour. If the server asks for more, the read
            fails at once.
        deadline: Seconds after the first request. No retry starts later.
    """

    attempts: int = 5
    first_delay: float = 0.5
    longest_delay: float = 30.0
    longest_retry_after: float = 120.0
    deadline: float = 300.0

    def checked(self) -> "Retry":
        """Return the policy itself if it is valid.

        Raises:
            ConfigurationError: There is no attempt, or a duration is negative.
        """
        if self.attempts < 1 or min(self[1:]) < 0:
            raise ConfigurationError("Retry.attempts must be at least 1, and no duration may be negative.")
        return self


def delay_before_retry(
    retry: Retry, sent: int, elapsed: float, retry_after: float | None, draw: Callable[[], float]
) -> float | None:
    """Return the seconds to wait before the next attempt, or None to stop.

    Args:
        retry: The policy.
        sent: Attempts so far, at least 1.
        elapsed: Seconds since the first attempt started.
        retry_after: The seconds that the server asked for, if any.
        draw: Returns a random number between 0 and 1. The jitter keeps clients that failed together from retrying
            together.
    """
    if sent >= retry.attempts:
        return None
    ceiling = min(retry.longest_delay, retry.first_delay * 2 ** min(sent - 1, 60))
    delay = ceiling * draw()
    if retry_after is not None:
        if retry_after > retry.longest_retry_after:
            return None
        # Never before the time that the server chose, and only a little after it.
        delay = retry_after + min(delay, 1.0)
    return delay if elapsed + delay <= retry.deadline else None


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for; 0 for a past time, None if absent or invalid.

    Args:
        header: Whole seconds or an HTTP date (RFC 9110, 10.2.3).
        now: The current time, with a time zone.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        # int() of a very long number is slow, and a year is longer than any wait.
        return float(min(int(text[:9]), _YEAR)) if len(text) <= 9 else float(_YEAR)
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
