"""The origin of a URL, whether it is on this machine, and URLs as messages and logs may show them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import httpx

from oneroster.url_checks import is_loopback_host

__all__ = ["Origin", "is_loopback", "origin_of", "origins_of", "parsed_url", "redacted"]

Origin = tuple[str, str, int | None]
"""Scheme, host and port."""

_PARSED_URLS: Final = 256
"""URLs that are kept parsed: httpx reads a URL letter by letter, which costs as much as a tenth of a request."""


@lru_cache(_PARSED_URLS)
def parsed_url(url: str) -> httpx.URL:
    """Return a parsed URL; one that is checked, sent and described is parsed once.

    Raises:
        httpx.InvalidURL: The URL cannot be parsed.
    """
    return httpx.URL(url)


def is_loopback(url: httpx.URL | str) -> bool:
    """Return whether a URL names this machine: ``localhost`` or a loopback address."""
    try:
        return is_loopback_host(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False


def origin_of(url: httpx.URL | str) -> Origin:
    """Return scheme, host and port; without an explicit port, the default port of the scheme.

    Raises:
        httpx.InvalidURL: The URL cannot be parsed.
    """
    found = parsed_url(url) if isinstance(url, str) else url
    return found.scheme, found.host, found.port or {"https": 443, "http": 80}.get(found.scheme)


def origins_of(urls: str | Iterable[str]) -> frozenset[Origin]:
    """Return the origins of a base URL, or of several.

    Raises:
        httpx.InvalidURL: A URL cannot be parsed.
    """
    return frozenset(map(origin_of, [urls] if isinstance(urls, str) else urls))


def redacted(url: httpx.URL | str) -> str:
    """Return a URL without user info, query and fragment, which may hold a secret or a child's name."""
    try:
        found = parsed_url(url) if isinstance(url, str) else url
    except httpx.InvalidURL:
        return "an unreadable URL"
    # Put together here, because `copy_with` reads the whole URL again.
    origin = f"{found.scheme}://{found.netloc.decode('ascii')}" if found.scheme else ""
    return origin + found.raw_path.partition(b"?")[0].decode("ascii")
