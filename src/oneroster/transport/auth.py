"""Authentication as `httpx.Auth`: a static bearer token, OAuth 2 client credentials, OAuth 1.0a.

Each class is bound to the origin of one tenant; a request to any other origin is sent without credentials (7 security).
"""

import asyncio
import threading
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from oneroster.errors import ConfigurationError, TokenError, TransportError
from oneroster.settings import option_of
from oneroster.standard import Standard
from oneroster.transport.bounded_response import BodyBuffer, ResponseLimits, read_body, read_body_async
from oneroster.transport.deadline import seconds_left
from oneroster.transport.oauth2_tokens import Token, is_fresh, read_token, scope_attempts, token_members
from oneroster.transport.retry_times import seconds_to_wait
from oneroster.transport.urls import origin_of, origins_of, redacted
from oneroster_runtime.responses import media_type_of

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
_BUSY: Final = 429
_REFUSED: Final = frozenset({400, 401, 403})
"""Statuses with which a token endpoint refuses credentials or scopes."""
_LIMITS: Final = ResponseLimits(max_bytes=1_000_000, total_timeout=60.0)
"""The limits of a token response."""


class Bearer(httpx.Auth):
    """A static bearer token.

    Args:
        token: The token, which follows ``Bearer`` in the header.
        base_url: The tenant, by its base URL or those of its services; only their origins receive the token.
    """

    def __init__(self, token: str, base_url: str | Iterable[str]) -> None:
        self._token = token
        self._origins = origins_of(base_url)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to a request to the tenant."""
        if origin_of(request.url) in self._origins:
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
        base_url: The tenant, by its base URL or those of its services; only requests to their origins are signed.
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
        base_url: str | Iterable[str],
        method: str = "HMAC-SHA256",
        version: bool = False,
        *,
        timestamp: str | None = None,
        nonce: str | None = None,
    ) -> None:
        if method not in _METHODS:
            raise ConfigurationError(f"The OAuth 1 signature method must be {' or '.join(_METHODS)}, not {method!r}.")
        self._origins = origins_of(base_url)
        signer: Callable[..., Any] = Client if version else _UnversionedClient
        self._signer = partial(
            signer, client_id, client_secret, signature_method=_METHODS[method], timestamp=timestamp, nonce=nonce
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request to the tenant."""
        if origin_of(request.url) in self._origins:
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
        base_url: The tenant, by its base URL or those of its services; only their origins receive the token.
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
        base_url: str | Iterable[str],
        scopes: Sequence[str] | None = None,
        in_body: bool = False,
        *,
        standard: Standard,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id, self._secret, self._in_body = client_id, client_secret, in_body
        self._token_url, self._origins = token_url, origins_of(base_url)
        self._standard, self._scopes, self._clock = standard, scopes, clock
        self._scope_attempts: list[tuple[str, ...]] | None = None
        self._token: Token | None = None
        self._lock, self._async_lock = threading.Lock(), asyncio.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add a token to a request to the tenant; fetch it first if needed."""
        if origin_of(request.url) not in self._origins:
            yield request
            return
        rejected: Token | None = None
        for last in (False, True):
            with self._locked():
                if self._needs_token(rejected):
                    yield from self._fetch(request)
                token = self._token
            response = yield self._signed(request, token)
            if last or response.status_code != 401:
                return
            rejected = token
            _discard(response)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add a token, as `sync_auth_flow` does, for tasks."""
        if origin_of(request.url) not in self._origins:
            yield request
            return
        rejected: Token | None = None
        for last in (False, True):
            async with self._async_lock:
                if self._needs_token(rejected):
                    for wanted in self._attempts():
                        sent_at = self._clock()
                        response = yield self._token_request(wanted, request)
                        with self._reading(response) as buffer:
                            body = await read_body_async(response, buffer)
                        await _discard_async(response)
                        if self._store(wanted, response, body, sent_at):
                            break
                token = self._token
            response = yield self._signed(request, token)
            if last or response.status_code != 401:
                return
            rejected = token
            await _discard_async(response)

    def _fetch(self, cause: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for wanted in self._attempts():
            sent_at = self._clock()
            response = yield self._token_request(wanted, cause)
            with self._reading(response) as buffer:
                body = read_body(response, buffer)
            _discard(response)
            if self._store(wanted, response, body, sent_at):
                return

    @contextmanager
    def _locked(self) -> Iterator[None]:
        left = min(seconds_left(), threading.TIMEOUT_MAX)
        if not self._lock.acquire(timeout=max(left, 0.0)):
            raise httpx.ReadTimeout("another thread waits for the token")
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def _reading(self, response: httpx.Response) -> Iterator[BodyBuffer]:
        """Provide the buffer for the body of a token response, and convert errors."""
        try:
            yield BodyBuffer(response, _LIMITS, time.monotonic() + _LIMITS.total_timeout, redacted(self._token_url))
        except TransportError as error:
            raise TokenError(f"The token endpoint issued no token. {error}", response.status_code) from None
        except httpx.TransportError as error:
            # The description of the error names the endpoint.
            error.request = response.request
            raise

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
        data = token_members(body)
        if response.is_success:
            kind = media_type_of(response.headers) or "no media type"
            answer = f"The response of the token endpoint {redacted(self._token_url)} ({response.status_code}, {kind})"
            self._token = read_token(data, sent_at, answer)
            # The next token is requested with the scopes that were granted.
            self._scope_attempts = [scopes]
            return True
        code = data.get("error")
        if code == "invalid_scope" and scopes and scopes != self._attempts()[-1]:
            return False
        known = f" ({code})" if code in _ERROR_CODES else ""
        answer = f"{response.status_code}{known}"
        raise TokenError(
            f"The token endpoint {redacted(self._token_url)} answered {answer}.{self._advice(response)}",
            response.status_code,
            seconds_to_wait(response.status_code, response.headers, datetime.now(UTC)),
        )

    def _advice(self, response: httpx.Response) -> str:
        """Return what may be wrong on this side, if the endpoint says that something is."""
        if response.status_code not in _REFUSED:
            passes = response.is_server_error or response.status_code == _BUSY
            return "" if passes else f" Check token_url ({option_of('token_url')})."
        other, place = ("basic", "HTTP Basic") if self._in_body else ("body", "the form body")
        option = option_of("client_auth")
        return (
            f" Check client id, secret and scopes, and whether it expects id and secret in {place}"
            f" (client_auth={other!r}, {option} {other})."
        )

    def _signed(self, request: httpx.Request, token: Token | None) -> httpx.Request:
        if token is None:  # unreachable: fetching stores a token or raises
            raise TokenError("No token.")
        request.headers["Authorization"] = f"Bearer {token.value}"
        return request


def _discard(response: httpx.Response) -> None:
    """Close the body of a response that httpx would otherwise read whole, without limits, before the next request."""
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream.close()
    _empty(response)


async def _discard_async(response: httpx.Response) -> None:
    if isinstance(response.stream, httpx.AsyncByteStream):
        await response.stream.aclose()
    _empty(response)


def _empty(response: httpx.Response) -> None:
    response.headers.pop("Content-Encoding", None)
    response.stream = httpx.ByteStream(b"")
