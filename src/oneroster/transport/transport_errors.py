"""Conversion of httpx errors into ours, without secrets.

The messages of httpx repeat what was sent and received: a token with a line break in it, a Location header with a
child's name. So our errors have texts of their own, and the original is not chained: a traceback would show it.
"""

from typing import Final

import httpx

from oneroster.errors import OneRosterError, TransportError
from oneroster.transport.tls import describe_tls_failure, tls_failure
from oneroster.transport.urls import redacted
from oneroster_runtime.connection_words import connection_words

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

_ADVICE: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (httpx.ConnectTimeout, "; check base_url and the network"),
    (httpx.TimeoutException, "; ResponseLimits.read_timeout sets how long to wait"),
    (httpx.ProxyError, "; check HTTPS_PROXY and NO_PROXY"),
    (
        (httpx.LocalProtocolError, UnicodeError),
        "; check host, token and client id for line breaks and unusual characters",
    ),
)
"""What to do about some failures, after what happened."""
_CLOSED: Final = "the client was closed, or is used in a second event loop"


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
        f" {describe(error)}."
    )
    found.permanent = tls_failure(error) is not None
    return found


def describe(error: Exception) -> str:
    """Return what happened, without anything that was sent or received; a proxy is named."""
    notes = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
    if (failure := tls_failure(error)) is not None:
        return f"no connection{notes}: {describe_tls_failure(failure)}"
    if isinstance(error, RuntimeError):
        return f"{_CLOSED}{notes}"
    words = connection_words(error)
    if isinstance(error, httpx.ConnectError):
        # The notes name the proxy that was asked for the connection.
        return words.replace("no connection", f"no connection{notes}", 1)
    advice = next((text for kinds, text in _ADVICE if isinstance(error, kinds)), "")
    return f"{words}{advice}{notes}"


def _token_endpoint(error: Exception) -> str:
    if not isinstance(error, httpx.HTTPError):
        return ""
    try:
        request = error.request
    except RuntimeError:  # raised by httpx when the error has no request
        return ""
    # The token request is the only POST that a session sends.
    return f", because the token endpoint {redacted(request.url)} failed" if request.method == "POST" else ""
