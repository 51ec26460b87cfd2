"""A request as it came over the wire, before anything of it is understood."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RawRequest:
    """One HTTP request.

    Attributes:
        method: as called, in capitals.
        origin: scheme and host by which the caller reached the tenant; addresses in answers begin with it.
        raw_path: still percent-encoded.
        query_string: still percent-encoded, without the question mark.
        headers: looked up by lower-case names.
        body: None when it was larger than a body may be.
    """

    method: str
    origin: str
    raw_path: bytes
    query_string: bytes
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def url(self) -> str:
        """The address called, without the query."""
        return self.origin + self.raw_path.decode("latin-1")

    @property
    def signed_url(self) -> str:
        """The address called, with the query, byte for byte as a client has signed it."""
        query = self.query_string.decode("latin-1")
        return f"{self.url}?{query}" if query else self.url

    @property
    def authorization(self) -> str:
        """The Authorization header, or an empty string."""
        return self.headers.get("authorization", "")

    @property
    def has_credentials(self) -> bool:
        """Whether the caller shows any credentials; OAuth 1.0a may carry them in the query."""
        return bool(self.authorization) or b"oauth_signature=" in self.query_string
