"""Every fault of paging, walking, transport and tokens that the sandbox has, and what the clients do about it.

Either all rows come exactly once, as the conforming sandbox has them, or an error is raised that says what happened.
"""

import asyncio
import logging
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from oneroster import (
    AccessDeniedError,
    AsyncOneRoster,
    CountMismatchError,
    ForeignOriginError,
    OneRoster,
    OneRosterError,
    Paging,
    PagingError,
    ResponseLimits,
    Retry,
    TransportError,
    UnstableCollectionError,
)
from oneroster.errors import DecodeError, ResponseTooLargeError, StatusError
from oneroster.sandbox import Sandbox, app
from oneroster.sandbox.faults import CLIENT_FAULTS, FAULTS, fault_names_in
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.transport import bounded_response as response

LIMIT = 10
QUICK = Retry(attempts=5, first_delay=0)
SMALL = ResponseLimits(max_bytes=200_000, total_timeout=20, read_timeout=5)


class Expected(NamedTuple):
    """What a client does about a fault.

    Attributes:
        error: what it raises; None when it gives every row exactly once.
        words: what the error says, as a regular expression.
        limit: rows of a page asked for.
        limits: how much of an answer it takes.
        less: rows that may be missing, as they went meanwhile.
    """

    error: type[OneRosterError] | None = None
    words: str = ""
    limit: int = LIMIT
    limits: ResponseLimits = SMALL
    less: int = 0


READ = Expected()
ONE_PAGE = Expected(limit=1000)

EXPECTED: dict[str, Expected] = {
    # paging
    "limit-ignored": Expected(limit=200),
    "offset-ignored": Expected(
        UnstableCollectionError, r"as if it ignored offset.*\(10 different rows.*41 announced; 18 in both"
    ),
    "lost-row": Expected(UnstableCollectionError, r"no longer at its offset.*\(\d+ different rows.*41 announced"),
    "repeated-row": Expected(UnstableCollectionError, r"no longer at its offset.*\(\d+ different rows.*41 announced"),
    "wrong-total": Expected(CountMismatchError, r"no more rows before its total.*\(41 different rows.*42 ann"),
    "wrong-next-link": READ,
    "link-drops-filter": READ,
    "error-past-end": READ,
    "default-limit-20": READ,
    "order-by-page-size": READ,
    "unstable-ties": READ,
    "total-before-filter": READ,
    "wrong-prev-link": READ,
    "wrong-last-link": READ,
    "link-forgets-fields": READ,
    # walking
    "limit-clamped": READ,
    "offset-stuck": Expected(
        UnstableCollectionError, r"no longer at its offset.*\(\d+ different rows.*41 announced; 31 in both"
    ),
    "total-missing": READ,
    "total-zero": READ,
    "total-of-page": Expected(UnstableCollectionError, r"total shrank.*\(\d+ different rows received, \d+ announced"),
    "total-too-small": READ,
    "total-shrinks": Expected(UnstableCollectionError, r"total shrank.*\(\d+ different rows received, \d+ announced"),
    "ties-reordered": READ,
    "row-deleted": Expected(less=1),
    "row-inserted": READ,
    "empty-page": READ,
    "null-page": READ,
    "no-content-page": READ,
    "empty-first": READ,
    "dead-end": Expected(
        CountMismatchError, r"no more rows before its total.*\(10 different rows.*41 announced; 18 in"
    ),
    "cursor-links": READ,
    "cursor-loop": Expected(
        UnstableCollectionError, r"next link leads to rows.*\(41 different rows.*no total announced"
    ),
    "foreign-links": Expected(ForeignOriginError, "getAllUsers: the next link leads away from the tenant"),
    "bare-array": READ,
    "broken-record": READ,
    "row-no-object": Expected(DecodeError, r"getAllUsers .* users\[0\] is not a JSON object but a string"),
    # whole collections
    "no-paging": READ,
    "null-last": Expected(DecodeError, r"getAllUsers .* users\[9\] is not a JSON object but null"),
    "identical-twins": READ,
    "conflicting-twins": Expected(UnstableCollectionError, "--accept-duplicates", limit=1000),
    "sorted-empty": Expected(PagingError, r"\(0 different rows received, 41 announced; 7 in both readings"),
    "sorted-total-zero": Expected(PagingError, r"7 rows that were received before .*single reads do not show"),
    "sorted-no-content": Expected(PagingError, r"7 rows that were received before .*single reads do not show"),
    "sorted-one-row": Expected(PagingError, "although they still exist.*; 7 in both readings"),
    "total-falls": Expected(PagingError, "an earlier response announced 41 rows, the last reading has 40"),
    "wrong-record": READ,
    # transport
    "truncated-body": READ,
    "short-length": READ,
    "connection-reset": READ,
    "undecodable-body": READ,
    "login-page": READ,
    "endless-body": Expected(ResponseTooLargeError, "users has more than 200000 bytes"),
    "slow-drip": Expected(
        ResponseTooLargeError, r"users did not end within 0\.5 seconds", limits=SMALL._replace(total_timeout=0.5)
    ),
    "gzip-bomb": Expected(ResponseTooLargeError, "users has more than 200000 bytes"),
    "busy-seconds": ONE_PAGE,
    "busy-date": ONE_PAGE,
    "busy-without-time": ONE_PAGE,
    "busy-reset": ONE_PAGE,
    "server-error-first": READ,
    "error-page": Expected(StatusError, r"getAllUsers: GET .*/users was answered with 500 \(text/html\)\.$"),
    "latin-page": Expected(
        DecodeError,
        r"response to getAllUsers \(HTTP 200, declared as text/html\) cannot be read: the body is not JSON\.$",
    ),
    "failure-as-success": Expected(DecodeError, "it has no rows, and its status payload reports a failure"),
    "demographics-error": READ,
    "bad-gateway": READ,
    "unavailable": READ,
    "gateway-timeout": READ,
    "foreign-redirect": Expected(
        ForeignOriginError, r"users redirects to http://localhost(:\d+)?, which is not the tenant"
    ),
    # tokens
    "token-revoked": READ,
    "token-expired": Expected(AccessDeniedError, r"getAllUsers.*401.* Check the token"),
    # access
    "vendor-header": READ,
    "odd-token": READ,
}

