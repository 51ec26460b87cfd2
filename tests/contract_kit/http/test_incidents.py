"""What the gateway notes: server errors, broken responses and unusable tokens, without a body."""

import gzip
from collections.abc import Callable

import pytest

from oneroster.contract.errors import BrokenResponseError, NoResponseError
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken, OAuth2Credentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.incidents import Incidents, is_server_error, token_problem
from oneroster.contract.http.target import Target
from tests.contract_kit.hostile import Behaviour, answer, lies_about_its_length, says, serving

EMPTY = answer(b'{"orgs": []}')
CRASH = answer(b'{"name": "a child"}', "500 Internal Server Error")


def incidents_of(behave: Behaviour, ask: Callable[[Gateway], object]) -> Incidents:
    """What a gateway notes while something asks it."""
    with serving(behave) as server:
        target = Target(server.base_url, access=BearerToken("t"))
        with Gateway(target, RunBudget(timeout=5), pause=lambda _: None) as gateway:
            ask(gateway)
            return gateway.incidents


def test_a_server_error_is_asked_for_twice_and_noted_once() -> None:
    def ask(gateway: Gateway) -> None:
        assert gateway.get("/orgs", "limit=1").status == 500
        assert gateway.spent == 2

    (noted,) = incidents_of(says(CRASH), ask).server_errors
    assert noted.repeated
    assert noted.exchange.request == "GET /orgs?limit=1"
    assert noted.exchange.body == b""


def test_a_server_error_that_passes_is_noted_and_the_answer_is_used() -> None:
    def ask(gateway: Gateway) -> None:
        assert gateway.get("/orgs").status == 200

    (noted,) = incidents_of(says(CRASH, EMPTY), ask).server_errors
    assert not noted.repeated


def test_a_post_is_never_repeated() -> None:
    with serving(says(CRASH)) as server:
        access = OAuth2Credentials(server.base_url.replace("/ims/oneroster/v1p1", "/token"), "me", "secret")
        with Gateway(Target(server.base_url, access=access), RunBudget(timeout=5)) as gateway:
            assert gateway.post_form({}, b"a=b", "").status == 500
        assert len(server.requests) == 1
        assert [each.repeated for each in gateway.incidents.server_errors] == [False]


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_without_an_answer_is_no_response(status: int) -> None:
    def ask(gateway: Gateway) -> None:
        with pytest.raises(NoResponseError, match=f"HTTP {status}"):
            gateway.get("/orgs")

    noted = incidents_of(says(answer(b"", f"{status} Bad")), ask)
    assert noted.unanswered == {status: 1}
    assert not noted.server_errors


@pytest.mark.parametrize(
    ("behave", "problem"),
    [
        (lies_about_its_length, "ends before the length"),
        (says(answer(b'{"orgs": []}', Content_Encoding="gzip")), "not in the Content-Encoding"),
        (says(answer(gzip.compress(b"{}")[:-9], Content_Encoding="gzip")), "not in the Content-Encoding"),
        (says(answer(b'{"orgs": []}', Content_Encoding="br")), "was not requested"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), "Content-Length headers"),
    ],
)
def test_a_response_that_contradicts_its_headers_is_noted_and_the_tenant_is_up(behave: Behaviour, problem: str) -> None:
    def ask(gateway: Gateway) -> None:
        for _ in range(7):
            with pytest.raises(BrokenResponseError, match=problem):
                gateway.get("/orgs")

    noted = incidents_of(behave, ask).broken
    assert len(noted) == 7
    assert {each.request for each in noted} == {"GET /orgs"}


@pytest.mark.parametrize(
    ("status", "failed"),
    [(500, True), (505, True), (599, True), (499, False), *((status, False) for status in range(501, 505))],
)
def test_which_statuses_are_server_errors(status: int, failed: bool) -> None:
    assert is_server_error(status) is failed


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": 3600}', None),
        (b'{"access_token": "t"}', None),
        (b'{"access_token": "t", "expires_in": ' + b"9" * 400 + b"}", "longer than a century"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"access_token": "\xff\xfe"}', "not UTF-8"),
        (b"<html>", "not JSON"),
        (b'["t"]', "not a JSON object"),
        (b'{"token": "t"}', "access_token is missing"),
        (b'{"access_token": null}', "access_token is missing"),
        (b'{"access_token": 5}', "not a string"),
        (b'{"access_token": "a\\nb"}', "no header can hold"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a20_what_is_wrong_with_a_token_response(body: bytes, problem: str | None) -> None:
    found = token_problem(body)
    assert found is None if problem is None else problem in (found or "")
