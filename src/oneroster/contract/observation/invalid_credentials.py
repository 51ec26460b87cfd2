"""Credentials that a tenant must refuse: malformed headers, and OAuth 1 signatures that are stale or replayed."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from oauthlib.oauth1 import Client

from oneroster.contract.errors import OtherAuthentication
from oneroster.contract.http.credentials import (
    Credentials,
    HttpMethod,
    NoCredentials,
    OAuth1Credentials,
    TokenPost,
    WriteMethod,
)
from oneroster.contract.observation.observed_tenant import ObservedTenant

__all__ = ["CustomSignature", "RawAuthorization", "require_oauth1"]

NONCE_BYTES: Final = 16


class _InvalidCredentials:
    """Base: invalid credentials cannot be renewed."""

    def renew(self) -> bool:
        return False

    def invalid(self) -> Credentials:
        return NoCredentials()


@dataclass(frozen=True, slots=True)
class RawAuthorization(_InvalidCredentials):
    """An Authorization header that is sent unchanged; it must hold no secret."""

    value: str

    def headers(self, _method: HttpMethod | WriteMethod, _url: str, _post: TokenPost, /) -> dict[str, str]:
        return {"Authorization": self.value}

    def curl(self) -> str:
        return f"-H 'Authorization: {self.value}'"


def new_nonce() -> str:
    """Return a random nonce."""
    return secrets.token_hex(NONCE_BYTES)


@dataclass(frozen=True, slots=True)
class CustomSignature(_InvalidCredentials):
    """An OAuth 1.0a signature with a given timestamp, nonce and signed URL.

    Attributes:
        credentials: The client id and secret, and the signature method.
        timestamp: Unix seconds.
        nonce: The nonce.
        signed_url: Maps the URL of the request to the URL that is signed.
    """

    credentials: OAuth1Credentials
    timestamp: int = field(default_factory=lambda: int(time.time()))
    nonce: str = field(default_factory=new_nonce, repr=False)
    signed_url: Callable[[str], str] = str

    def headers(self, method: HttpMethod | WriteMethod, url: str, _post: TokenPost, /) -> dict[str, str]:
        signer = Client(
            self.credentials.client_id,
            client_secret=self.credentials.client_secret,
            signature_method=self.credentials.signature_method,
            timestamp=str(self.timestamp),
            nonce=self.nonce,
        )
        _, headers, _ = signer.sign(self.signed_url(url), http_method=method)
        return {str(name): str(value) for name, value in headers.items()}

    def curl(self) -> str:
        return self.credentials.curl()


def require_oauth1(tenant: ObservedTenant) -> OAuth1Credentials:
    """Return the tenant's credentials if they are OAuth 1.0a.

    Raises:
        NotJudged: They are of another kind.
    """
    credentials = tenant.gateway.target.access
    if not isinstance(credentials, OAuth1Credentials):
        raise OtherAuthentication("OAuth 1.0a")
    return credentials
