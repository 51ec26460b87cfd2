"""OAuth 2.0 client credentials: the token endpoint, based on oauthlib, and its issued tokens (7.4)."""

# ruff: noqa: ARG002  # oauthlib defines the signatures of these methods

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

from oauthlib.oauth2 import BackendApplicationServer, InvalidRequestError, OAuth2Error, RequestValidator

from oneroster.sandbox.http.responses import JSON, Reply

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105  # a path, not a secret


class _IssuedToken(NamedTuple):
    expires: float
    removed: float
    scopes: frozenset[str]


class TokenRegistry:
    """Issued tokens with their scopes and expiry times.

    An expired token is kept for another lifetime, so that the response can say that it has expired.

    Args:
        clock: Returns the seconds since 1970.
        one_at_a_time: Whether a new token revokes the earlier ones.
    """

    def __init__(self, clock: Callable[[], float], *, one_at_a_time: bool = False) -> None:
        self._clock = clock
        self._one_at_a_time = one_at_a_time
        self._tokens: dict[str, _IssuedToken] = {}

    def add(self, token: str, scopes: frozenset[str], seconds: int) -> None:
        """Register a token that is valid for a number of seconds from now."""
        now = self._clock()
        kept = {} if self._one_at_a_time else self._tokens
        self._tokens = {known: entry for known, entry in kept.items() if entry.removed > now}
        self._tokens[token] = _IssuedToken(now + seconds, now + 2 * seconds, scopes)

    def scopes(self, token: str) -> frozenset[str] | None:
        """Return the scopes of a token, or None if it was not issued or has expired."""
        known = self._tokens.get(token)
        return known.scopes if known is not None and known.expires > self._clock() else None

    def has_expired(self, token: str) -> bool:
        """Return whether a token was issued and has expired."""
        return token in self._tokens and self.scopes(token) is None


class OAuth2Server:
    """The token endpoint, which follows RFC 6749, sections 4.4 and 5.

    Args:
        client_id: The id of the only client.
        client_secret: The secret of this client.
        scopes: The scopes that can be granted; a request without scopes gets all of them.
        registry: Receives the issued tokens.
        lifetime: Seconds until a token expires.
    """

    def __init__(
        self, client_id: str, client_secret: str, scopes: frozenset[str], registry: TokenRegistry, lifetime: int
    ) -> None:
        validator = _Validator(client_id, client_secret, scopes, registry)
        self._server = BackendApplicationServer(validator, token_expires_in=lifetime)

    def token_reply(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the reply to a POST: a token, or an error as JSON."""
        try:
            issued_headers, content, status = self._server.create_token_response(
                url, "POST", body.decode("utf-8", "replace"), dict(headers)
            )
        except OAuth2Error as error:
            issued_headers, content, status = _error(error)
        except ValueError:
            # oauthlib could not parse the body as a form, or the query of the URL.
            issued_headers, content, status = _error(InvalidRequestError("the request is not form-urlencoded"))
        reply_headers = {**issued_headers, "Pragma": "no-cache"}
        if status == 401:
            # RFC 6749, 5.2: the challenge names the authentication scheme of the client.
            reply_headers["WWW-Authenticate"] = 'Basic realm="oneroster-sandbox"'
        return Reply(status, content.encode(), {k: v for k, v in reply_headers.items() if k != "Content-Type"}, JSON)


def _error(error: OAuth2Error) -> tuple[Mapping[str, str], str, int]:
    return error.headers, error.json, error.status_code


class _Validator(RequestValidator):
    """The answers to the questions of oauthlib about the only client of the tenant."""

    def __init__(self, client_id: str, client_secret: str, scopes: frozenset[str], registry: TokenRegistry) -> None:
        super().__init__()
        self._client_id = client_id
        self._client_secret = client_secret
        self._scopes = scopes
        self._registry = registry

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        return True

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        by_header = _basic(request.headers.get("authorization", ""))
        by_body = (request.client_id, request.client_secret) if request.client_secret else None
        if by_header and by_body:
            raise InvalidRequestError("the client authenticates both by header and by body", request=request)
        client_id, secret = by_header or by_body or ("", "")
        known = secrets.compare_digest((client_id or "").encode(), self._client_id.encode())
        if not (secrets.compare_digest(secret.encode(), self._client_secret.encode()) and known):
            return False
        request.client = _Client(client_id)
        return True

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return sorted(self._scopes)

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return self._scopes.issuperset(scopes)

    def save_bearer_token(self, token: Mapping[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        self._registry.add(token["access_token"], frozenset(token["scope"].split()), token["expires_in"])


class _Client:
    """The object with a client id that oauthlib expects."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id


def _basic(header: str) -> tuple[str, str] | None:
    """Return id and secret of a Basic header, each form-decoded (RFC 6749, 2.3.1), or None without such a header."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
