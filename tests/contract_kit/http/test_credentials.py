"""The ways into a tenant, and what none of them shows."""

import base64
import json
from typing import Any

import pytest
from oauthlib.oauth1 import Client as Signer

from oneroster.contract.errors import AccessRefusedError
from oneroster.contract.http.credentials import (
    BearerToken,
    Credentials,
    NoCredentials,
    OAuth1Credentials,
    OAuth2Credentials,
    TokenResponse,
)

SECRET = "s3cr et+&"
URL = "https://sis.example/ims/oneroster/v1p1/users?filter=role%3D%27student%27&limit=2"


def no_post(*_: object) -> TokenResponse:
    raise AssertionError("this way in needs no token endpoint")


class Endpoint:
    """A token endpoint that answers as told and keeps what it was sent."""

    def __init__(self, *answers: TokenResponse) -> None:
        self._answers = list(answers)
        self.sent: list[tuple[str, dict[str, str], str]] = []

    def __call__(self, url: str, headers: dict[str, str], form: bytes) -> TokenResponse:
        self.sent.append((url, headers, form.decode()))
        return self._answers.pop(0)


def granted(**members: Any) -> TokenResponse:
    return says(200, {"access_token": "t-1", "token_type": "bearer", **members})


def says(status: int, members: dict[str, Any]) -> TokenResponse:
    return TokenResponse(status, json.dumps(members).encode())


def credentials(*scopes: str) -> OAuth2Credentials:
    return OAuth2Credentials("https://sis.example/token", "me", SECRET, scopes)


def test_nobody_shows_nothing_and_a_token_is_a_bearer() -> None:
    assert NoCredentials().headers("GET", URL, no_post) == {}
    assert BearerToken("t").headers("GET", URL, no_post) == {"Authorization": "Bearer t"}


@pytest.mark.parametrize("method", ["HMAC-SHA256", "HMAC-SHA1"])
def test_oauth1_signs_by_the_method_of_the_settings_over_the_whole_query(method: str) -> None:
    access = OAuth1Credentials("me", SECRET, method)
    header = access.headers("GET", URL, no_post)["Authorization"]
    fields = dict(part.split("=", 1) for part in header.removeprefix("OAuth ").split(", "))
    assert fields["oauth_signature_method"] == f'"{method}"'
    assert method in access.curl()
    assert method in access.invalid().headers("GET", URL, no_post)["Authorization"]
    same = Signer(
        "me",
        client_secret=SECRET,
        signature_method=method,
        nonce=fields["oauth_nonce"].strip('"'),
        timestamp=fields["oauth_timestamp"].strip('"'),
    )
    assert same.sign(URL)[1]["Authorization"] == header


def test_client_credentials_ask_by_basic_with_both_halves_form_encoded() -> None:
    endpoint = Endpoint(granted())
    assert credentials("a", "b").headers("GET", URL, endpoint) == {"Authorization": "Bearer t-1"}
    ((url, headers, form),) = endpoint.sent
    assert url == "https://sis.example/token"
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == "me:s3cr+et%2B%26"
    assert form == "grant_type=client_credentials&scope=a+b"


def test_an_unknown_scope_is_left_out() -> None:
    endpoint = Endpoint(says(400, {"error": "invalid_scope"}), granted())
    credentials("a").headers("GET", URL, endpoint)
    assert [form for _, _, form in endpoint.sent][1] == "grant_type=client_credentials"


def test_a_server_that_wants_them_in_the_body_gets_them_there() -> None:
    endpoint = Endpoint(says(401, {"error": "invalid_client"}), granted())
    credentials().headers("GET", URL, endpoint)
    _, headers, form = endpoint.sent[1]
    assert "Authorization" not in headers
    assert "client_secret=s3cr+et%2B%26" in form


def test_a_server_that_is_known_to_want_them_in_the_body_never_gets_them_by_basic() -> None:
    endpoint = Endpoint(TokenResponse(401, b'{"error": "invalid_client"}'))
    access = OAuth2Credentials("https://sis.example/token", "me", SECRET, ("a",), in_body=True)
    with pytest.raises(AccessRefusedError):
        access.headers("GET", URL, endpoint)
    ((_, headers, form),) = endpoint.sent
    assert "Authorization" not in headers
    assert "client_secret=s3cr+et%2B%26" in form
    assert "scope=a" in form


@pytest.mark.parametrize("expires_in", [3600, "3600", None, "soon"])
def test_a_token_is_kept_while_it_lives(expires_in: object) -> None:
    endpoint = Endpoint(granted(expires_in=expires_in))
    access = credentials()
    access.headers("GET", URL, endpoint)
    access.headers("GET", URL, endpoint)
    assert len(endpoint.sent) == 1


def test_a_token_that_is_not_taken_any_more_is_fetched_anew_the_way_that_worked() -> None:
    endpoint = Endpoint(says(401, {"error": "invalid_client"}), granted(), granted())
    access = credentials()
    access.headers("GET", URL, endpoint)
    assert access.renew()
    access.headers("GET", URL, endpoint)
    assert ["client_secret" in form for _, _, form in endpoint.sent] == [False, True, True]


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (says(200, {}), "check the token URL"),
        (says(200, {"access_token": 1}), "check the token URL"),
        (says(302, {}), "check the token URL"),
        (says(404, {}), r"check the token URL \(--token-url, ONEROSTER_TOKEN_URL\)"),
        (says(401, {"error": "invalid_client"}), "check the client id, .*--client-secret"),
        (says(429, {}), "busy"),
        (says(500, {}), "try again later"),
    ],
)
def test_an_endpoint_that_grants_nothing_is_named_with_what_to_do(said: TokenResponse, advice: str) -> None:
    said_in_all = rf"https://sis.example/token granted no token \(HTTP \d+\); .*{advice}"
    with pytest.raises(AccessRefusedError, match=said_in_all):
        credentials().headers("GET", URL, Endpoint(said, said))


@pytest.mark.parametrize(
    "access",
    [
        BearerToken(SECRET),
        OAuth1Credentials("me", SECRET),
        credentials("a"),
        says(200, {"access_token": SECRET}),
    ],
)
def test_no_repr_holds_a_secret(access: object) -> None:
    assert SECRET not in repr(access)


@pytest.mark.parametrize(
    "access", [NoCredentials(), BearerToken(SECRET), OAuth1Credentials("me", SECRET), credentials("a")]
)
def test_the_wrong_twin_knows_nothing_of_the_right_secret(access: Credentials) -> None:
    wrong = access.invalid()
    sent = str(wrong.headers("GET", URL, no_post))
    assert sent != "{}"
    assert SECRET not in sent
    assert SECRET not in wrong.curl() + access.curl()
