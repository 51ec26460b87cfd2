"""The attempts of one read: when it must end, and whether and when it is sent again."""

import random
import time
from datetime import UTC, datetime
from typing import Final, TypeGuard, cast

from oneroster.errors import DecodeError, TokenError
from oneroster.transport import log
from oneroster.transport.bounded_response import RawResponse, ResponseLimits
from oneroster.transport.retry import RETRIED_STATUSES, SERVER_ERROR_ATTEMPTS, Retry, delay_before_retry
from oneroster.transport.retry_times import seconds_to_wait
from oneroster.transport.transport_errors import is_transient
from oneroster_runtime.connection_words import connection_words

__all__ = ["Attempts", "failure_words", "is_final", "outcome_name"]

_BUSY: Final = {429: ", the server allows fewer requests", 503: ", the server is busy"}


class Attempts:
    """The attempts of one read.

    Args:
        retry: The retry policy.
        limits: The limits of the response.
        operation_id: The operation, for the log.

    Attributes:
        operation_id: The operation.
        sent: The number of attempts so far.
        deadline: When the read must end, in seconds of the monotonic clock. All attempts share it, so that a server
            that stops sending costs no more than one total timeout.
    """

    def __init__(self, retry: Retry, limits: ResponseLimits, operation_id: str) -> None:
        self._retry, self.operation_id = retry, operation_id
        self._began = time.monotonic()
        self.deadline = self._began + limits.total_timeout
        self.sent = 0
        self._server_errors = 0

    def delay(self, failure: Exception | RawResponse) -> float | None:
        """Return the seconds to wait before the read is sent again, or None to stop.

        Args:
            failure: The outcome of the last attempt.
        """
        if not _may_be_temporary(failure):
            return None
        self._server_errors += _status(failure) == 500
        if self._server_errors >= SERVER_ERROR_ATTEMPTS:
            return None
        asked = _seconds_asked(failure)
        busy = asked is not None or _status(failure) == 429
        now = time.monotonic()
        delay = delay_before_retry(self._retry, self.sent, now - self._began, asked, random.random, busy=busy)
        if delay is None:
            return None
        if busy:
            # The server causes this pause; it does not shorten the time for the response.
            self.deadline += delay
        elif now + delay >= self.deadline:
            return None
        log.log_retry("GET", self.operation_id, outcome_name(failure), delay, self.sent + 1)
        return delay


def is_final(outcome: Exception | RawResponse) -> TypeGuard[RawResponse]:
    """Return whether an attempt received a response whose status is not one of a temporary condition."""
    return isinstance(outcome, RawResponse) and outcome.status_code not in RETRIED_STATUSES


def outcome_name(outcome: Exception | RawResponse) -> str:
    """Return the status, or the name of the error class, for the log."""
    return str(outcome.status_code) if isinstance(outcome, RawResponse) else type(outcome).__name__


def failure_words(outcome: Exception | RawResponse) -> str:
    """Return why a read is sent again, in words, without anything that was received."""
    if (status := _status(outcome)) is not None:
        return f"HTTP {status}{_BUSY.get(status, '')}"
    return (
        "the response was damaged" if isinstance(outcome, DecodeError) else connection_words(cast("Exception", outcome))
    )


def _status(failure: Exception | RawResponse) -> int | None:
    return failure.status_code if isinstance(failure, RawResponse | TokenError) else None


def _seconds_asked(failure: Exception | RawResponse) -> float | None:
    if isinstance(failure, RawResponse):
        return seconds_to_wait(failure.status_code, failure.headers, datetime.now(UTC))
    return failure.retry_after if isinstance(failure, TokenError) else None


def _may_be_temporary(failure: Exception | RawResponse) -> bool:
    if isinstance(failure, TokenError):
        return failure.status_code in RETRIED_STATUSES
    return isinstance(failure, RawResponse | DecodeError) or is_transient(failure)
