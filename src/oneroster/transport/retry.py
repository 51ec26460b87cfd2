"""Retry policy: whether and when a request is sent again. No I/O.

Only reads are retried, and each attempt is a complete request: signed again, so that no OAuth 1 nonce is used twice.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from oneroster.errors import ConfigurationError

__all__ = ["RETRIED_STATUSES", "SERVER_ERROR_ATTEMPTS", "Retry", "delay_before_retry"]

RETRIED_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
"""Statuses of conditions that may be temporary, those of content delivery networks (520 to 524, 529) among them; every
other status is a final response (6.1 HTTP codes)."""

SERVER_ERROR_ATTEMPTS: Final = 3
"""Maximum number of responses with status 500 to one read. Some servers fail once for each new query; others always."""


class Retry(NamedTuple):
    """How often and for how long a read is retried.

    Attributes:
        attempts: Maximum number of requests, including the first; 1 disables retries.
        busy_attempts: Maximum number of requests while the server answers that it is busy (429), or says when it wants
            to be asked again. The delays between them grow until the deadline.
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
    busy_attempts: int = 20

    def checked(self) -> "Retry":
        """Return the policy itself if it is valid.

        Raises:
            ConfigurationError: There is no attempt, or a duration is negative or not a number.
        """
        if self.attempts < 1 or any(math.isnan(each) or each < 0 for each in self[1:]):
            raise ConfigurationError("Retry.attempts must be at least 1, and no duration may be negative.")
        return self


def delay_before_retry(
    retry: Retry,
    sent: int,
    elapsed: float,
    retry_after: float | None,
    draw: Callable[[], float],
    *,
    busy: bool = False,
) -> float | None:
    """Return the seconds to wait before the next attempt, or None to stop.

    Args:
        retry: The policy.
        sent: Attempts so far, at least 1.
        elapsed: Seconds since the first attempt started.
        retry_after: The seconds that the server asked for, if any.
        draw: Returns a random number between 0 and 1. The jitter keeps clients that failed together from retrying
            together.
        busy: Whether the server answered that it is busy. Then the delays are longer, and there are more of them.
    """
    if sent >= (max(retry.attempts, retry.busy_attempts) if busy and retry.attempts > 1 else retry.attempts):
        return None
    ceiling = min(retry.longest_delay, retry.first_delay * 2 ** min(sent - 1, 60))
    delay = ceiling * (draw() + 1) / 2 if busy else ceiling * draw()
    if retry_after is not None:
        if retry_after > retry.longest_retry_after:
            return None
        # Never before the time that the server chose, and only a little after it.
        delay = retry_after + min(delay, 1.0)
    return delay if elapsed + delay <= retry.deadline else None
