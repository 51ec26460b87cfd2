"""The ways into a tenant: none, a bearer token, OAuth 2 client credentials, OAuth 1.0a; the client's own, step by step.

The client's ways send their token requests themselves; here every request leaves through the gateway, so that it is
paced, bounded and logged. That is why the steps of ``httpx.Auth`` are taken one by one.
Each way also knows its wrong twin, for the rules that knock with credentials that cannot be right. No object here
shows a secret in its repr.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import httpx

from oneroster.contract.errors import AccessRefusedError
from oneroster.errors import TokenError
from oneroster.standard import Standard
from oneroster.transport import auth

__all__ = ["BearerToken", "Credentials", "Nobody", "OAuth1Credentials", "OAuth2Credentials", "TokenAnswer", "TokenPost"]

FORM: Final = "application/x-www-form-urlencoded"
HttpMethod = Literal["GET", "HEAD", "OPTIONS", "TRACE"]
"""What the kit sends to a tenant: safe methods, which ask for no change (RFC 9110, 9.2.1)."""
WriteMethod = Literal["PUT", "DELETE"]
"""What it sends to objects of its own making, where writes are allowed."""
_TOKEN_HEADERS: Final = ("Content-Type", "Accept", "Authorization")


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint said: the HTTP status and the members of its JSON object (empty if it is none)."""

    status: int
    members: dict[str, Any] = field(repr=False)


TokenPost = Callable[[str, dict[str, str], bytes], TokenAnswer]
"""Posts headers and a form to a URL; the gateway's only way to send a POST."""


class Credentials(Protocol):
    """One way into the tenant."""

    def headers(self, method: HttpMethod | WriteMethod, url: str, post: TokenPost, /) -> dict[str, str]:
        """The headers that authorise this request; may fetch a token by ``post`` first."""

    def renew(self) -> bool:
        """Forget what was granted, if it can be granted anew; False when a second attempt is pointless."""

    def wrong(self) -> "Credentials":
        """The same way in with credentials that the tenant cannot know."""

    def curl(self) -> str:
        """The options with which curl would authorise itself, secrets as references to the environment."""


class Nobody:
    """No credentials at all."""

    def headers(self, _method: HttpMethod | WriteMethod, _url: str, _post: TokenPost, /) -> dict[str, str]:
        return {}

    def renew(self) -> bool:
        return False

    def wrong(self) -> Credentials:
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

    def wrong(self) -> Credentials:
        return WrongToken(secrets.token_urlsafe(24))

    def curl(self) -> str:
        return '-H "Authorization: Bearer $ONEROSTER_TOKEN"'


class WrongToken(BearerToken):
    """A bearer token that nobody was ever given."""

    def curl(self) -> str:
        return '-H "Authorization: Bearer wrong"'


@dataclass(slots=True)
class OAuth1Credentials:
    """OAuth 1.0a without a token, HMAC-SHA256 (OneRoster 1.1, message signing)."""

    client_id: str
    client_secret: str = field(repr=False)

    def headers(self, method: HttpMethod | WriteMethod, url: str, post: TokenPost, /) -> dict[str, str]:
        return _authorised(auth.OAuth1(self.client_id, self.client_secret, url, version=True), method, url, post)

    def renew(self) -> bool:
        return False

    def wrong(self) -> Credentials:
        return OAuth1Credentials(self.client_id, secrets.token_urlsafe(24))

    def curl(self) -> str:
        # curl cannot sign; the reader needs a client that does.
        return "# sign with OAuth 1.0a HMAC-SHA256:"


@dataclass(slots=True)
class OAuth2Credentials:
    """OAuth 2 client credentials: by Basic first, in the form body for servers that want them there.

    ``scopes`` are asked for; a server that does not know one of them is asked again without any.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: Sequence[str] = ()
    _way: auth.ClientCredentials | None = field(default=None, repr=False)
    _in_body: bool | None = None

    def headers(self, method: HttpMethod | WriteMethod, url: str, post: TokenPost, /) -> dict[str, str]:
        status: int | None = None
        for in_body in (False, True) if self._in_body is None else (self._in_body,):
            way = self._way or auth.ClientCredentials(
                self.client_id, self.client_secret, self.token_url, url, self.scopes, in_body, standard=Standard.of()
            )
            try:
                headers = _authorised(way, method, url, post)
            except TokenError as error:
                status = error.status_code or 200
                continue
            self._way, self._in_body = way, in_body
            return headers
        raise AccessRefusedError(
            f"the token endpoint {self.token_url} granted no token (HTTP {status}); "
            "check the client id, the client secret and the token URL"
        )

    def renew(self) -> bool:
        self._way = None
        return True

    def wrong(self) -> Credentials:
        return WrongToken(secrets.token_urlsafe(24))

    def curl(self) -> str:
        return '-H "Authorization: Bearer $ONEROSTER_TOKEN"'


def _authorised(way: httpx.Auth, method: str, url: str, post: TokenPost) -> dict[str, str]:
    """The Authorization that a way of the client gives to a request; what it asks for first is sent by ``post``.

    Raises ``TokenError`` when no token is granted.
    """
    request = httpx.Request(method, url)
    steps = way.sync_auth_flow(request)
    step = next(steps)
    while step is not request:
        sent = {name: step.headers[name] for name in _TOKEN_HEADERS if name in step.headers}
        answer = post(str(step.url), sent, step.read())
        step = steps.send(httpx.Response(answer.status, json=answer.members, request=step))
    steps.close()
    return {"Authorization": request.headers["Authorization"]}
