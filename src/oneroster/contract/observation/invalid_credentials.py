"""Ways into a tenant that should not open it: credentials that are malformed, signatures that are stale or used."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.credentials import (
    Credentials,
    HttpMethod,
    Nobody,
    OAuth1Credentials,
    TokenPost,
    WriteMethod,
)
from oneroster.contract.observation.tenant import ObservedTenant

__all__ = ["RawAuthorization", "Signature", "signing_client"]

NONCE_LENGTH: Final = 16
"""Bytes."""


class _InvalidCredentials:
    """What all of them have in common: there is nothing to renew, and nothing more wrong than they are."""

    def renew(self) -> bool:
        return False

    def wrong(self) -> Credentials:
        return Nobody()


@dataclass(frozen=True, slots=True)
class RawAuthorization(_InvalidCredentials):
    """An Authorization header that is sent as it stands; it holds no secret."""

    value: str

    def headers(self, _method: HttpMethod | WriteMethod, _url: str, _post: TokenPost, /) -> dict[str, str]:
        return {"Authorization": self.value}

    def curl(self) -> str:
        return f"-H 'Authorization: {self.value}'"


def new_nonce() -> str:
    """A nonce that was never used."""
    return secrets.token_hex(NONCE_LENGTH)


@dataclass(frozen=True, slots=True)
class Signature(_InvalidCredentials):
    """OAuth 1.0a with the timestamp (Unix seconds), the nonce and the signed URL of one's choice."""

    way: OAuth1Credentials
    timestamp: int = field(default_factory=lambda: int(time.time()))
    nonce: str = field(default_factory=new_nonce, repr=False)
    signed_url: Callable[[str], str] = str

    def headers(self, method: HttpMethod | WriteMethod, url: str, _post: TokenPost, /) -> dict[str, str]:
        signer = Client(
            self.way.client_id,
            client_secret=self.way.client_secret,
            signature_method=getattr(self.way, "method", SIGNATURE_HMAC_SHA256),
            timestamp=str(self.timestamp),
            nonce=self.nonce,
        )
        _, headers, _ = signer.sign(self.signed_url(url), http_method=method)
        return {str(name): str(value) for name, value in headers.items()}

    def curl(self) -> str:
        return self.way.curl()


def signing_client(tenant: ObservedTenant) -> OAuth1Credentials:
    """The way in, when it is OAuth 1.0a.

    Raises ``NotExercised`` otherwise.
    """
    way = tenant.gateway.target.access
    if not isinstance(way, OAuth1Credentials):
        raise NotExercised("the tenant is not entered by OAuth 1.0a")
    return way
