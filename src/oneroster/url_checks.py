"""What URLs may be: those of a tenant or a token endpoint, and those of servers on this machine."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

__all__ = ["is_http_url", "is_loopback_host", "sends_in_clear"]

_LONGEST_HOST: Final = 254
_LONGEST_LABEL: Final = 63
"""Characters of a host, with a dot at its end, and of each part of it (RFC 1035)."""


def is_http_url(text: str) -> bool:
    """Return whether a text is an http or https URL with a host, without user info."""
    import httpx

    try:
        parts, url = urlsplit(text), httpx.URL(text)
        # The host is decoded when it is read, and may then turn out to be none.
        labels = (url.raw_host if url.host else b"").removesuffix(b".").split(b".")
        # The URL of a token endpoint may have a query (7.4: its path is chosen by the vendor).
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and parts.port != 0
            and sum(map(len, labels)) + len(labels) <= _LONGEST_HOST
            and max(map(len, labels)) <= _LONGEST_LABEL
            and not any(letter.isspace() for letter in text)
        )
    except (ValueError, httpx.InvalidURL):
        return False


def is_loopback_host(host: str) -> bool:
    """Return whether a host is this machine: ``localhost`` or a loopback address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def sends_in_clear(url: str) -> bool:
    """Return whether requests to a URL cross a network without encryption."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback_host(parts.hostname or "")