STAYS: dict[str, Expected] = {
    # What passes after two tries, for a client that tries twice.
    "truncated-body": Expected(TransportError, r"users was sent 2 times .* closed the connection early"),
    "short-length": Expected(OneRosterError, "getAllUsers"),
    "connection-reset": Expected(TransportError, r"users was sent 2 times .* the connection was lost before"),
    "undecodable-body": Expected(TransportError, r"users was sent 2 times .* not in the declared Content-Encoding"),
    "login-page": Expected(OneRosterError, "getAllUsers"),
    "bad-gateway": Expected(StatusError, "getAllUsers.*502"),
    "unavailable": Expected(StatusError, "getAllUsers.*503"),
    "gateway-timeout": Expected(StatusError, "getAllUsers.*504"),
    "server-error-first": Expected(StatusError, "getAllUsers.*500"),
}


def test_every_fault_is_expected() -> None:
    names = CLIENT_FAULTS
    assert names <= set(EXPECTED)
    assert set(EXPECTED) <= names | set(fault_names_in("paging"))


def family_reader_and_outcome(parameters: Mapping[str, Any]) -> tuple[str, object, object]:
    """Return the family of a fault, who reads, and what the reader does about it."""
    fault = parameters["fault"]
    return FAULTS[fault].family, parameters["reader"], EXPECTED[fault].error


class Truth(NamedTuple):
    """What the conforming sandbox has: the ids of all users, and what must not stand in any message."""

    ids: list[str]
    personal: frozenset[str]


@pytest.fixture(scope="module")
def truth(oneroster_sandbox: Sandbox) -> Truth:
    with OneRoster(base_url=oneroster_sandbox.base_url, token=oneroster_sandbox.token) as roster:
        users = list(roster.get_all_users())
    values = {value for user in users for value in (user.email, user.username, user.phone) if value}
    return Truth([user.sourced_id for user in users], frozenset(values))


