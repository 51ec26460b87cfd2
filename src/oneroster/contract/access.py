"""The ways into a tenant: none, a bearer token, OAuth 2 client credentials, OAuth 1.0a.

Each way also knows its wrong twin, for the rules that knock with credentials that cannot be right. No object here
shows a secret in its repr.
"""

import base64
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote_plus, urlencode

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from oneroster.contract.errors import AccessRefusedError

__all__ = ["Access", "BearerToken", "ClientCredentials", "Nobody", "OAuth1", "TokenAnswer", "TokenPost"]

FORM: Final = "application/x-www-form-urlencoded"
HttpMethod = Literal["GET", "HEAD", "OPTIONS", "TRACE"]
"""What the kit sends to a tenant: safe methods, which ask for no change (RFC 9110, 9.2.1)."""
WriteMethod = Literal["PUT", "DELETE"]
"""What it sends to objects of its own making, where writes are allowed."""
EARLY_SECONDS: Final = 20.0
"""A token is renewed this long before it expires, so that none expires on its way."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint said: the HTTP status and the members of its JSON object (empty if it is none)."""

    status: int
    members: dict[str, Any] = field(repr=False)


TokenPost = Callable[[str, dict[str, str], bytes], TokenAnswer]
"""Posts headers and a form to a URL; the gateway's only way to send a POST."""


class Access(Protocol):
    """One way into the tenant."""

    def headers(self, method: HttpMethod | WriteMethod, url: str, post: TokenPost, /) -> dict[str, str]:
        """The headers that authorise this request; may fetch a token by ``post`` first."""

    def renew(self) -> bool:
        """Forget what was granted, if it can be granted anew; False when a second attempt is pointless."""

    def wrong(self) -> "Access":
        """The same way in with credentials that the tenant cannot know."""

    def curl(self) -> str:
        """The options with which curl would authorise itself, secrets as references to the environment."""


class Nobody:
    """No credentials at all."""

    def headers(self, _method: HttpMethod | WriteMethod, _url: str, _post: TokenPost, /) -> dict[str, str]:
        return {}

    def renew(self) -> bool:
        return False

    def wrong(self) -> Access:
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

    def wrong(self) -> Access:
        return WrongToken(secrets.token_urlsafe(24))

    def curl(self) -> str:
        return '-H "Authorization: Bearer $ONEROSTER_TOKEN"'


class WrongToken(BearerToken):
    """A bearer token that nobody was ever given."""

    def curl(self) -> str:
        return '-H "Authorization: Bearer wrong"'


@dataclass(slots=True)
class OAuth1:
    """OAuth 1.0a without a token, HMAC-SHA256 (OneRoster 1.1, message signing)."""

    client_id: str
    client_secret: str = field(repr=False)

    def headers(self, method: HttpMethod | WriteMethod, url: str, _post: TokenPost, /) -> dict[str, str]:
        signer = Client(self.client_id, client_secret=self.client_secret, signature_method=SIGNATURE_HMAC_SHA256)
        _, headers, _ = signer.sign(url, http_method=method)
        return {str(name): str(value) for name, value in headers.items()}

    def renew(self) -> bool:
        return False

    def wrong(self) -> Access:
        return OAuth1(self.client_id, secrets.token_urlsafe(24))

    def curl(self) -> str:
        # curl cannot sign; the reader needs a client that does.
        return "# sign with OAuth 1.0a HMAC-SHA256:"


@dataclass(slots=True)
class ClientCredentials:
    """OAuth 2 client credentials: by Basic first, in the form body for servers that want them there.

    ``scopes`` are asked for; a server that does not know one of them is asked again without any.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: Sequence[str] = ()
    _token: str | None = field(default=None, repr=False)
    _until: float = 0.0

    def headers(self, _method: HttpMethod | WriteMethod, _url: str, post: TokenPost, /) -> dict[str, str]:
        if self._token is None or time.monotonic() >= self._until:
            self._fetch(post)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        self._token = None
        return True

    def wrong(self) -> Access:
        return WrongToken(secrets.token_urlsafe(24))

    def curl(self) -> str:
        return '-H "Authorization: Bearer $ONEROSTER_TOKEN"'

    def _fetch(self, post: TokenPost) -> None:
        answer = TokenAnswer(0, {})
        for in_body in (False, True):
            for scopes in dict.fromkeys((" ".join(self.scopes), "")):
                answer = self._ask(post, scopes, in_body=in_body)
                if answer.status == 200 and isinstance(answer.members.get("access_token"), str):
                    self._keep(answer.members)
                    return
                if answer.members.get("error") != "invalid_scope":
                    break
        raise AccessRefusedError(
            f"the token endpoint {self.token_url} granted no token (HTTP {answer.status}); "
            "check the client id, the client secret and the token URL"
        )

    def _ask(self, post: TokenPost, scopes: str, *, in_body: bool) -> TokenAnswer:
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": FORM, "Accept": "application/json"}
        if scopes:
            form["scope"] = scopes
        if in_body:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:
            # RFC 6749 2.3.1 encodes both halves as form values before Basic joins them.
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return post(self.token_url, headers, urlencode(form).encode())

    def _keep(self, granted: dict[str, Any]) -> None:
        self._token = granted["access_token"]
        expires_in = str(granted.get("expires_in"))
        # Some servers send the seconds as a string, some not at all; a token then lives until a 401 says otherwise.
        seconds = float(expires_in) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", expires_in) else float("inf")
        self._until = time.monotonic() + max(seconds - EARLY_SECONDS, seconds / 2)
