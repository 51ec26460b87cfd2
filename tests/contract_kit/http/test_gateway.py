"""The only way out: what it refuses, how long it waits, and what it survives."""

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from oneroster.contract.errors import (
    AccessRefusedError,
    BudgetSpentError,
    NoResponseError,
    RequestNotAllowedError,
    UnreachableError,
)
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken, NoCredentials, OAuth2Credentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from tests.contract_kit.hostile import (
    Behaviour,
    HostileServer,
    answer,
    drips,
    lies_about_its_length,
    never_ends,
    resets,
    says,
    serving,
)

TOKEN = "the-real-token"
EMPTY = answer(b'{"orgs": []}')


@contextmanager
def entering(
    behave: Behaviour, limits: RunBudget | None = None, pauses: list[float] | None = None
) -> Iterator[tuple[Gateway, HostileServer]]:
    """A gateway to a server that behaves so; its pauses are written down and not waited for."""
    waited = [] if pauses is None else pauses
    with serving(behave) as server:
        target = Target(server.base_url, access=BearerToken(TOKEN))
        with Gateway(target, limits or RunBudget(timeout=5), pause=waited.append) as gateway:
            yield gateway, server


def test_it_reads_and_keeps_what_it_needs_to_judge() -> None:
    with entering(says(answer(b'{"orgs": [1]}', X_Total_Count="1"))) as (gateway, server):
        exchange = gateway.get("/orgs", "limit=1")
    assert exchange.status == 200
    assert exchange.json == {"orgs": [1]}
    assert exchange.request == "GET /orgs?limit=1"
    assert exchange.headers["X-Total-Count"] == "1"
    head = server.requests[0].decode()
    assert head.startswith("GET /ims/oneroster/v1p1/orgs?limit=1 HTTP/1.1")
    assert f"Authorization: Bearer {TOKEN}" in head
    assert "User-Agent: oneroster-check/" in head


def test_the_curl_line_repeats_the_request_without_the_secret() -> None:
    with entering(says(EMPTY)) as (gateway, server):
        curl = gateway.get("/orgs", "filter=name%3D%27x%27").curl
    assert TOKEN not in curl
    head = 'curl -sS -H "Authorization: Bearer $ONEROSTER_TOKEN"'
    assert curl == f"{head} '{server.base_url}/orgs?filter=name%3D%27x%27'"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_sends_nothing_but_reads(method: str) -> None:
    with entering(says(EMPTY)) as (gateway, server):
        with pytest.raises(RequestNotAllowedError, match="only safe methods"):
            gateway.send(method, f"{server.base_url}/results/r-1")  # type: ignore[arg-type]  # any word may come
        assert server.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/ims/oneroster/v1p1/orgs",
        "http://localhost/ims/oneroster/v1p1/orgs",
        "http://[bad/orgs",
        "http://127.0.0.1:99999/orgs",
        "ftp://127.0.0.1/orgs",
        "//",
    ],
)
def test_credentials_go_to_the_origin_of_the_tenant_only(address: str) -> None:
    with entering(says(EMPTY)) as (gateway, server):
        with pytest.raises(RequestNotAllowedError, match="tenant's origin"):
            gateway.send("GET", address)
        assert server.requests == []


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with entering(says(answer(b"", "302 Found", Location="https://elsewhere.example/"))) as (gateway, server):
        assert gateway.get("/orgs").status == 302
    assert len(server.requests) == 1


def test_the_budget_ends_the_run() -> None:
    with entering(says(EMPTY), RunBudget(requests=2)) as (gateway, server):
        gateway.get("/orgs")
        gateway.get("/orgs")
        with pytest.raises(BudgetSpentError, match="2 requests"):
            gateway.get("/orgs")
        assert len(server.requests) == 2
        assert gateway.left == 0


def test_the_seconds_of_the_run_end_it_too() -> None:
    with entering(says(EMPTY), RunBudget(seconds=0)) as (gateway, _), pytest.raises(BudgetSpentError, match="seconds"):
        gateway.get("/orgs")


def test_it_keeps_the_pace() -> None:
    pauses: list[float] = []
    with entering(says(EMPTY), RunBudget(rate=0.5), pauses) as (gateway, _):
        for _ in range(3):
            gateway.get("/orgs")
    assert [round(pause) for pause in pauses] == [2, 4]


