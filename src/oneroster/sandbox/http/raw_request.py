"""An HTTP request before routing and parsing."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RawRequest:
    """One HTTP request.

    Attributes:
        method: The method, in capitals.
        origin: Scheme and host as the caller used them, and the path at which the tenant is mounted; URLs in
            responses begin with it.
        raw_path: The path below it, still percent-encoded.
        query_string: The query without the question mark, still percent-encoded.
        headers: The headers, by lower-case name.
        body: The body, or None if it was too large.
    """

    method: str
    origin: str
    raw_path: bytes
    query_string: bytes
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def url(self) -> str:
        """The URL without the query."""
        return self.origin + self.raw_path.decode("latin-1")

    @property
    def signed_url(self) -> str:
        """The URL with the query, byte for byte as an OAuth 1.0a client has signed it."""
        query = self.query_string.decode("latin-1")
        return f"{self.url}?{query}" if query else self.url

    @property
    def authorization(self) -> str:
        """The Authorization header, or an empty string."""
        return self.headers.get("authorization", "")

    @property
    def has_credentials(self) -> bool:
        """Whether the request has any credentials; OAuth 1.0a may carry them in the query."""
        return bool(self.authorization) or b"oauth_signature=" in self.query_string
