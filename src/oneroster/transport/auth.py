"""Authentication as `httpx.Auth`: a static bearer token, OAuth 2 client credentials, OAuth 1.0a.

Each class is bound to the origin of one tenant; a request to any other origin is sent without credentials (7 security).
"""

import asyncio
import threading
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from oneroster.errors import ConfigurationError, TokenError
from oneroster.standard import Standard
from oneroster.transport.oauth2_tokens import Token, is_fresh, read_token, scope_attempts
from oneroster.transport.urls import origin_of, redacted

__all__ = ["Bearer", "ClientCredentials", "OAuth1"]

_METHODS: Final = {"HMAC-SHA256": SIGNATURE_HMAC_SHA256, "HMAC-SHA1": SIGNATURE_HMAC_SHA1}
# RFC 6749, 5.2. Only these codes are shown: any other text may repeat a credential that was sent.
_ERROR_CODES: Final = (
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
)
_MAX_BYTES: Final = 1_000_000
_TOTAL_TIMEOUT: Final = 60.0
"""Maximum seconds until a token response is complete."""


class Bearer(httpx.Auth):
    """A static bearer token.

    Args:
        token: The token, which follows ``Bearer`` in the header.
        base_url: The tenant; only its origin receives the token.
    """

    def __init__(self, token: str, base_url: str) -> None:
        self._token = token
        self._origin = origin_of(base_url)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to a request to the tenant."""
        if origin_of(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class _UnversionedClient(Client):
    """Omits oauth_version, which is optional (RFC 5849, 3.1), as ClassLink's class does."""

    def get_oauth_params(self, request: Any) -> Any:
        inherited: Callable[[Any], list[tuple[str, str]]] = super().get_oauth_params
        return [pair for pair in inherited(request) if pair[0] != "oauth_version"]


class OAuth1(httpx.Auth):
    """OAuth 1.0a; every attempt gets a new signature (7.2 [A]).

    Args:
        client_id: The consumer key.
        client_secret: The consumer secret.
        base_url: The tenant; only requests to its origin are signed.
        method: ``HMAC-SHA256`` or ``HMAC-SHA1``.
        version: Whether to send ``oauth_version=1.0``.
        timestamp: A fixed timestamp in Unix seconds, for tests.
        nonce: A fixed nonce, for tests.

    Raises:
        ConfigurationError: The signature method is not supported.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        base_url: str,
        method: str = "HMAC-SHA256",
        version: bool = False,
        *,
        timestamp: str | None = None,
        nonce: str | None = None,
    ) -> None:
        if method not in _METHODS:
            raise ConfigurationError(f"The OAuth 1 signature method must be {' or '.join(_METHODS)}, not {method!r}.")
        self._origin = origin_of(base_url)
        signer: Callable[..., Any] = Client if version else _UnversionedClient
        self._signer = partial(
            signer, client_id, client_secret, signature_method=_METHODS[method], timestamp=timestamp, nonce=nonce
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request to the tenant."""
        if origin_of(request.url) == self._origin:
            _, headers, _ = self._signer().sign(str(request.url), http_method=request.method)
            request.headers["Authorization"] = headers["Authorization"]
        yield request