def test_a_busy_tenant_is_waited_for_as_long_as_it_asks() -> None:
    pauses: list[float] = []
    busy = answer(b"", "429 Too Many Requests", Retry_After="7")
    with entering(says(busy, EMPTY), None, pauses) as (gateway, _):
        assert gateway.get("/orgs").status == 200
    assert pauses[0] == 7


def test_a_tenant_that_stays_busy_is_reported_as_busy() -> None:
    with entering(says(answer(b"", "503 Service Unavailable"))) as (gateway, server):
        with pytest.raises(NoResponseError, match="HTTP 503"):
            gateway.get("/orgs")
        assert gateway.incidents.unanswered == {503: 1}
    assert len(server.requests) == 3


def test_a_tenant_that_asks_for_too_much_patience_is_not_waited_for() -> None:
    pauses: list[float] = []
    busy = answer(b"", "429 Too Many Requests", Retry_After="86400")
    with entering(says(busy), None, pauses) as (gateway, _), pytest.raises(NoResponseError, match="HTTP 429"):
        gateway.get("/orgs")
    assert pauses == []


@pytest.mark.parametrize(
    ("header", "waited", "sent"),
    [
        (None, [1, 2], 3),
        ("5", [5, 5], 3),
        ("0", [], 3),
        ("soon", [1, 2], 3),
        ("²", [1, 2], 3),
        ("-3", [1, 2], 3),
        ("1e9", [1, 2], 3),
        ("Wed, 21 Oct 2015 07:28:00 GMT", [], 3),
        ("99999999999", [], 1),
    ],
)
def test_retry_after_says_how_long_to_wait(header: str | None, waited: list[float], sent: int) -> None:
    pauses: list[float] = []
    busy = answer(b"", "503 Service Unavailable", **({} if header is None else {"Retry_After": header}))
    with entering(says(busy), None, pauses) as (gateway, server), pytest.raises(NoResponseError, match="HTTP 503"):
        gateway.get("/orgs")
    # Pauses between requests are fractions of a second.
    assert [pause for pause in pauses if pause >= 1] == waited
    assert len(server.requests) == sent


def test_retry_after_as_a_date_is_waited_for() -> None:
    pauses: list[float] = []
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    busy = answer(b"", "503 Service Unavailable", Retry_After=later)
    with entering(says(busy), None, pauses) as (gateway, _), pytest.raises(NoResponseError, match="HTTP 503"):
        gateway.get("/orgs")
    # Less by what this machine took to get here.
    assert 0 < pauses[0] <= 20


def test_a_broken_connection_is_tried_once_more() -> None:
    seen = 0

    def behave(connection: socket.socket, head: bytes) -> None:
        nonlocal seen
        seen += 1
        (resets if seen == 1 else says(EMPTY))(connection, head)

    with entering(behave) as (gateway, _):
        assert gateway.get("/orgs").status == 200
    assert [entry.status for entry in gateway.log] == [None, 200]


def test_a_tenant_that_never_answered_is_unreachable_soon() -> None:
    with entering(resets) as (gateway, server), pytest.raises(UnreachableError, match="got no response"):
        gateway.get("/orgs")
    assert len(server.requests) == 2


def test_a_tenant_that_went_away_is_asked_no_more() -> None:
    down = threading.Event()

    def behave(connection: socket.socket, head: bytes) -> None:
        (resets if down.is_set() else says(EMPTY))(connection, head)

    with entering(behave) as (gateway, server):
        gateway.get("/orgs")
        down.set()
        for _ in range(4):
            with pytest.raises((NoResponseError, UnreachableError)):
                gateway.get("/orgs")
        asked = len(server.requests)
        with pytest.raises(UnreachableError):
            gateway.get("/orgs")
        assert len(server.requests) == asked <= 6


def test_nobody_listens() -> None:
    with serving(resets) as server:
        closed = server.base_url
    with Gateway(Target(closed), RunBudget(timeout=5)) as gateway:
        with pytest.raises(NoResponseError, match="no connection"):
            gateway.get("/orgs")
        with pytest.raises(UnreachableError, match="check the base URL"):
            gateway.get("/orgs")


@pytest.mark.parametrize(
    ("behave", "limits", "reason"),
    [
        (never_ends, RunBudget(timeout=20, body=200_000), "longer than 200000 bytes"),
        (drips, RunBudget(timeout=0.3), "timeout"),
        (lies_about_its_length, RunBudget(timeout=5), "ends before the length"),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n"), RunBudget(timeout=5), "does not speak HTTP"),
        (says(answer(b"not gzip", Content_Encoding="gzip")), RunBudget(timeout=5), "not in the Content-Encoding"),
    ],
)
def test_an_answer_that_never_becomes_whole_ends_in_bounded_time(
    behave: Behaviour, limits: RunBudget, reason: str
) -> None:
    with entering(behave, limits) as (gateway, _), pytest.raises((NoResponseError, UnreachableError), match=reason):
        gateway.get("/orgs")


