"""Access: signatures come out as they must, tokens are shared, and credentials stay with the tenant."""

import asyncio
import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from oneroster import AsyncOneRoster, ConfigurationError, OneRoster, ResponseLimits, Retry, TokenError, TransportError
from oneroster.standard import Standard
from oneroster.transport.auth import Bearer, ClientCredentials, OAuth1
from tests.patience import PATIENCE
from tests.web import Answer, Seen, serve

TENANT = "https://example.oneroster.com/ims/oneroster/v1p1"
USERS = f"{TENANT}/users"


def signature(auth: OAuth1, url: str) -> tuple[str, str]:
    request = next(auth.sync_auth_flow(httpx.Request("GET", url)))
    header = request.headers["Authorization"]
    return header, httpx.QueryParams(header.split("oauth_signature=")[1].strip('"').join(["s=", ""]))["s"]


@pytest.mark.parametrize(
    ("method", "version", "query", "expected"),
    [
        ("HMAC-SHA256", False, "?filter=role='student'&limit=2", "yGCjVI+Qm5IDdeBTmliHqSkJd3FE/F/YiVxaVAFu4NA="),
        ("HMAC-SHA256", False, "?filter=role%3D%27student%27&limit=2", "yGCjVI+Qm5IDdeBTmliHqSkJd3FE/F/YiVxaVAFu4NA="),
        ("HMAC-SHA1", True, "?filter=role='student'&limit=2", "32vAdhnG2xWuyx57f85H6z4Dfp8="),
        ("HMAC-SHA256", False, "", "SwGnQi3+ljvf7KdWhzoUlmswwoiVRQeei7NSR1m6CEg="),
    ],
)
def test_oauth1_signs_as_rfc_5849_says(method: str, version: bool, query: str, expected: str) -> None:
    auth = OAuth1("client-id", "client-secret", TENANT, method, version, timestamp="1700000000", nonce="0000000000")
    header, found = signature(auth, USERS + query)
    assert found == expected
    assert ("oauth_version" in header) == version


def test_oauth1_uses_a_nonce_once() -> None:
    auth = OAuth1("client-id", "client-secret", TENANT)
    assert signature(auth, USERS)[0] != signature(auth, USERS)[0]


def test_an_unknown_digest_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="HMAC-SHA256 or HMAC-SHA1"):
        OAuth1("client-id", "client-secret", TENANT, "PLAINTEXT")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/ims/oneroster/v1p1/users",
        "http://example.oneroster.com/ims/oneroster/v1p1/users",
        "https://example.oneroster.com:8443/users",
        "https://example.oneroster.com.evil.example/users",
        "https://example.oneroster.com@evil.example/users",
    ],
)
def test_no_credentials_go_to_another_origin(url: str) -> None:
    secret = "client-secret"
    for auth in (
        Bearer("token", TENANT),
        OAuth1("client-id", secret, TENANT),
        ClientCredentials("client-id", secret, "https://login.example/token", TENANT, standard=Standard.of()),
    ):
        request = next(auth.sync_auth_flow(httpx.Request("GET", url)))
        assert str(request.url) == url
        assert "Authorization" not in request.headers or "evil" in request.url.host
        assert secret not in str(request.headers.raw)
        assert "Bearer" not in request.headers.get("Authorization", "")


def test_the_default_port_is_the_same_origin() -> None:
    request = next(Bearer("abc", TENANT).sync_auth_flow(httpx.Request("GET", "https://example.oneroster.com:443/x")))
    assert request.headers["Authorization"] == "Bearer abc"


class TokenServer:
    """A tenant and its token endpoint; counts the tokens it gives."""

    def __init__(self, granted: str | None = None, life: int | None = 3600) -> None:
        self.granted, self.life = granted, life
        self.tokens = 0
        self.asked: list[str | None] = []
        self.valid = ""

    def __call__(self, seen: Seen) -> Answer:
        if seen.path != "/token":
            good = seen.headers.get("authorization") == f"Bearer {self.valid}"
            return Answer(200 if good else 401)
        scope = parse_qs(seen.body.decode()).get("scope", [None])[0]
        self.asked.append(scope)
        if self.granted is not None and scope != (self.granted or None):
            return Answer(400, b'{"error": "invalid_scope"}')
        self.tokens += 1
        self.valid = f"token-{self.tokens}"
        return Answer(
            200, json.dumps({"access_token": self.valid, "token_type": "bearer", "expires_in": self.life}).encode()
        )


def credentials(origin: str, **more: object) -> ClientCredentials:
    return ClientCredentials("id:1", "s cret", f"{origin}/token", origin, standard=Standard.of(), **more)  # type: ignore[arg-type]  # any of its arguments


def test_one_token_serves_many_requests_and_many_threads() -> None:
    server = TokenServer()
    with serve(server) as web, httpx.Client(auth=credentials(web.origin)) as client, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: client.get(f"{web.origin}/users?{n}").status_code, range(24)))
        assert statuses == [200] * 24
        basic = next(seen for seen in web.seen if seen.path == "/token").headers["authorization"]
    assert server.tokens == 1
    assert b64decode(basic.removeprefix("Basic ")) == b"id%3A1:s+cret"


