"""Conversion of httpx errors into ours, without secrets.

The messages of httpx repeat what was sent and received: a token with a line break in it, a Location header with a
child's name. So our errors have texts of their own, and the original is not chained: a traceback would show it.
"""

from typing import Final

import httpx

from oneroster.errors import OneRosterError, TransportError
from oneroster.transport.tls import describe_tls_failure, tls_failure
from oneroster.transport.urls import redacted

__all__ = ["SEND_ERRORS", "describe", "is_transient", "transport_error"]

SEND_ERRORS: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    OSError,
    RuntimeError,  # includes httpx.StreamError, a closed client, and a closed event loop
    ValueError,  # includes UnicodeError: a header or a host name that cannot be encoded
)
"""Every error that sending a request can raise, apart from our own."""

_TRANSIENT: Final = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError, httpx.DecodingError)

_DESCRIPTIONS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (httpx.ConnectTimeout, "the connection timed out; check base_url and the network"),
    (httpx.TimeoutException, "the server stopped sending; ResponseLimits.read_timeout sets how long to wait"),
    (httpx.ProxyError, "the proxy refused the connection; check HTTPS_PROXY and NO_PROXY"),
    (httpx.UnsupportedProtocol, "only http and https are supported"),
    (httpx.DecodingError, "the body is not in the declared Content-Encoding"),
    (httpx.RemoteProtocolError, "the server closed the connection early, or does not speak HTTP"),
    (
        (httpx.LocalProtocolError, UnicodeError),
        "the request is not valid HTTP; check host, token and client id for line breaks and unusual characters",
    ),
    (httpx.InvalidURL, "a URL is invalid"),
    (RuntimeError, "the client was closed, or is used in a second event loop"),
)


def is_transient(error: Exception) -> bool:
    """Return whether the same request may succeed if it is sent again."""
    return isinstance(error, _TRANSIENT) and tls_failure(error) is None


def transport_error(method: str, url: str, sent: int, error: Exception) -> OneRosterError:
    """Return the error to raise for a request without a complete response.

    Args:
        method: The HTTP method.
        url: The URL; the message shows it without its query.
        sent: The number of attempts.
        error: One of `SEND_ERRORS`, or an error of ours, which is returned unchanged.
    """
    if isinstance(error, OneRosterError):
        return error
    times = "once" if sent == 1 else f"{sent} times"
    found = TransportError(
        f"{method} {redacted(url)} was sent {times} without a complete response{_token_endpoint(error)}:"
        f" {describe(error)} ({type(error).__name__})."
    )
    found.permanent = tls_failure(error) is not None
    return found


def describe(error: Exception) -> str:
    """Return what happened, without anything that was sent or received; a proxy is named."""
    notes = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
    if (failure := tls_failure(error)) is not None:
        return f"no connection{notes}: {describe_tls_failure(failure)}"
    if isinstance(error, httpx.ConnectError):
        # This text is from the operating system, which sees neither request nor response.
        return f"no connection{notes}: {error}"
    text = next((text for kinds, text in _DESCRIPTIONS if isinstance(error, kinds)), "the connection failed")
    return f"{text}{notes}"


def _token_endpoint(error: Exception) -> str:
    if not isinstance(error, httpx.HTTPError):
        return ""
    try:
        request = error.request
    except RuntimeError:  # raised by httpx when the error has no request
        return ""
    # The token request is the only POST that a session sends.
    return f", because the token endpoint {redacted(request.url)} failed" if request.method == "POST" else ""
