"""Credentials that are nearly right: a token with more, with less or in another case, a signature of another request.

They hold most of a secret, so they are sent to the tenant only and never shown.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote, unquote, urlsplit

from oauthlib.oauth1 import Client

from oneroster.contract.errors import OtherAuthentication
from oneroster.contract.http.credentials import (
    BearerToken,
    Credentials,
    HttpMethod,
    NoCredentials,
    OAuth1Credentials,
    OAuth2Credentials,
    TokenPost,
    WriteMethod,
)
from oneroster.contract.observation.observed_tenant import ObservedTenant

__all__ = ["NearSignature", "NearToken", "near_secrets", "near_signatures", "near_tokens", "token_in_use"]

ADDED: Final = "x"
INJECTED: Final = "x' OR '1'='1"
LONG: Final = 12
CHANGED: Final = 4
"""Characters that are changed at the end of a secret longer than `LONG`."""
SHORTEST: Final = 4
"""Characters that a secret needs, so that a part of it is still unlikely to be another client's."""


@dataclass(frozen=True, slots=True)
class NearToken:
    """A bearer token that differs from the tenant's own by a little.

    Attributes:
        token: The token that is sent.
        what: How it differs, for messages.
        scheme: The word before it.
    """

    token: str = field(repr=False)
    what: str
    scheme: str = "Bearer"

    def headers(self, _method: HttpMethod | WriteMethod, _url: str, _post: TokenPost, /) -> dict[str, str]:
        return {"Authorization": f"{self.scheme} {self.token}"}

    def renew(self) -> bool:
        return False

    def invalid(self) -> Credentials:
        return NoCredentials()

    def curl(self) -> str:
        return f"# the token in $ONEROSTER_TOKEN, but {self.what}:"


@dataclass(frozen=True, slots=True)
class NearSignature:
    """An OAuth 1.0a signature that is right for another request, or made with nearly the right key.

    Attributes:
        credentials: The client id and secret that sign.
        what: How it differs, for messages.
        signed_method: The method that is signed; that of the request if None.
        signed_url: Maps the URL of the request to the URL that is signed.
        changed_header: Maps the Authorization header to the one that is sent.
    """

    credentials: OAuth1Credentials
    what: str
    signed_method: Literal["POST"] | None = None
    signed_url: Callable[[str], str] = str
    changed_header: Callable[[str], str] = str

    def headers(self, method: HttpMethod | WriteMethod, url: str, _post: TokenPost, /) -> dict[str, str]:
        known = self.credentials
        signer = Client(known.client_id, client_secret=known.client_secret, signature_method=known.signature_method)
        _, headers, _ = signer.sign(self.signed_url(url), http_method=self.signed_method or method)
        return {str(name): self.changed_header(str(value)) for name, value in headers.items()}

    def renew(self) -> bool:
        return False

    def invalid(self) -> Credentials:
        return NoCredentials()

    def curl(self) -> str:
        return self.credentials.curl()


def variations(text: str) -> Iterator[tuple[str, str]]:
    """Yield tokens that differ from the right one in one place each: at the end, at the beginning, in case."""
    yield text + ADDED, "with one character more"
    yield from _shorter_or_other(text)


def _shorter_or_other(text: str) -> Iterator[tuple[str, str]]:
    if len(text) > SHORTEST:
        yield text[:-1], "with one character less"
        # Servers that compare the last characters, or the length, accept this one only.
        yield _other_than(text[0]) + text[1:], "with another first character"
    if len(text) > LONG:
        # More than one, because the last character of base64 has bits that mean nothing.
        yield text[:-CHANGED] + "".join(map(_other_than, text[-CHANGED:])), "with another end"
    if text.swapcase() != text:
        yield text.swapcase(), "in the other case of its letters"


def _other_than(character: str) -> str:
    return "b" if character.lower() == "a" else "a"


def token_in_use(tenant: ObservedTenant) -> str:
    """Return the bearer token of the run, static or granted; a new one if that has expired.

    Raises:
        OtherAuthentication: The tenant is not accessed with a bearer token.
    """
    access = tenant.gateway.target.access
    if isinstance(access, BearerToken):
        return access.token
    if isinstance(access, OAuth2Credentials):
        header = tenant.gateway.authentication().get("Authorization", "")
        return header.removeprefix("Bearer ")
    raise OtherAuthentication("a bearer token")


def near_tokens(tenant: ObservedTenant) -> list[NearToken]:
    """Return tokens that differ from that of the run by a little; see `token_in_use` for the errors."""
    return [NearToken(text, what) for text, what in variations(token_in_use(tenant))]


def near_secrets(secret: str) -> list[tuple[str, str]]:
    """Return client secrets that differ from the right one by a little, an empty one and an injected condition."""
    # A blank is a character like any other (RFC 6749, A.2): servers that compare the beginning take it, and those
    # that trim.
    return [
        (secret + " ", "with a blank behind it"),
        *_shorter_or_other(secret),
        ("", "that is empty"),
        (INJECTED, "with an injected condition"),
    ]


def near_signatures(credentials: OAuth1Credentials) -> list[NearSignature]:
    """Return signatures that differ from a right one by a little."""
    client_id, secret, method = credentials.client_id, credentials.client_secret, credentials.signature_method
    return [
        NearSignature(credentials, "of another path", signed_url=_sibling),
        NearSignature(credentials, "of another method", signed_method="POST"),
        NearSignature(OAuth1Credentials(client_id + ADDED, secret, method), "of another client id"),
        *(
            NearSignature(OAuth1Credentials(client_id.swapcase(), secret, method), "of the client id in the other case")
            for _ in range(client_id.swapcase() != client_id)
        ),
        NearSignature(OAuth1Credentials(client_id, secret + ADDED, method), "by a secret with one character more"),
        NearSignature(credentials, "that is left out", changed_header=_without_signature),
        NearSignature(credentials, "that is empty", changed_header=_with_empty_signature),
        NearSignature(credentials, "in the other case of its letters", changed_header=_with_signature_in_other_case),
        NearSignature(OAuth1Credentials(client_id, "", "PLAINTEXT"), "by the method PLAINTEXT without the secret"),
    ]


def _without_signature(header: str) -> str:
    """Return an Authorization header without its oauth_signature."""
    return re.sub(r',?\s*oauth_signature="[^"]*"', "", header)


def _with_empty_signature(header: str) -> str:
    """Return an Authorization header whose oauth_signature has no value."""
    return re.sub(r'oauth_signature="[^"]*"', 'oauth_signature=""', header)


def _with_signature_in_other_case(header: str) -> str:
    """Return an Authorization header whose oauth_signature has its letters in the other case."""
    return re.sub(r'(?<=oauth_signature=")[^"]*', lambda found: quote(unquote(found[0]).swapcase(), safe=""), header)


def _sibling(url: str) -> str:
    """Return another URL of the same server, with the same query."""
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rpartition("/")[0] + "/oneroster-check-nowhere").geturl()
