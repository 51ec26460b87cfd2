"""Credentials of the tenant under test: none, a bearer token, OAuth 2 client credentials or OAuth 1.0a.

They use the client's `httpx.Auth` classes. Those send token requests by themselves; here the gateway sends every
request, so that it is paced and logged, and therefore the steps of the authentication flow are run one by one.
Each class can also produce invalid credentials of the same kind, for the rules that expect a 401. No class shows a
secret in its repr.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import httpx

from oneroster.contract.errors import AccessRefusedError
from oneroster.errors import TokenError
from oneroster.settings import option_of, variable_of, where_credentials_come_from
from oneroster.standard import Standard
from oneroster.transport import auth
from oneroster.transport.urls import parsed_url

__all__ = [
    "BearerToken",
    "Credentials",
    "NoCredentials",
    "OAuth1Credentials",
    "OAuth2Credentials",
    "TokenPost",
    "TokenResponse",
]

FORM: Final = "application/x-www-form-urlencoded"
HttpMethod = Literal["GET", "HEAD", "OPTIONS", "TRACE"]
"""The safe methods, which request no change (RFC 9110, 9.2.1)."""
WriteMethod = Literal["PUT", "DELETE", "POST", "PATCH"]
"""The methods that are sent to objects created by the kit, or to made-up ids, if writes are allowed."""
REFUSED: Final = frozenset({400, 401, 403})
"""Statuses with which a token endpoint refuses credentials or scopes."""
BUSY: Final = 429
SERVER_ERROR: Final = 500
_TOKEN_HEADERS: Final = ("Content-Type", "Accept", "Authorization")


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A response of the token endpoint: its status and its body."""

    status: int
    body: bytes = field(repr=False)


TokenPost = Callable[[str, dict[str, str], bytes], TokenResponse]
"""Posts headers and a form to a URL."""


class Credentials(Protocol):
    """One way to authenticate requests."""

    def headers(self, method: HttpMethod | WriteMethod, url: str, post: TokenPost, /) -> dict[str, str]:
        """Return the headers that authenticate a request; may fetch a token with ``post`` first."""

    def renew(self) -> bool:
        """Discard a granted token; return False if no token can be renewed."""

    def invalid(self) -> "Credentials":
        """Return credentials of the same kind that the tenant cannot know."""

    def curl(self) -> str:
        """Return the options of curl that authenticate a request, secrets as environment variables."""


class NoCredentials:
    """No credentials."""

    def headers(self, _method: HttpMethod | WriteMethod, _url: str, _post: TokenPost, /) -> dict[str, str]:
        return {}

    def renew(self) -> bool:
        return False

    def invalid(self) -> Credentials:
        return WrongToken(secrets.token_urlsafe(24))

    def curl(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A static bearer token."""

    token: str = field(repr=False)

    def headers(self, _method: HttpMethod | WriteMethod, _url: str, _post: TokenPost, /) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> bool:
        return False

    def invalid(self) -> Credentials:
        return WrongToken(secrets.token_urlsafe(24))

    def curl(self) -> str:
        return '-H "Authorization: Bearer $ONEROSTER_TOKEN"'


class WrongToken(BearerToken):
    """A random bearer token that was never granted."""

    def curl(self) -> str:
        return '-H "Authorization: Bearer wrong"'


@dataclass(slots=True)
class OAuth1Credentials:
    """OAuth 1.0a without a token.

    Attributes:
        client_id: The consumer key.
        client_secret: The consumer secret.
        signature_method: ``HMAC-SHA256``, as OneRoster requires, or ``HMAC-SHA1``.
    """

    client_id: str
    client_secret: str = field(repr=False)
    signature_method: str = "HMAC-SHA256"

    def headers(self, method: HttpMethod | WriteMethod, url: str, post: TokenPost, /) -> dict[str, str]:
        flow = auth.OAuth1(self.client_id, self.client_secret, url, self.signature_method, version=True)
        return _authenticate(flow, method, url, post)

    def renew(self) -> bool:
        return False

    def invalid(self) -> Credentials:
        return OAuth1Credentials(self.client_id, secrets.token_urlsafe(24), self.signature_method)

    def curl(self) -> str:
        # curl cannot sign requests.
        return f"# sign with OAuth 1.0a {self.signature_method}:"


def _advice_on_no_token(status: int) -> str:
    """Return what to do where a token endpoint answers with a status and without a token."""
    if status in REFUSED:
        return f"check the client id, the client secret and the scopes: {where_credentials_come_from()}"
    if status == BUSY or status >= SERVER_ERROR:
        return "it is busy or fails; try again later"
    return f"check the token URL ({option_of('token_url')}, {variable_of('token_url')})"


@dataclass(slots=True)
class OAuth2Credentials:
    """OAuth 2 client credentials. A server that refuses them by HTTP Basic gets them in the form.

    Attributes:
        token_url: The token endpoint.
        client_id: The client id.
        client_secret: The client secret.
        scopes: The scopes to request; if the server does not know one of them, none is requested.
        in_body: Whether to send id and secret in the form at once, and never by HTTP Basic.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: Sequence[str] = ()
    in_body: bool = False
    _flow: auth.ClientCredentials | None = field(default=None, repr=False)
    _worked_in_body: bool | None = None

    def headers(self, method: HttpMethod | WriteMethod, url: str, post: TokenPost, /) -> dict[str, str]:
        status: int | None = None
        for in_body in self._ways():
            flow = self._flow or auth.ClientCredentials(
                self.client_id, self.client_secret, self.token_url, url, self.scopes, in_body, standard=Standard.of()
            )
            try:
                headers = _authenticate(flow, method, url, post)
            except TokenError as error:
                status = error.status_code or 200
                continue
            self._flow, self._worked_in_body = flow, in_body
            return headers
        raise AccessRefusedError(
            f"the token endpoint {self.token_url} granted no token (HTTP {status}); {_advice_on_no_token(status or 0)}"
        )

    def _ways(self) -> tuple[bool, ...]:
        """Return whether to send id and secret in the form, one attempt after the other."""
        if self._worked_in_body is not None:
            return (self._worked_in_body,)
        return (True,) if self.in_body else (False, True)

    def renew(self) -> bool:
        self._flow = None
        return True

    def invalid(self) -> Credentials:
        return WrongToken(secrets.token_urlsafe(24))

    def curl(self) -> str:
        return '-H "Authorization: Bearer $ONEROSTER_TOKEN"'


def _authenticate(flow: httpx.Auth, method: str, url: str, post: TokenPost) -> dict[str, str]:
    """Return the Authorization header of a request.

    Args:
        flow: The client's authentication.
        method: The method of the request.
        url: The URL of the request.
        post: Sends the token requests of the flow.

    Raises:
        TokenError: No token is granted.
    """
    request = httpx.Request(method, parsed_url(url))
    steps = flow.sync_auth_flow(request)
    step = next(steps)
    while step is not request:
        sent = {name: step.headers[name] for name in _TOKEN_HEADERS if name in step.headers}
        response = post(str(step.url), sent, step.read())
        step = steps.send(httpx.Response(response.status, content=response.body, request=step))
    steps.close()
    return {"Authorization": request.headers["Authorization"]}