def test_a_body_is_measured_when_unpacked() -> None:
    bomb = gzip.compress(b" " * 5_000_000)
    limits = RunBudget(timeout=10, body=100_000)
    behave = says(answer(bomb, Content_Encoding="gzip"))
    with entering(behave, limits) as (gateway, _), pytest.raises(NoResponseError, match="longer than"):
        gateway.get("/orgs")


def test_cookies_are_not_kept_because_they_would_let_strangers_in() -> None:
    with entering(says(answer(b'{"orgs": []}', Set_Cookie="session=1; Path=/"))) as (gateway, server):
        gateway.get("/orgs")
        gateway.get("/orgs", access=NoCredentials())
    stranger = server.requests[1].decode().lower()
    assert "cookie:" not in stranger
    assert "authorization:" not in stranger


def granting(*, lifetime: int = 3600, takes: int = 10_000, inside: bytes = EMPTY) -> Behaviour:
    """A tenant with a token endpoint; each token opens the door so many times, and what is inside is the answer."""
    granted = 0
    used = 0

    def behave(connection: socket.socket, head: bytes) -> None:
        nonlocal granted, used
        reply = answer(b"", "401 Unauthorized")
        if head.startswith(b"POST"):
            granted, used = granted + 1, 0
            reply = answer(b'{"access_token": "t%d", "token_type": "bearer", "expires_in": %d}' % (granted, lifetime))
        elif b"authorization: bearer t%d\r\n" % granted in head.lower():
            used += 1
            reply = inside if used <= takes else reply
        says(reply)(connection, head)

    return behave


@contextmanager
def with_client_credentials(behave: Behaviour) -> Iterator[tuple[Gateway, HostileServer]]:
    with serving(behave) as server:
        access = OAuth2Credentials(f"{server.base_url}/token", "me", "s3cret", ["scope-a"])
        with Gateway(Target(server.base_url, access=access), RunBudget(timeout=5)) as gateway:
            yield gateway, server


def posts(server: HostileServer) -> int:
    return sum(head.startswith(b"POST") for head in server.requests)


def test_one_token_serves_many_requests() -> None:
    with with_client_credentials(granting()) as (gateway, server):
        assert {gateway.get("/orgs").status for _ in range(5)} == {200}
        assert posts(server) == 1
    assert gateway.spent == 6


def test_a_token_that_is_taken_no_more_is_replaced_once() -> None:
    with with_client_credentials(granting(takes=2)) as (gateway, server):
        assert {gateway.get("/orgs").status for _ in range(4)} == {200}
        assert posts(server) == 2


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "404 Not Found"])
def test_a_token_is_replaced_as_often_as_it_was_taken_before(status: str) -> None:
    with with_client_credentials(granting(takes=1, inside=answer(b"{}", status))) as (gateway, server):
        assert {gateway.get("/orgs").status for _ in range(4)} == {int(status[:3])}
        assert posts(server) == 4


def test_a_token_that_is_never_taken_is_not_asked_for_again_and_again() -> None:
    with with_client_credentials(granting(takes=0)) as (gateway, server):
        assert {gateway.get("/orgs").status for _ in range(4)} == {401}
        assert posts(server) == 1


def test_a_refused_grant_names_the_endpoint_and_no_secret() -> None:
    with with_client_credentials(says(answer(b'{"error": "invalid_client"}', "401 Unauthorized"))) as (gateway, server):
        with pytest.raises(AccessRefusedError) as refused:
            gateway.get("/orgs")
        # By Basic and in the body.
        assert posts(server) == 2
    assert f"{server.base_url}/token" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_the_environment_s_proxy_is_not_used_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with entering(says(EMPTY)) as (gateway, _):
        assert gateway.get("/orgs").status == 200


def test_the_log_tells_method_path_status_and_time() -> None:
    with entering(says(EMPTY)) as (gateway, _):
        gateway.get("/orgs", "filter=name%3D%27Kim%27")
    (entry,) = gateway.log
    assert (entry.method, entry.path, entry.status) == ("GET", "/ims/oneroster/v1p1/orgs", 200)
    assert entry.seconds >= 0
    assert "Kim" not in repr(entry)