@pytest.fixture
def arrivals(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RawRequest]]:
    """All requests that reach any sandbox."""
    seen: list[RawRequest] = []
    real = app.serve

    def serve(tenant: Any, arrival: RawRequest) -> Any:
        seen.append(arrival)
        return real(tenant, arrival)

    monkeypatch.setattr(app, "serve", serve)
    yield seen
    assert not [one for one in seen if "localhost" in one.origin], "something was sent to the foreign origin"


class Reader(NamedTuple):
    """One way to read all users."""

    asynchronous: bool
    windows: int

    def read(self, tenant: Sandbox, expected: Expected, retry: Retry = QUICK) -> list[Any]:
        options: dict[str, Any] = {
            "base_url": tenant.base_url,
            "token_url": tenant.token_url,
            "retry": retry,
            "limits": expected.limits,
            "paging": Paging(limit=expected.limit, windows=self.windows, max_requests=100, adaptive=False),
        }
        if not self.asynchronous:
            with OneRoster(tenant.client_id, tenant.client_secret, **options) as roster:
                return list(roster.get_all_users())

        async def read() -> list[Any]:
            async with AsyncOneRoster(tenant.client_id, tenant.client_secret, **options) as roster:
                return [user async for user in roster.get_all_users()]

        return asyncio.run(read())


