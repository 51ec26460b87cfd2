"""The attempts of one request: how often it is sent, and what is noted when it fails."""

import itertools
import socket
import time

import pytest

from oneroster.contract.errors import KitError, NoResponseError
from oneroster.contract.http.budget import MIN_INTERVAL_WHEN_BUSY, RECOVERY, BudgetTracker, RunBudget
from oneroster.contract.http.credentials import BearerToken, TokenResponse
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.incidents import Incidents
from oneroster.contract.http.request_attempts import MOST_BUSY, RequestAttempts
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


def asked_often(*busy_paths: str) -> tuple[list[str], int]:
    """The errors of 80 requests to two paths in turn after a first answer, and how many requests were sent."""
    refused = answer(b"", "429 Too Many Requests", Retry_After="7200")
    calls, errors = itertools.count(), []

    def behave(connection: socket.socket, head: bytes) -> None:
        is_busy = next(calls) > 0 and any(path in head.decode() for path in busy_paths)
        connection.sendall(refused if is_busy else EMPTY)

    with serving(behave) as server, Gateway(Target(server.base_url), pause=lambda _: None) as gateway:
        for path in ("/orgs", *["/orgs", "/users"] * 40):
            try:
                gateway.get(path)
            except KitError as error:
                errors.append(str(error))
        return errors, len(server.requests)


def test_a_tenant_that_is_only_busy_any_more_ends_the_run() -> None:
    errors, number = asked_often("/orgs", "/users")
    # The first, those that are too many, and once more what was answered before.
    assert number == 1 + MOST_BUSY + 1
    assert errors[-1] == errors[MOST_BUSY - 1]
    assert errors[-1].startswith(
        f"{MOST_BUSY} requests in a row were answered with HTTP 429, which asks for a pause of 7,200"
    )
    assert "--rate" in errors[-1]


def test_a_tenant_that_is_busy_for_one_operation_is_judged_on_all_others() -> None:
    errors, number = asked_often("/users")
    assert (len(errors), number) == (40, 81)
    assert not any("in a row" in error for error in errors)


def test_a_tenant_that_is_busy_for_many_requests_in_a_row_is_asked_for_what_it_answered_before() -> None:
    refused, calls = answer(b"", "503 Busy", Retry_After="7200"), itertools.count()

    def behave(connection: socket.socket, head: bytes) -> None:
        connection.sendall(refused if next(calls) and b"filter=" in head else EMPTY)

    with serving(behave) as server, Gateway(Target(server.base_url), pause=lambda _: None) as gateway:
        gateway.get("/orgs")
        for _ in range(MOST_BUSY * 2):
            with pytest.raises(NoResponseError, match="HTTP 503"):
                gateway.get("/orgs", "filter=x")
        assert gateway.get("/orgs").status == 200
        assert len(server.requests) == 1 + MOST_BUSY * 2 + 2 + 1


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
