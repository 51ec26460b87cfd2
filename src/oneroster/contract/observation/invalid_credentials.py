"""Ways into a tenant that should not open it: credentials that are malformed, signatures that are stale or used."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.credentials import Access, HttpMethod, Nobody, OAuth1, TokenPost, WriteMethod
from oneroster.contract.observation.tenant import Tenant

__all__ = ["AsWritten", "Signature", "signing_client"]

NONCE_LENGTH: Final = 16
"""Bytes."""


class _Closed:
    """What all of them have in common: there is nothing to renew, and nothing more wrong than they are."""

    def renew(self) -> bool:
        return False

    def wrong(self) -> Access:
        return Nobody()


@dataclass(frozen=True, slots=True)
class AsWritten(_Closed):
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
class Signature(_Closed):
    """OAuth 1.0a with the timestamp (Unix seconds), the nonce and the signed URL of one's choice."""

    way: OAuth1
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


def signing_client(tenant: Tenant) -> OAuth1:
    """The way in, when it is OAuth 1.0a.

    Raises ``NotExercised`` otherwise.
    """
    way = tenant.gateway.target.access
    if not isinstance(way, OAuth1):
        raise NotExercised("the tenant is not entered by OAuth 1.0a")
    return way
