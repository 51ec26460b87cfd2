"""The origin of a URL, and URLs as messages and logs may show them."""

import httpx

__all__ = ["origin_of", "redacted"]


def origin_of(url: httpx.URL | str) -> tuple[str, str, int | None]:
    """Return scheme, host and port; without an explicit port, the default port of the scheme.

    Raises:
        httpx.InvalidURL: The URL cannot be parsed.
    """
    found = httpx.URL(url)
    return found.scheme, found.host, found.port or {"https": 443, "http": 80}.get(found.scheme)


def redacted(url: httpx.URL | str) -> str:
    """Return a URL without user info, query and fragment, which may hold a secret or a child's name."""
    try:
        return str(httpx.URL(url).copy_with(query=None, fragment=None, userinfo=b""))
    except httpx.InvalidURL:
        return "an unreadable URL"
