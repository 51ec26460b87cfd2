"""Access rules: invalid credentials, the token endpoint, signatures, and the levels of their findings."""

import base64
import socket
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

import pytest
from oauthlib.oauth1 import Client as Signer

from oneroster.contract.errors import BudgetSpentError, NotJudged, RequestNotAllowedError
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import (
    BearerToken,
    NoCredentials,
    OAuth1Credentials,
    OAuth2Credentials,
    TokenResponse,
)
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.invalid_credentials import CustomSignature, RawAuthorization, require_oauth1
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.token_endpoint import TokenEndpoint, error_code, token_endpoint_of
from oneroster.contract.result import Finding
from oneroster.contract.rules import access
from oneroster.contract.rules import access_near_credentials as near
from oneroster.contract.rules import access_oauth1 as signatures
from oneroster.contract.rules import access_oauth2_tokens as tokens
from tests.contract_kit.hostile import Behaviour, HostileServer, answer, says, serving
from tests.contract_kit.judging import EMPTY, ORGS, judging, levels

SECRET = "s3cr et+&"
URL = "https://sis.example/ims/oneroster/v1p1/orgs?limit=1"
GRANTED = b'{"access_token": "t-1", "token_type": "bearer", "expires_in": 3600}'
REFUSED = answer(b'{"error": "invalid_client"}', "401 Unauthorized", WWW_Authenticate='Basic realm="x"')


def no_post(*_: object) -> TokenResponse:
    raise AssertionError("this way in needs no token endpoint")


def credentials(server: HostileServer) -> OAuth2Credentials:
    return OAuth2Credentials(server.base_url.replace("/ims/oneroster/v1p1", "/token"), "me", SECRET, ("a", "b"))


# ---- credentials -------------------------------------------------------------------------------------------------


def test_a_header_is_sent_as_it_is_written() -> None:
    door = RawAuthorization("Basic Og==")
    assert door.headers("GET", URL, no_post) == {"Authorization": "Basic Og=="}
    assert door.curl() == "-H 'Authorization: Basic Og=='"
    assert not door.renew()
    assert isinstance(door.invalid(), NoCredentials)


@pytest.mark.parametrize("method", ["HMAC-SHA256", "HMAC-SHA1"])
@pytest.mark.parametrize("signed", [URL, URL.partition("?")[0]])
def test_a_signature_is_made_with_what_was_chosen(signed: str, method: str) -> None:
    door = CustomSignature(OAuth1Credentials("me", SECRET, method), 1_700_000_000, "n-1", lambda _: signed)
    same = Signer("me", client_secret=SECRET, signature_method=method, timestamp="1700000000", nonce="n-1")
    assert door.headers("GET", URL, no_post)["Authorization"] == same.sign(signed)[1]["Authorization"]
    assert SECRET not in repr(door) + door.curl()


def test_two_signatures_never_share_a_nonce() -> None:
    way = OAuth1Credentials("me", SECRET)
    assert CustomSignature(way).nonce != CustomSignature(way).nonce


@pytest.mark.parametrize("ask", [require_oauth1, token_endpoint_of])
def test_what_needs_another_way_in_is_not_exercised(ask: Callable[[ObservedTenant], object]) -> None:
    with judging(says(EMPTY)) as tenant, pytest.raises(NotJudged, match="not accessed with OAuth"):
        ask(tenant)


# ---- the token endpoint ------------------------------------------------------------------------------------------


def sent(server: HostileServer) -> list[tuple[str, dict[str, list[str]]]]:
    """Authorization and form of each request to the token endpoint."""
    posts = [head.decode() for head in server.requests if head.startswith(b"POST /token ")]
    forms = [parse_qs(head.partition("\r\n\r\n")[2]) for head in posts]
    shown = [head.partition("Authorization: ")[2].partition("\r\n")[0] for head in posts]
    return list(zip(shown, forms, strict=True))


def test_the_desk_asks_by_basic_and_keeps_what_is_granted() -> None:
    with serving(says(answer(GRANTED))) as server:
        way = credentials(server)
        with Gateway(Target(server.base_url, access=way)) as gateway:
            desk = token_endpoint_of(ObservedTenant(gateway))
            assert desk.scopes == ("a b", "")
            assert desk.grant("a b") is desk.grant("a b")
            assert desk.request_token("a b") is not desk.grant("a b")
        pair = base64.b64decode(sent(server)[0][0].removeprefix("Basic ")).decode()
    assert pair == "me:s3cr+et%2B%26"
    assert len(server.requests) == 2


