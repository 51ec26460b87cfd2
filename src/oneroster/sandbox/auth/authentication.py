"""Who may do what: the three ways in of OneRoster 1.1, judged side by side (7.1)."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from oneroster.sandbox.auth.oauth1 import SignatureJudge
from oneroster.sandbox.auth.oauth2 import TokenEndpoint, TokenRegistry
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster_v1p1.tables import Operation

REALM: Final = "oneroster-sandbox"
WAYS_IN: Final = frozenset({"bearer", "oauth1", "oauth2"})
"""A static bearer token, requests signed by OAuth 1.0a, tokens granted by OAuth 2."""
Clock = Callable[[], float]
"""Seconds since 1970, as time.time gives them."""


@dataclass(frozen=True, slots=True)
class SandboxCredentials:
    """What opens this tenant. Made up anew for each tenant unless given; nothing secret stands in the repr."""

    client_id: str = "sandbox-client"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller who may come in; `scopes` is None for one who may do everything."""

    scopes: frozenset[str] | None = None

    def may(self, wanted: tuple[str, ...]) -> bool:
        """Whether any one of the wanted scopes was granted; an operation that names none is open to all callers."""
        return self.scopes is None or not wanted or not self.scopes.isdisjoint(wanted)


@dataclass(frozen=True, slots=True)
class Denied:
    """A caller who stays outside.

    `error` is the word of RFC 6750, section 3.1, for the challenge; `schemes` are those that would open the door;
    `cause` says what was wrong with credentials that could be read: expired, timestamp, nonce or signature.
    """

    reason: str
    error: str | None = None
    schemes: tuple[str, ...] = ("Bearer", "OAuth")
    cause: str | None = None

    @property
    def challenge(self) -> str:
        """The value of WWW-Authenticate."""
        error = f', error="{self.error}"' if self.error else ""
        told = {"Bearer": f'Bearer realm="{REALM}"{error}', "OAuth": f'OAuth realm="{REALM}"'}
        return ", ".join(told[scheme] for scheme in self.schemes)


class Authentication:
    """The doorkeeper of one tenant.

    Args:
        credentials: what opens the tenant.
        scopes: all scopes that can be granted.
        token_lifetime: seconds until an issued token expires.
        clock: tells the time; tests give their own.
        ways_in: those of `WAYS_IN` that open this tenant.
    """

    def __init__(
        self,
        credentials: SandboxCredentials,
        scopes: frozenset[str],
        *,
        token_lifetime: int = 3600,
        clock: Clock = time.time,
        ways_in: frozenset[str] = WAYS_IN,
    ) -> None:
        self._ways_in = ways_in
        self._schemes = (
            *(["Bearer"] if ways_in & {"bearer", "oauth2"} else []),
            *(["OAuth"] if "oauth1" in ways_in else []),
        )
        self._token = credentials.token
        self._issued = TokenRegistry(clock)
        self._signatures = SignatureJudge(credentials.client_id, credentials.client_secret, clock)
        self.token_endpoint = TokenEndpoint(
            credentials.client_id, credentials.client_secret, scopes, self._issued, token_lifetime
        )

    @staticmethod
    def scope_challenge(operation: Operation) -> str:
        """The value of WWW-Authenticate for a token whose scopes do not reach (RFC 6750, 3.1)."""
        return f'Bearer realm="{REALM}", error="insufficient_scope", scope="{" ".join(operation.oauth_scopes)}"'

    def examine(self, request: RawRequest) -> Admitted | Denied:
        """Judge the credentials of one request."""
        if not request.has_credentials:
            return self._denied(f"no credentials were sent; known here: {', '.join(self._schemes)}")
        scheme, _, rest = request.authorization.partition(" ")
        if scheme.lower() == "bearer" and "Bearer" in self._schemes:
            return self._bearer(rest.strip())
        if scheme.lower() in ("oauth", "") and "OAuth" in self._schemes:
            return self._signed(request)
        return self._denied(f"this way in is not known here; known are {', '.join(self._schemes)}")

    def serves_tokens(self) -> bool:
        """Whether tokens are granted here by OAuth 2."""
        return "oauth2" in self._ways_in

    def _denied(self, reason: str, error: str | None = None, cause: str | None = None) -> Denied:
        return Denied(reason, error, self._schemes, cause)

    def _bearer(self, token: str) -> Admitted | Denied:
        if "bearer" in self._ways_in and secrets.compare_digest(token.encode(), self._token.encode()):
            return Admitted()
        scopes = self._issued.scopes(token)
        if scopes is not None:
            return Admitted(scopes)
        if self._issued.is_over(token):
            return self._denied("the bearer token has expired; fetch a new one", "invalid_token", "expired")
        return self._denied("the bearer token is not valid", "invalid_token")

    def _signed(self, request: RawRequest) -> Admitted | Denied:
        objection = self._signatures.objection(request.method, request.signed_url, request.headers)
        return Admitted() if objection is None else self._denied(objection.reason, cause=objection.cause)
