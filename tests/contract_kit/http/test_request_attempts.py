"""The attempts of one request: how often it is sent, and what is noted when it fails."""

import time

import pytest

from oneroster.contract.errors import NoResponseError
from oneroster.contract.http.budget import MIN_INTERVAL_WHEN_BUSY, RECOVERY, BudgetTracker, RunBudget
from oneroster.contract.http.credentials import BearerToken, TokenResponse
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.incidents import Incidents
from oneroster.contract.http.request_attempts import RequestAttempts
from oneroster.contract.http.sender import Sender
from oneroster.contract.http.target import Target
from oneroster.contract.http.token_renewal import TokenRenewal
from tests.contract_kit.hostile import answer, says, serving

EMPTY = answer(b'{"orgs": []}')
CRASH = answer(b"", "500 Internal Server Error")
BUSY = answer(b"", "503 Service Unavailable")


class OneTime(BearerToken):
    """Credentials for one request, as a signature with a nonce."""

    nonce = "n-1"


def sent(*answers: bytes, access: BearerToken | None = None) -> tuple[int, Incidents, Exchange | None]:
    """How often one request is sent to a server that answers so, what is noted, and the answer that counts."""
    limits, incidents, exchange = RunBudget(timeout=5), Incidents(), None
    with serving(says(*answers)) as server:
        budget = BudgetTracker(limits, pause=lambda _: None)
        with Sender(Target(server.base_url), limits, budget) as sender:
            credentials = access or BearerToken("t")
            renewal = TokenRenewal(credentials, lambda *_: TokenResponse(404, b""))
            attempts = RequestAttempts(Target(server.base_url), sender, budget, renewal, incidents)
            try:
                exchange = attempts.send("GET", f"{server.base_url}/orgs", credentials, None, None)
            except NoResponseError:
                exchange = None
        return len(server.requests), incidents, exchange


@pytest.mark.parametrize(
    ("answers", "requests", "status"),
    [
        ((EMPTY,), 1, 200),
        ((CRASH,), 2, 500),
        ((CRASH, EMPTY), 2, 200),
        ((BUSY, EMPTY), 2, 200),
        ((BUSY, CRASH), 3, 500),
        ((BUSY,), 3, None),
    ],
)
def test_how_often_a_request_is_sent(answers: tuple[bytes, ...], requests: int, status: int | None) -> None:
    number, incidents, exchange = sent(*answers)
    assert number == requests
    assert (exchange.status if exchange else None) == status
    assert len(incidents.server_errors) == (CRASH in answers)


def test_credentials_for_one_request_are_not_sent_twice() -> None:
    number, incidents, exchange = sent(CRASH, EMPTY, access=OneTime("t"))
    assert number == 1
    assert [each.repeated for each in incidents.server_errors] == [False]
    assert exchange is not None
    assert exchange.status == 500


def test_a_tenant_that_is_busy_now_and_then_is_not_asked_ever_more_slowly() -> None:
    paused: list[float] = []
    budget = BudgetTracker(RunBudget(requests=10_000), pause=paused.append)
    for _ in range(30):
        budget.slow_down(time.monotonic(), 0)
        for _ in range(96):
            budget.acquire()
            budget.served()
    # The clock stands still, so the last pause is all of them together.
    assert MIN_INTERVAL_WHEN_BUSY < max(paused) <= 30 * RECOVERY * MIN_INTERVAL_WHEN_BUSY