def test_the_desk_finds_out_who_wants_the_secret_in_the_form() -> None:
    refusal = answer(b'{"error": "invalid_client"}', "401 Unauthorized")
    with serving(says(refusal, answer(GRANTED))) as server:
        with Gateway(Target(server.base_url, access=credentials(server))) as gateway:
            desk = TokenEndpoint(gateway, credentials(server))
            assert desk.grant("").status == 200
            assert desk.ask("colour").status == 200
        shown = [bool(each) for each, _ in sent(server)]
    assert shown == [True, False, False]


def test_a_scope_that_is_refused_is_no_reason_to_show_the_secret_elsewhere() -> None:
    refusal = answer(b'{"error": "invalid_scope"}', "400 Bad Request")
    with serving(says(refusal)) as server, Gateway(Target(server.base_url, access=credentials(server))) as gateway:
        assert error_code(token_endpoint_of(ObservedTenant(gateway)).grant("x")) == "invalid_scope"
        assert len(server.requests) == 1


def test_the_desk_shows_the_secret_only_in_the_form_where_the_settings_say_so() -> None:
    refusal = answer(b'{"error": "invalid_client"}', "401 Unauthorized")
    with serving(says(refusal)) as server:
        way = OAuth2Credentials(credentials(server).token_url, "me", SECRET, ("a",), in_body=True)
        with Gateway(Target(server.base_url, access=way)) as gateway:
            assert TokenEndpoint(gateway, way).grant("a").status == 401
        ((shown, form),) = sent(server)
    assert (shown, form["client_secret"]) == ("", [SECRET])


def test_wrong_credentials_never_come_often_in_a_row() -> None:
    refused: list[bool] = []

    def behave(connection: socket.socket, head: bytes) -> None:
        text = head.decode()
        right = b"grant_type=client_credentials" in head and base64.b64encode(b"me:s3cr+et%2B%26") in head
        if text.startswith("POST"):
            refused.append(not right)
        connection.sendall(EMPTY if not text.startswith("POST") else answer(GRANTED) if right else REFUSED)

    with judging(behave, credentials) as tenant:
        assert levels(tokens.wrong_secret(tenant, ORGS)) == []
        assert levels(near.near_secret(tenant, ORGS)) == []
    in_a_row = max(len(run) for run in "".join("x" if each else " " for each in refused).split())
    assert in_a_row <= 3
    assert sum(refused) <= 15


SCOPES = ("exact", "")


def one_scope(granted: str) -> Behaviour:
    """A token endpoint that looks at the scope first, then at the grant type and the secret."""

    def behave(connection: socket.socket, head: bytes) -> None:
        text = head.decode()
        form = parse_qs(text.partition("\r\n\r\n")[2])
        _, _, basic = text.partition("Authorization: Basic ")
        known = base64.b64decode(basic.partition("\r\n")[0]) == b"me:s3cr+et%2B%26"
        if not text.startswith("POST"):
            connection.sendall(EMPTY)
        elif form.get("scope", [""]) != [granted]:
            connection.sendall(answer(b'{"error": "invalid_scope"}', "400 Bad Request"))
        elif form.get("grant_type") != ["client_credentials"]:
            connection.sendall(answer(b'{"error": "unsupported_grant_type"}', "400 Bad Request"))
        elif not known:
            connection.sendall(REFUSED)
        else:
            connection.sendall(answer(GRANTED))

    return behave


@pytest.mark.parametrize("granted", SCOPES)
@pytest.mark.parametrize("probe", [tokens.wrong_secret, tokens.unknown_grant])
def test_probes_differ_from_the_granted_request_in_one_thing(
    probe: Callable[..., Iterator[Finding]], granted: str
) -> None:
    def way(server: HostileServer) -> OAuth2Credentials:
        return OAuth2Credentials(credentials(server).token_url, "me", SECRET, ("exact",))

    with judging(one_scope(granted), way) as tenant:
        assert levels(probe(tenant, ORGS)) == []


def test_forms_go_to_the_token_endpoint_only_and_show_no_secret() -> None:
    with serving(says(answer(GRANTED))) as server:
        bearing = Target(server.base_url, access=BearerToken("t"))
        with Gateway(bearing) as gateway, pytest.raises(RequestNotAllowedError, match="no token endpoint"):
            gateway.post_form({}, b"", "")
        with Gateway(Target(server.base_url, access=credentials(server))) as gateway:
            granted = gateway.post_form({}, b"grant_type=x", "-d grant_type=x")
    assert granted.curl.startswith("curl -sS -X POST -d grant_type=x http://127.0.0.1:")
    assert "t-1" not in repr(granted)