@pytest.fixture(params=[(False, 4), (True, 4)], ids=["sync", "async"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(*request.param)


def judge(
    reader: Reader, tenant: Sandbox, expected: Expected, truth: Truth, caplog: pytest.LogCaptureFixture,
    retry: Retry = QUICK,
) -> None:  # fmt: skip
    if expected.error is None:
        given = [user.sourced_id for user in reader.read(tenant, expected, retry) if user.sourced_id]
        assert len(given) == len(set(given))
        assert set(given) <= set(truth.ids)
        assert len(given) >= len(truth.ids) - expected.less
    else:
        with pytest.raises(expected.error, match=expected.words) as caught:
            reader.read(tenant, expected, retry)
        silent(f"{caught.value!r} {caught.value}", tenant, truth)
    silent(caplog.text, tenant, truth)


def silent(text: str, tenant: Sandbox, truth: Truth) -> None:
    assert tenant.client_secret not in text
    assert tenant.token not in text
    assert not [value for value in truth.personal if value in text]


@pytest.mark.series(by=family_reader_and_outcome)
@pytest.mark.parametrize("fault", EXPECTED)
def test_a_client_reads_every_row_once_or_says_why_not(
    fault: str, reader: Reader, truth: Truth, arrivals: list[RawRequest], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "oneroster")
    with Sandbox(faults=[fault]) as tenant:
        judge(reader, tenant, EXPECTED[fault], truth, caplog)
    assert len(arrivals) < 100


@pytest.mark.series
@pytest.mark.parametrize("fault", fault_names_in("client.paging"))
def test_one_page_at_a_time_gives_the_same(
    fault: str, truth: Truth, arrivals: list[RawRequest], caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox(faults=[fault]) as tenant:
        judge(Reader(False, 1), tenant, EXPECTED[fault], truth, caplog)
    assert len(arrivals) < 100


@pytest.mark.series(by=family_reader_and_outcome)
@pytest.mark.parametrize("fault", STAYS)
def test_what_does_not_pass_in_time_is_an_error(
    fault: str, reader: Reader, truth: Truth, caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox(faults=[fault]) as tenant:
        judge(reader, tenant, STAYS[fault], truth, caplog, QUICK._replace(attempts=2))


@pytest.mark.parametrize(("fault", "pauses"), [("busy-seconds", (1.0, 1.0)), ("busy-date", (0.9, 2.0))])
def test_a_busy_server_is_asked_again_when_it_said(
    fault: str, pauses: tuple[float, float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "oneroster")
    with (
        Sandbox(faults=[fault]) as tenant,
        OneRoster(base_url=tenant.base_url, token=tenant.token, retry=QUICK) as roster,
    ):
        roster.get_all_orgs().first()
    waited = [record.args[-1] for record in caplog.records if isinstance(record.args, tuple)]
    assert len(waited) == 1
    assert pauses[0] <= waited[0] <= pauses[1]


@pytest.mark.parametrize("fault", ["token-revoked", "token-expired"])
def test_a_token_given_by_other_means_cannot_be_renewed(fault: str) -> None:
    with Sandbox(faults=[fault]) as tenant:
        roster = OneRoster(base_url=tenant.base_url, token=tenant.token, paging=Paging(limit=5, windows=1))
        with roster, pytest.raises(StatusError, match=r"getAllUsers.*401") as caught:
            list(roster.get_all_users())
    assert tenant.token not in str(caught.value)


def test_a_token_that_ends_in_the_middle_is_renewed_once(
    reader: Reader, truth: Truth, arrivals: list[RawRequest]
) -> None:
    # The clock of the tenant jumps behind the end of the token with the fourth read.
    jump = [0.0]

    def clock() -> float:
        reads = sum(arrival.method == "GET" for arrival in arrivals)
        jump[0] = 10_000.0 if reads >= 4 else 0.0
        return time.time() + jump[0]

    with Sandbox(token_lifetime=3600, clock=clock) as tenant:
        given = reader.read(tenant, READ)
    assert sorted(user.sourced_id for user in given) == sorted(truth.ids)
    assert sum(arrival.method == "POST" for arrival in arrivals) == 2


def test_one_broken_record_is_given_and_says_what_is_wrong(reader: Reader) -> None:
    with Sandbox(faults=["broken-record"]) as tenant:
        users = reader.read(tenant, READ)
    odd = [user for user in users if user.problems()]
    assert [sorted(problem.field for problem in user.problems()) for user in odd] == [["dateLastModified", "status"]]


def test_a_bomb_does_not_unfold_in_memory(reader: Reader) -> None:
    # 64 KB of it, which is one look at the socket, would be 60 MB.
    with Sandbox(faults=["gzip-bomb"]) as tenant:
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLargeError):
                reader.read(tenant, READ)
            assert tracemalloc.get_traced_memory()[1] < 12_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("fault", [name for name in fault_names_in("client.transport") if name != "slow-drip"])
def test_the_way_of_classlink_never_raises_and_always_ends(
    fault: str, arrivals: list[RawRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response, "ResponseLimits", lambda: SMALL)
    with Sandbox(faults=[fault]) as tenant:
        roster = OneRoster(tenant.client_id, tenant.client_secret)
        answer = roster.make_roster_request(f"{tenant.base_url}/orgs")
    assert answer.keys() == {"status_code", "response"}
    credentials = [one.has_credentials for one in arrivals if "localhost" in one.origin]
    # It follows a redirect, as that class does; credentials stay at home.
    assert credentials == ([False] if fault == "foreign-redirect" else [])
    arrivals.clear()


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (("total-zero", "offset-ignored"), EXPECTED["offset-ignored"]._replace(words="as if it ignored offset")),
        (("total-of-page", "offset-ignored"), EXPECTED["offset-ignored"]._replace(words="as if it ignored offset")),
        (("total-too-small", "offset-stuck"), EXPECTED["offset-stuck"]._replace(words="no longer at its offset")),
        (("total-too-small", "null-page"), READ),
        (("total-too-small", "row-inserted"), READ),
        (("total-missing", "no-content-page"), READ),
        (("total-missing", "ties-reordered"), READ),
        (("total-missing", "row-deleted"), Expected(less=1)),
        (("limit-clamped", "empty-page", "bare-array", "unavailable"), READ),
    ],
)
def test_two_lies_that_agree_are_no_proof(
    faults: tuple[str, ...], expected: Expected, reader: Reader, truth: Truth, caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox(faults=faults) as tenant:
        judge(reader, tenant, expected, truth, caplog)
