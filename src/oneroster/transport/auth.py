"""Access to a tenant as `httpx.Auth`: a static bearer token, OAuth 2 client credentials, OAuth 1.0a.

All are bound to one origin: a request that leads elsewhere gets no credentials (7 security).
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
from oneroster.transport.oauth2_tokens import Token, is_fresh, read_token, scope_attempts

__all__ = ["Bearer", "ClientCredentials", "OAuth1", "origin_of"]

_METHODS: Final = {"HMAC-SHA256": SIGNATURE_HMAC_SHA256, "HMAC-SHA1": SIGNATURE_HMAC_SHA1}
# RFC 6749, 5.2; other words may repeat what was sent.
_CODES: Final = (
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
)
_LONGEST_ANSWER: Final = 1_000_000
_SECONDS: Final = 60.0
"""Within which a token answer has to end, however slowly it drips."""


def origin_of(url: httpx.URL | str) -> tuple[str, str, int | None]:
    """Scheme, host and port; the port that the scheme stands for when none is given."""
    found = httpx.URL(url)
    return found.scheme, found.host, found.port or {"https": 443, "http": 80}.get(found.scheme)


class Bearer(httpx.Auth):
    """A token that the tenant gave by other means.

    Args:
        token: What stands after ``Bearer``.
        base_url: The tenant; its origin alone sees the token.
    """

    def __init__(self, token: str, base_url: str) -> None:
        self._token = token
        self._origin = origin_of(base_url)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token, to the tenant only."""
        if origin_of(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class _Unversioned(Client):
    """Leaves out oauth_version, as ClassLink's class does; it is optional (RFC 5849, 3.1)."""

    def get_oauth_params(self, request: Any) -> Any:
        inherited: Callable[[Any], list[tuple[str, str]]] = super().get_oauth_params
        return [pair for pair in inherited(request) if pair[0] != "oauth_version"]


class OAuth1(httpx.Auth):
    """OAuth 1.0a, signed anew for each send (7.2 [A]).

    Args:
        client_id: The consumer key.
        client_secret: The consumer secret.
        base_url: The tenant; requests to other origins are not signed.
        method: ``HMAC-SHA256`` or ``HMAC-SHA1``.
        version: Whether ``oauth_version=1.0`` is sent.
        timestamp: Fixed Unix seconds, for tests of a signature.
        nonce: Fixed nonce, for tests of a signature.

    Raises:
        ConfigurationError: The method is another one.
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
            raise ConfigurationError(f"OAuth 1 signs with {' or '.join(_METHODS)}, not with {method!r}.")
        self._origin = origin_of(base_url)
        signer: Callable[..., Any] = Client if version else _Unversioned
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

    One instance serves any number of threads, or any number of tasks of one event loop; they share one token and one
    fetch of it. It is renewed early, and once when the tenant answers 401.

    Args:
        client_id: The client.
        client_secret: Its secret; goes to the token endpoint only.
        token_url: The token endpoint.
        base_url: The tenant; its origin alone sees the token.
        scopes: What to ask for; None for all reads. Fewer are tried when the endpoint answers ``invalid_scope``.
        in_body: Send id and secret in the form instead of by HTTP Basic.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        token_url: str,
        base_url: str,
        scopes: Sequence[str] | None = None,
        in_body: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id, self._secret, self._in_body = client_id, client_secret, in_body
        self._token_url, self._origin = token_url, origin_of(base_url)
        self._scopes, self._clock = scopes, clock
        self._asked: list[tuple[str, ...]] | None = None
        self._token: Token | None = None
        self._lock, self._async_lock = threading.Lock(), asyncio.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add a token, fetching it first when needed."""
        if origin_of(request.url) != self._origin:
            yield request
            return
        refused: Token | None = None
        for last in (False, True):
            with self._lock:
                if self._needs_token(refused):
                    yield from self._fetch(request)
                token = self._token
            response = yield self._signed(request, token)
            if last or response.status_code != 401:
                return
            refused = token

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The same for tasks."""
        if origin_of(request.url) != self._origin:
            yield request
            return
        refused: Token | None = None
        for last in (False, True):
            async with self._async_lock:
                if self._needs_token(refused):
                    for wanted in self._attempts():
                        began = self._clock()
                        response = yield self._token_request(wanted, request)
                        if self._keep(wanted, response, await _limited(response).aread(), began):
                            break
                token = self._token
            response = yield self._signed(request, token)
            if last or response.status_code != 401:
                return
            refused = token

    def _fetch(self, wanting: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for wanted in self._attempts():
            began = self._clock()
            response = yield self._token_request(wanted, wanting)
            if self._keep(wanted, response, _limited(response).read(), began):
                return

    def _needs_token(self, refused: Token | None) -> bool:
        # Another caller may have renewed it meanwhile: only the token that was refused is replaced.
        return self._token is None or self._token is refused or not is_fresh(self._token, self._clock())

    def _attempts(self) -> list[tuple[str, ...]]:
        if self._asked is None:
            self._asked = scope_attempts(self._scopes)
        return list(self._asked)

    def _token_request(self, scopes: Sequence[str], wanting: httpx.Request) -> httpx.Request:
        form = {"grant_type": "client_credentials"}
        if scopes:
            form["scope"] = " ".join(scopes)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._in_body:
            form |= {"client_id": self._id, "client_secret": self._secret}
        else:
            pair = f"{quote_plus(self._id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        # The client's timeouts stand in the extensions; a request of our own would have none and wait for ever.
        return httpx.Request("POST", self._token_url, data=form, headers=headers, extensions=wanting.extensions)

    def _keep(self, scopes: tuple[str, ...], response: httpx.Response, body: bytes, began: float) -> bool:
        """Keep the token; False when the endpoint refuses these scopes and fewer can be tried."""
        import msgspec

        try:
            data = msgspec.json.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            data = None
        if response.status_code == 200:
            self._token = read_token(data, began)
            # What was granted once is asked for directly the next time.
            self._asked = [scopes]
            return True
        code = data.get("error") if isinstance(data, dict) else None
        if code == "invalid_scope" and scopes and scopes != self._attempts()[-1]:
            return False
        known = f" ({code})" if code in _CODES else ""
        where = httpx.URL(self._token_url).copy_with(query=None, userinfo=b"")
        raise TokenError(
            f"The token endpoint {where} answered {response.status_code}{known}. Check client id, secret, scopes and"
            " whether it wants them in the form (client_auth='body').",
            response.status_code,
            response.headers.get("Retry-After"),
        )

    def _signed(self, request: httpx.Request, token: Token | None) -> httpx.Request:
        if token is None:  # unreachable: a fetch keeps a token or raises
            raise TokenError("No token.")
        request.headers["Authorization"] = f"Bearer {token.value}"
        return request


class _Limited(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that is cut off where no token answer would end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._read = 0
        self._ends = time.monotonic() + _SECONDS

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield self._count(chunk)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield self._count(chunk)

    def _count(self, chunk: bytes) -> bytes:
        self._read += len(chunk)
        if self._read > _LONGEST_ANSWER:
            raise TokenError(f"The token endpoint sent more than {_LONGEST_ANSWER} bytes.")
        if time.monotonic() > self._ends:
            raise TokenError(f"The token endpoint did not end its answer within {_SECONDS:g} seconds.")
        return chunk

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def _limited(response: httpx.Response) -> httpx.Response:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A small compressed answer can unfold to any size; none was asked for.
        raise TokenError("The token endpoint compressed its answer, which was asked for plain.", response.status_code)
    response.stream = _Limited(response.stream)
    return response