def test_the_kit_waits_no_longer_than_the_run_may() -> None:
    with serving(says(EMPTY)) as server:
        pauses: list[float] = []
        with Gateway(Target(server.base_url), RunBudget(seconds=60), pause=pauses.append) as gateway:
            gateway.pause(5)
            with pytest.raises(BudgetSpentError, match="exceed the time allowed"):
                gateway.pause(90)
    assert pauses == [5]


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        (b'{"error": "invalid_client"}', "401 Unauthorized", [Level.SHOULD]),
        (b'{"error": "invalid_client"}', "400 Bad Request", []),
        (b"go away", "401 Unauthorized", [Level.SHOULD]),
        (b"", "500 Internal Server Error", [Level.SHOULD]),
        (GRANTED, "200 OK", [None]),
    ],
)
def test_a_wrong_secret_may_be_refused_in_two_ways(said: bytes, status: str, expected: list[Level | None]) -> None:
    with judging(says(answer(GRANTED), EMPTY, answer(GRANTED), answer(said, status)), credentials) as tenant:
        assert levels(tokens.wrong_secret(tenant, ORGS)) == expected


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (GRANTED, []),
        (b'{"access_token": "t", "token_type": "BEARER", "expires_in": 1.5}', []),
        (b'{"access_token": "t", "token_type": "bearer"}', [Level.SHOULD]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": "3600"}', [Level.SHOULD]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": true}', [None]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": 1893456000}', [Level.SHOULD]),
        (b'{"access_token": "t", "token_type": "mac", "expires_in": 0}', [None, None]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": 9, "scope": ["a"]}', [None]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": 9, "scope": "a,b"}', [None]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": 9, "scope": "c"}', [Level.SHOULD]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": 9, "scope": "b"}', []),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": 9, "refresh_token": "r"}', [Level.SHOULD]),
    ],
)
def test_what_a_token_answer_lacks_weighs_differently(granted: bytes, expected: list[Level | None]) -> None:
    with judging(says(answer(GRANTED), EMPTY, answer(granted)), credentials) as tenant:
        assert levels(tokens.token_answer(tenant, ORGS)) == expected


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (b'{"access_token": "t", "scope": "a"}', [None]),
        (b'{"access_token": "t"}', [Level.SHOULD]),
    ],
)
def test_a_scope_that_was_not_said_weighs_less(granted: bytes, expected: list[Level | None]) -> None:
    with judging(says(answer(GRANTED), EMPTY, answer(granted), EMPTY), credentials) as tenant:
        assert levels(tokens.expect_no_access(tenant, ORGS, ("a",))) == expected


@pytest.mark.parametrize("said", [answer(GRANTED[:-1] + f', "scope": "a {ORGS.oauth_scopes[0]}"}}'.encode()), EMPTY])
def test_without_a_narrower_token_scopes_are_not_exercised(said: bytes) -> None:
    with (
        judging(says(answer(GRANTED), EMPTY, said), credentials) as tenant,
        pytest.raises(NotJudged, match="narrower scope"),
    ):
        list(tokens.expect_no_access(tenant, ORGS, ("a",)))


def test_a_token_of_an_hour_is_not_waited_for() -> None:
    with (
        judging(says(answer(GRANTED), EMPTY, answer(GRANTED)), credentials) as tenant,
        pytest.raises(NotJudged, match="within 10 seconds"),
    ):
        list(tokens.expired_token(tenant, ORGS))


# ---- signatures and 401 responses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"), [("401 Unauthorized", []), ("400 Bad Request", [Level.OPEN]), ("200 OK", [None])]
)
def test_a_stale_signature_may_be_called_a_bad_request(status: str, expected: list[Level | None]) -> None:
    with judging(says(EMPTY, answer(b"{}", status)), lambda _: OAuth1Credentials("me", SECRET)) as tenant:
        assert levels(signatures.stale_timestamp(tenant, ORGS)) == expected


def test_a_nonce_whose_first_use_fails_is_not_judged() -> None:
    with (
        judging(says(EMPTY, answer(b"{}", "401 Unauthorized")), lambda _: OAuth1Credentials("me", SECRET)) as tenant,
        pytest.raises(NotJudged, match="first use"),
    ):
        list(signatures.repeated_nonce(tenant, ORGS))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("401 Unauthorized", []),
        ("400 Bad Request", [Level.OPEN]),
        ("403 Forbidden", [Level.SHOULD]),
        ("200 OK", [None]),
    ],
)
def test_malformed_credentials_that_open_nothing_weigh_less(status: str, expected: list[Level | None]) -> None:
    with judging(says(EMPTY, answer(b"{}", status))) as tenant:
        assert levels(access.malformed_credentials(tenant, ORGS)) == expected


def test_a_refusal_that_is_a_list_is_read_as_well() -> None:
    listed = answer(b'[{"codeMajor": "failure", "severity": "error"}]', "401 Unauthorized")
    with judging(says(EMPTY, listed)) as tenant:
        list(access.without_credentials(tenant, ORGS))
        assert levels(access.refusal_payload(tenant, ORGS)) == [Level.OPEN]
