"""When a read is sent again, and when it must end."""

import httpx
import pytest

from oneroster import DecodeError, ResponseLimits, Retry
from oneroster.transport.attempts import Attempts, failure_words
from oneroster.transport.bounded_response import RawResponse

LIMITS = ResponseLimits(total_timeout=600)


def busy(retry_after: str) -> RawResponse:
    return RawResponse(503, httpx.Headers({"Retry-After": retry_after}), b"", "https://sis.example/orgs")


def test_a_pause_that_the_server_asks_for_moves_the_deadline() -> None:
    attempts = Attempts(Retry(first_delay=0), LIMITS, "getAllOrgs")
    attempts.sent, before = 1, attempts.deadline
    assert attempts.delay(busy("60")) == 60
    assert attempts.deadline == before + 60


def test_a_timeout_does_not_move_it_and_is_not_repeated_after_it() -> None:
    attempts = Attempts(Retry(first_delay=0), LIMITS, "getAllOrgs")
    attempts.sent, before = 1, attempts.deadline
    assert attempts.delay(httpx.ReadTimeout("")) == 0
    assert attempts.deadline == before
    attempts.deadline -= LIMITS.total_timeout
    assert attempts.delay(httpx.ReadTimeout("")) is None


def failed(status: int) -> RawResponse:
    return RawResponse(status, httpx.Headers(), b"", "https://sis.example/orgs")


def test_a_server_error_is_repeated_twice_at_most_c3() -> None:
    attempts, delays = Attempts(Retry(first_delay=0), LIMITS, "getAllOrgs"), []
    for attempts.sent in range(1, 5):
        delays.append(attempts.delay(failed(500)))
    assert delays == [0, 0, None, None]


def test_a_busy_server_without_a_time_moves_the_deadline_c4() -> None:
    attempts = Attempts(Retry(first_delay=8), LIMITS, "getAllOrgs")
    attempts.sent, before = 1, attempts.deadline
    delay = attempts.delay(failed(429))
    assert delay is not None
    assert 4 <= delay <= 8
    assert attempts.deadline == before + delay
    attempts.sent = 19
    assert attempts.delay(failed(429)) is not None
    attempts.sent = 20
    assert attempts.delay(failed(429)) is None


def test_other_statuses_keep_to_the_attempts() -> None:
    attempts = Attempts(Retry(first_delay=0), LIMITS, "getAllOrgs")
    attempts.sent = 5
    assert attempts.delay(failed(503)) is None
    assert attempts.delay(busy("0")) is not None


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (busy("60"), "HTTP 503, the server is busy"),
        (RawResponse(502, httpx.Headers(), b"Ada", ""), "HTTP 502"),
        (httpx.ReadTimeout("Ada"), "the server sent nothing in time"),
        (DecodeError("Ada"), "the response was damaged"),
    ],
)
def test_why_a_read_is_sent_again_is_said_in_words(outcome: Exception | RawResponse, words: str) -> None:
    assert failure_words(outcome) == words
