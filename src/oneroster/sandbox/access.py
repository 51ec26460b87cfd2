"""Who may do what: the three ways in of OneRoster 1.1, judged side by side (7.1)."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from oneroster.sandbox.arrival import Arrival
from oneroster.sandbox.oauth1 import SignatureJudge
from oneroster.sandbox.oauth2 import TokenEndpoint, TokenRegistry
from oneroster_v1p1.tables import Operation

REALM: Final = "oneroster-sandbox"
Clock = Callable[[], float]
"""Seconds since 1970, as time.time gives them."""


@dataclass(frozen=True, slots=True)
class Credentials:
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
    """A caller who stays outside; `error` is the word of RFC 6750, section 3.1, for the challenge."""

    reason: str
    error: str | None = None

    @property
    def challenge(self) -> str:
        """The value of WWW-Authenticate: both schemes, because both would open the door."""
        error = f', error="{self.error}"' if self.error else ""
        return f'Bearer realm="{REALM}"{error}, OAuth realm="{REALM}"'


class Access:
    """The doorkeeper of one tenant.

    Args:
        credentials: what opens the tenant.
        scopes: all scopes that can be granted.
        token_lifetime: seconds until an issued token expires.
        clock: tells the time; tests give their own.
    """

    def __init__(
        self,
        credentials: Credentials,
        scopes: frozenset[str],
        *,
        token_lifetime: int = 3600,
        clock: Clock = time.time,
    ) -> None:
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

    def examine(self, request: Arrival) -> Admitted | Denied:
        """Judge the credentials of one request."""
        if not request.has_credentials:
            return Denied("no credentials were sent; send a bearer token, or sign the request by OAuth 1.0a")
        scheme, _, rest = request.authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._bearer(rest.strip())
        if scheme.lower() in ("oauth", ""):
            return self._signed(request)
        return Denied("this scheme of Authorization is not known here; Bearer and OAuth are")

    def _bearer(self, token: str) -> Admitted | Denied:
        if secrets.compare_digest(token.encode(), self._token.encode()):
            return Admitted()
        scopes = self._issued.scopes(token)
        if scopes is None:
            return Denied("the bearer token is not valid, or not valid any more", "invalid_token")
        return Admitted(scopes)

    def _signed(self, request: Arrival) -> Admitted | Denied:
        objection = self._signatures.objection(request.method, request.signed_url, request.headers)
        return Admitted() if objection is None else Denied(objection)
