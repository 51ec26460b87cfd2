"""What can go wrong between a request and its whole answer, told without a secret.

The errors of httpx repeat what was sent and what came: a token with a line end in it, a Location header that names a
child. So they are put in words of our own, and are not chained: a printed cause would show what the message hides.
"""

from typing import Final

import httpx

from oneroster.errors import OneRosterError, TransportError

__all__ = ["FAILURES", "bare", "is_passing", "no_answer"]

FAILURES: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    OSError,
    RuntimeError,  # also httpx.StreamError; a closed client, a closed event loop
    ValueError,  # also UnicodeError: a header or a host name that cannot be encoded
)
"""All that sending raises beside our own errors."""

_PASSING: Final = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError, httpx.DecodingError)

_ADVICE: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (httpx.ConnectTimeout, "nobody took the connection in time; check base_url and the way to it"),
    (httpx.TimeoutException, "the server fell silent; Limits.silence says for how long it may"),
    (httpx.ProxyError, "the proxy refused; check HTTPS_PROXY and NO_PROXY"),
    (httpx.UnsupportedProtocol, "only http and https are spoken"),
    (httpx.DecodingError, "the body is not in the coding that it declares"),
    (httpx.RemoteProtocolError, "the server broke off, or does not speak HTTP"),
    (
        (httpx.LocalProtocolError, UnicodeError),
        "the request is no lawful HTTP; look for line ends and odd signs in host, token and client id",
    ),
    (httpx.InvalidURL, "an address cannot be read as a URL"),
    (RuntimeError, "the client was closed meanwhile, or is used in another event loop than at first"),
)


def is_passing(error: Exception) -> bool:
    """Whether the same request may succeed in a moment."""
    return isinstance(error, _PASSING)


def no_answer(method: str, url: str, sent: int, error: Exception) -> OneRosterError:
    """The error to raise for a request without a whole answer.

    Args:
        method: The HTTP method.
        url: The URL; its query is left out.
        sent: How often it was sent.
        error: One of `FAILURES`, or our own error, which stays as it is.
    """
    if isinstance(error, OneRosterError):
        return error
    times = "once" if sent == 1 else f"{sent} times"
    through = _token_endpoint(error)
    return TransportError(
        f"{method} {bare(url)} was sent {times} and brought no whole answer{through}: {_words(error)}"
        f" ({type(error).__name__})."
    )


def bare(url: httpx.URL | str) -> str:
    """A URL without user, query and fragment."""
    try:
        return str(httpx.URL(url).copy_with(query=None, fragment=None, userinfo=b""))
    except httpx.InvalidURL:
        return "an unreadable URL"


def _words(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        # Here speak the operating system and the TLS library, who know neither the request nor an answer.
        return f"no connection: {error}"
    return next((words for kinds, words in _ADVICE if isinstance(error, kinds)), "the connection broke")


def _token_endpoint(error: Exception) -> str:
    if not isinstance(error, httpx.HTTPError):
        return ""
    try:
        request = error.request
    except RuntimeError:  # how httpx says that it has none
        return ""
    # Of all that the session sends, only the token request is a POST.
    return f", as the token endpoint {bare(request.url)} failed" if request.method == "POST" else ""
