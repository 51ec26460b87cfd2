"""Each fault of the token endpoint does what it says, and the conforming tenant does not."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from oneroster.sandbox import Sandbox


def token_response(name: str, client_id: str = "", secret: str | None = None) -> httpx.Response:
    """A response of the token endpoint, after one to the right client."""
    with Sandbox(faults=[name] if name else ()) as tenant, httpx.Client() as client:
        form = {"grant_type": "client_credentials"}
        right = (tenant.client_id, tenant.client_secret)
        granted = client.post(tenant.token_url, data=form, auth=right)
        if secret is None:
            return granted
        sent = right[1] + secret if client_id + secret else ""
        return client.post(tenant.token_url, data=form, auth=(right[0] + client_id, sent))


TOKEN_BODIES = {
    "token-for-ever": b"9" * 400,
    "token-missing": b'"token_type"',
    "token-nested": b"[" * 100_000,
    "token-not-utf-8": b"\xff\xfe",
    "token-of-another-kind": b'"mac"',
    "lifetime-in-words": b'"one hour"',
    "scopes-as-list": b'"scope":[',
}
HOW_TOKENS_COME: dict[str, tuple[Callable[[httpx.Response], Any], Any, Any]] = {
    "token-with-201": (lambda response: response.status_code, 200, 201),
    "token-as-html": (lambda response: response.headers["Content-Type"], "application/json", "text/html"),
    "no-lifetime": (lambda response: "expires_in" in response.json(), True, False),
    "basic-refused": (lambda response: response.status_code, 200, 401),
}
SECRETS = {
    "secret-with-more": ("", "x"),
    "secret-trimmed": ("", " "),
    "any-client-id": ("x", ""),
    "empty-secret": ("", ""),
}
FORMS = {
    "unknown-scope-crashes": ({"grant_type": "client_credentials", "scope": "https://scope.example/none"}, 400),
    "empty-grant-crashes": ({"grant_type": ""}, 400),
}
OF_TOKENS = set(TOKEN_BODIES) | set(HOW_TOKENS_COME) | set(SECRETS) | set(FORMS)


@pytest.mark.parametrize("name", TOKEN_BODIES)
def test_a_token_response_is_odd(name: str) -> None:
    assert TOKEN_BODIES[name] in token_response(name).content
    assert (b"access_token" in token_response(name).content) is (name not in ("token-missing", "token-nested"))


@pytest.mark.parametrize("name", HOW_TOKENS_COME)
def test_a_token_comes_in_another_way(name: str) -> None:
    look, right, wrong = HOW_TOKENS_COME[name]
    assert (look(token_response("")), look(token_response(name))) == (right, wrong)


@pytest.mark.parametrize("name", SECRETS)
def test_a_client_that_is_nearly_right_gets_a_token(name: str) -> None:
    assert token_response("", *SECRETS[name]).status_code == 401
    assert token_response(name, *SECRETS[name]).status_code == 200


@pytest.mark.parametrize("name", FORMS)
def test_a_token_request_crashes(name: str) -> None:
    form, right = FORMS[name]
    statuses = []
    for faults in ([], [name]):
        with Sandbox(faults=faults) as tenant, httpx.Client() as client:
            access = (tenant.client_id, tenant.client_secret)
            statuses.append(client.post(tenant.token_url, data=form, auth=access).status_code)
    assert statuses == [right, 500]