class ClientCredentials(httpx.Auth):
    """OAuth 2 client credentials (7.4 [A]).

    Threads, or the tasks of one event loop, may share an instance; they then share one token and one request for it.
    The token is renewed before it expires, and once after the tenant answers 401.

    Args:
        client_id: The client id.
        client_secret: The client secret; only the token endpoint receives it.
        token_url: The token endpoint.
        base_url: The tenant; only its origin receives the token.
        scopes: The scopes to request; None for those of all reads. Fewer are requested after ``invalid_scope``.
        in_body: Whether to send id and secret in the form body instead of by HTTP Basic.
        standard: The version of the standard, which defines the scopes.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        token_url: str,
        base_url: str,
        scopes: Sequence[str] | None = None,
        in_body: bool = False,
        *,
        standard: Standard,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id, self._secret, self._in_body = client_id, client_secret, in_body
        self._token_url, self._origin = token_url, origin_of(base_url)
        self._standard, self._scopes, self._clock = standard, scopes, clock
        self._scope_attempts: list[tuple[str, ...]] | None = None
        self._token: Token | None = None
        self._lock, self._async_lock = threading.Lock(), asyncio.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add a token to a request to the tenant; fetch it first if needed."""
        if origin_of(request.url) != self._origin:
            yield request
            return
        rejected: Token | None = None
        for last in (False, True):
            with self._lock:
                if self._needs_token(rejected):
                    yield from self._fetch(request)
                token = self._token
            response = yield self._signed(request, token)
            if last or response.status_code != 401:
                return
            rejected = token

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add a token, as `sync_auth_flow` does, for tasks."""
        if origin_of(request.url) != self._origin:
            yield request
            return
        rejected: Token | None = None
        for last in (False, True):
            async with self._async_lock:
                if self._needs_token(rejected):
                    for wanted in self._attempts():
                        sent_at = self._clock()
                        response = yield self._token_request(wanted, request)
                        if self._store(wanted, response, await _limited(response).aread(), sent_at):
                            break
                token = self._token
            response = yield self._signed(request, token)
            if last or response.status_code != 401:
                return
            rejected = token

    def _fetch(self, cause: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for wanted in self._attempts():
            sent_at = self._clock()
            response = yield self._token_request(wanted, cause)
            if self._store(wanted, response, _limited(response).read(), sent_at):
                return

    def _needs_token(self, rejected: Token | None) -> bool:
        # Only the rejected token is replaced: another caller may have renewed it in the meantime.
        return self._token is None or self._token is rejected or not is_fresh(self._token, self._clock())

    def _attempts(self) -> list[tuple[str, ...]]:
        if self._scope_attempts is None:
            self._scope_attempts = scope_attempts(self._scopes, self._standard.specification)
        return list(self._scope_attempts)

    def _token_request(self, scopes: Sequence[str], cause: httpx.Request) -> httpx.Request:
        form = {"grant_type": "client_credentials"}
        if scopes:
            form["scope"] = " ".join(scopes)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._in_body:
            form |= {"client_id": self._id, "client_secret": self._secret}
        else:
            pair = f"{quote_plus(self._id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        # The extensions hold the timeouts of the client; a request without them would wait for ever.
        return httpx.Request("POST", self._token_url, data=form, headers=headers, extensions=cause.extensions)

    def _store(self, scopes: tuple[str, ...], response: httpx.Response, body: bytes, sent_at: float) -> bool:
        """Store the token; return False if the endpoint rejects these scopes and fewer can be requested."""
        import msgspec

        try:
            data = msgspec.json.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            data = None
        if response.status_code == 200:
            self._token = read_token(data, sent_at)
            # The next token is requested with the scopes that were granted.
            self._scope_attempts = [scopes]
            return True
        code = data.get("error") if isinstance(data, dict) else None
        if code == "invalid_scope" and scopes and scopes != self._attempts()[-1]:
            return False
        known = f" ({code})" if code in _ERROR_CODES else ""
        raise TokenError(
            f"The token endpoint {redacted(self._token_url)} answered {response.status_code}{known}. Check client id,"
            " secret and scopes, and whether it expects id and secret in the form body (client_auth='body').",
            response.status_code,
            response.headers.get("Retry-After"),
        )

    def _signed(self, request: httpx.Request, token: Token | None) -> httpx.Request:
        if token is None:  # unreachable: fetching stores a token or raises
            raise TokenError("No token.")
        request.headers["Authorization"] = f"Bearer {token.value}"
        return request


class _LimitedStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a token response, limited in size and time."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._received = 0
        self._deadline = time.monotonic() + _TOTAL_TIMEOUT

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield self._checked(chunk)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield self._checked(chunk)

    def _checked(self, chunk: bytes) -> bytes:
        self._received += len(chunk)
        if self._received > _MAX_BYTES:
            raise TokenError(f"The response of the token endpoint has more than {_MAX_BYTES} bytes.")
        if time.monotonic() > self._deadline:
            raise TokenError(f"The response of the token endpoint did not end within {_TOTAL_TIMEOUT:g} seconds.")
        return chunk

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def _limited(response: httpx.Response) -> httpx.Response:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A small compressed body can decompress to any size.
        raise TokenError(
            "The token endpoint sent a compressed response, which was not requested.", response.status_code
        )
    response.stream = _LimitedStream(response.stream)
    return response
