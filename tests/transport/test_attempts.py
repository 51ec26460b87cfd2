"""When a read is sent again, and when it must end."""

import httpx

from oneroster import ResponseLimits, Retry
from oneroster.transport.attempts import Attempts
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