def test_one_token_serves_many_tasks() -> None:
    server = TokenServer()

    async def run(origin: str) -> list[int]:
        async with httpx.AsyncClient(auth=credentials(origin)) as client:
            answers = await asyncio.gather(*(client.get(f"{origin}/users?{n}") for n in range(12)))
            server.valid = "revoked"
            answers += await asyncio.gather(*(client.get(f"{origin}/users?{n}") for n in range(3)))
            return [answer.status_code for answer in answers]

    with serve(server) as web:
        assert asyncio.run(run(web.origin)) == [200] * 15
    assert server.tokens == 2


def test_a_refused_token_is_replaced_once() -> None:
    server = TokenServer()
    with serve(server) as web, httpx.Client(auth=credentials(web.origin)) as client:
        client.get(f"{web.origin}/users")
        server.valid = "revoked"
        assert client.get(f"{web.origin}/users").status_code == 200
        assert server.tokens == 2
        server.__class__ = RefusingServer
        assert client.get(f"{web.origin}/users").status_code == 401
        assert server.tokens == 3


class RefusingServer(TokenServer):
    """Gives tokens and accepts none."""

    def __call__(self, seen: Seen) -> Answer:
        return super().__call__(seen) if seen.path == "/token" else Answer(401)


def test_a_token_is_renewed_before_it_ends() -> None:
    server, now = TokenServer(life=180), [0.0]
    with serve(server) as web, httpx.Client(auth=credentials(web.origin, clock=lambda: now[0])) as client:
        for second, tokens in ((0.0, 1), (143.0, 1), (145.0, 2)):
            now[0] = second
            assert client.get(f"{web.origin}/users").status_code == 200
            assert server.tokens == tokens


@pytest.mark.parametrize("granted", ["a b", ""])
def test_scopes_fall_back_and_what_was_granted_is_remembered(granted: str) -> None:
    server, now = TokenServer(granted, life=180), [0.0]
    auth = {"scopes": ["a", "b"], "clock": lambda: now[0]}
    with serve(server) as web, httpx.Client(auth=credentials(web.origin, **auth)) as client:
        assert client.get(f"{web.origin}/users").status_code == 200
        before = len(server.asked)
        now[0] = 1000.0
        assert client.get(f"{web.origin}/users").status_code == 200
    assert server.asked[before:] == [granted or None]


def test_credentials_can_stand_in_the_form() -> None:
    with serve(TokenServer()) as web, httpx.Client(auth=credentials(web.origin, in_body=True)) as client:
        client.get(f"{web.origin}/users")
        form = parse_qs(web.seen[0].body.decode())
        assert (form["client_id"], form["client_secret"]) == (["id:1"], ["s cret"])
        assert "authorization" not in web.seen[0].headers


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401, b'{"error": "invalid_client", "error_description": "s cret"}'),
        Answer(503, b"<html>", (("Retry-After", "7"),)),
        Answer(200, b"no json"),
        Answer(302, b"", (("Location", "https://evil.example/token"),)),
        Answer(200, b" " * 1_000_001),
    ],
    ids=["refused", "busy", "no JSON", "redirect", "endless"],
)
def test_an_endpoint_without_a_token_is_an_error_without_secrets(answer: Answer) -> None:
    with serve(lambda _: answer) as web, httpx.Client(auth=credentials(web.origin, scopes=[])) as client:
        with pytest.raises(TokenError) as caught:
            client.get(f"{web.origin}/users")
        assert len(web.seen) == 1
    assert "cret" not in str(caught.value).replace("secret", "")
    assert f"{web.origin}/token" in str(caught.value)
    assert caught.value.retry_after == (7.0 if answer.status == 503 else None)


@pytest.mark.parametrize("in_body", [False, True])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 429, 500, 503])
def test_credentials_are_doubted_only_where_the_endpoint_refuses_them(status: int, in_body: bool) -> None:
    with serve(lambda _: Answer(status)) as web:
        auth = credentials(web.origin, scopes=[], in_body=in_body)
        with httpx.Client(auth=auth) as client, pytest.raises(TokenError) as caught:
            client.get(f"{web.origin}/users")
    refused = status in (400, 401, 403)
    assert ("Check client id" in str(caught.value)) == refused
    assert (f"--client-auth {'basic' if in_body else 'body'}" in str(caught.value)) == refused


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_a_silent_token_endpoint_is_waited_for_as_long_as_any_other(asynchronous: bool) -> None:
    go = Event()

    def answer(seen: Seen) -> Answer:
        if seen.path == "/token":
            go.wait(PATIENCE)
        return Answer(200, b'{"orgs": []}')

    with serve(answer) as web:
        options: dict[str, Any] = {
            "base_url": web.origin,
            "token_url": f"{web.origin}/token",
            "retry": Retry(attempts=2, first_delay=0),
            "limits": ResponseLimits(read_timeout=0.3),
        }

        async def read_async() -> None:
            async with AsyncOneRoster("id", "s cret", **options) as roster:
                await roster.get_all_orgs().first()

        def read() -> None:
            with OneRoster("id", "s cret", **options) as roster:
                roster.get_all_orgs().first()

        try:
            with pytest.raises(
                TransportError, match=r"because the token endpoint \S+/token failed: the server sent nothing in time"
            ):
                asyncio.run(read_async()) if asynchronous else read()
        finally:
            go.set()


def test_a_token_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oneroster.transport.auth._LIMITS", ResponseLimits(total_timeout=-1.0))
    with (
        serve(TokenServer()) as web,
        httpx.Client(auth=credentials(web.origin)) as client,
        pytest.raises(TokenError, match="did not end within"),
    ):
        client.get(f"{web.origin}/users")
