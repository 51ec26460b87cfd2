"""What URLs may be: those of a tenant or a token endpoint, and those of servers on this machine."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

__all__ = ["http_url_problem", "is_http_url", "is_loopback_host", "sends_in_clear"]

_LONGEST_HOST: Final = 254
_LONGEST_LABEL: Final = 63
"""Characters of a host, with a dot at its end, and of each part of it (RFC 1035)."""


def is_http_url(text: str) -> bool:
    """Return whether a text is an http or https URL with a host, without user info."""
    return not http_url_problem(text)


def http_url_problem(text: str) -> str:
    """Return why a text is not an http or https URL with a host and without user info; empty if it is one.

    The URL itself is left out, because it may hold a password.
    """
    import httpx

    if any(letter.isspace() for letter in text):
        return "it has a space"
    try:
        parts, url = urlsplit(text), httpx.URL(text)
        if parts.scheme not in ("http", "https"):
            return "it does not begin with https:// or http://"
        if "@" in parts.netloc:
            return "it has user info"
        # The host is decoded when it is read, and may then turn out to be none.
        labels = (url.raw_host if url.host else b"").removesuffix(b".").split(b".")
        longest = max(map(len, labels)) > _LONGEST_LABEL or sum(map(len, labels)) + len(labels) > _LONGEST_HOST
        if not parts.hostname or not any(labels) or longest:
            return "its host is missing or too long"
        # The URL of a token endpoint may have a query (7.4: its path is chosen by the vendor).
        return "" if parts.port != 0 else "its port is not one"
    except (ValueError, httpx.InvalidURL):
        return "its host or its port is not one"


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
