"""Authentication of requests by the three methods of OneRoster (7.1), and the check of scopes."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from oneroster.sandbox.auth.oauth1 import SignatureVerifier
from oneroster.sandbox.auth.oauth2 import OAuth2Server, TokenRegistry
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster_runtime.specification import Operation

REALM: Final = "oneroster-sandbox"
AUTHENTICATION_METHODS: Final = frozenset({"bearer", "oauth1", "oauth2"})
"""A static bearer token, requests signed with OAuth 1.0a, and tokens issued by OAuth 2."""
Clock = Callable[[], float]
"""Returns the seconds since 1970, like time.time."""


@dataclass(frozen=True, slots=True)
class SandboxCredentials:
    """The credentials that a tenant accepts. Secrets are random unless given, and are not in the repr."""

    client_id: str = "sandbox-client"
    client_secret: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)
    token: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The result for a caller with valid credentials; `scopes` is None if they are not limited to scopes."""

    scopes: frozenset[str] | None = None

    def may(self, required: tuple[str, ...]) -> bool:
        """Return whether one of the required scopes was granted; without required scopes every caller may."""
        return self.scopes is None or not required or not self.scopes.isdisjoint(required)


@dataclass(frozen=True, slots=True)
class Denied:
    """The result for a caller without valid credentials.

    Attributes:
        reason: What is wrong, for the status payload.
        error: The error code of RFC 6750, section 3.1, for the challenge.
        schemes: The schemes that the tenant accepts.
        cause: What was wrong with well-formed credentials: expired, timestamp, nonce or signature.
    """

    reason: str
    error: str | None = None
    schemes: tuple[str, ...] = ("Bearer", "OAuth")
    cause: str | None = None

    @property
    def challenge(self) -> str:
        """The value of WWW-Authenticate."""
        error = f', error="{self.error}"' if self.error else ""
        challenges = {"Bearer": f'Bearer realm="{REALM}"{error}', "OAuth": f'OAuth realm="{REALM}"'}
        return ", ".join(challenges[scheme] for scheme in self.schemes)


class Authentication:
    """The authentication of one tenant.

    Args:
        credentials: The credentials that the tenant accepts.
        scopes: All scopes that can be granted.
        token_lifetime: Seconds until an issued token expires.
        clock: Returns the seconds since 1970; tests pass their own.
        methods: Those of `AUTHENTICATION_METHODS` that the tenant accepts.
        one_token: Whether a new token revokes the earlier ones.
    """

    def __init__(
        self,
        credentials: SandboxCredentials,
        scopes: frozenset[str],
        *,
        token_lifetime: int = 3600,
        clock: Clock = time.time,
        methods: frozenset[str] = AUTHENTICATION_METHODS,
        one_token: bool = False,
    ) -> None:
        self._methods = methods
        self._schemes = (
            *(["Bearer"] if methods & {"bearer", "oauth2"} else []),
            *(["OAuth"] if "oauth1" in methods else []),
        )
        self._token = credentials.token
        self._issued = TokenRegistry(clock, one_at_a_time=one_token)
        self._signatures = SignatureVerifier(credentials.client_id, credentials.client_secret, clock)
        self.oauth2_server = OAuth2Server(
            credentials.client_id, credentials.client_secret, scopes, self._issued, token_lifetime
        )

    @staticmethod
    def scope_challenge(operation: Operation) -> str:
        """Return the WWW-Authenticate value for a token without a required scope (RFC 6750, 3.1)."""
        return f'Bearer realm="{REALM}", error="insufficient_scope", scope="{" ".join(operation.oauth_scopes)}"'

    def authenticate(self, request: RawRequest) -> Authenticated | Denied:
        """Check the credentials of one request."""
        if not request.has_credentials:
            return self._denied(f"no credentials were sent; accepted: {', '.join(self._schemes)}")
        scheme, _, rest = request.authorization.partition(" ")
        if scheme.lower() == "bearer" and "Bearer" in self._schemes:
            return self._bearer(rest.strip())
        if scheme.lower() in ("oauth", "") and "OAuth" in self._schemes:
            return self._signed(request)
        return self._denied(f"this authentication scheme is not accepted; accepted: {', '.join(self._schemes)}")

    def issues_tokens(self) -> bool:
        """Return whether the tenant issues tokens by OAuth 2."""
        return "oauth2" in self._methods

    def _denied(self, reason: str, error: str | None = None, cause: str | None = None) -> Denied:
        return Denied(reason, error, self._schemes, cause)

    def _bearer(self, token: str) -> Authenticated | Denied:
        if "bearer" in self._methods and secrets.compare_digest(token.encode(), self._token.encode()):
            return Authenticated()
        scopes = self._issued.scopes(token)
        if scopes is not None:
            return Authenticated(scopes)
        if self._issued.has_expired(token):
            return self._denied("the bearer token has expired; request a new one", "invalid_token", "expired")
        return self._denied("the bearer token is not valid", "invalid_token")

    def _signed(self, request: RawRequest) -> Authenticated | Denied:
        rejection = self._signatures.verify(request.method, request.signed_url, request.headers)
        return Authenticated() if rejection is None else self._denied(rejection.reason, cause=rejection.cause)
