"""What happened to a request that got no complete response, in words instead of the names of Python's classes."""

import re
from typing import Final

import httpx

__all__ = ["connection_words"]

_NUMBER: Final = re.compile(r"^\[Errno -?\d+\] ")
"""What Python puts before the words of the operating system."""

_WORDS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (httpx.ConnectTimeout, "the connection timed out"),
    (httpx.PoolTimeout, "no connection was free in time"),
    (httpx.WriteTimeout, "the server stopped reading the request"),
    (httpx.TimeoutException, "the server sent nothing in time"),
    (httpx.ProxyError, "the proxy refused the connection"),
    (httpx.UnsupportedProtocol, "only http and https are supported"),
    (httpx.DecodingError, "the body is not in the declared Content-Encoding"),
    (httpx.RemoteProtocolError, "the server closed the connection early, or does not speak HTTP"),
    (httpx.WriteError, "the connection was lost while the request was sent"),
    (httpx.ReadError, "the connection was lost before the response was complete"),
    (httpx.NetworkError, "the connection was lost"),
    ((httpx.LocalProtocolError, UnicodeError), "the request is not valid HTTP"),
    (httpx.TooManyRedirects, "the server redirects too often"),
    (httpx.CookieConflict, "the server sent two cookies of one name"),
    (httpx.InvalidURL, "a URL is invalid"),
    (TimeoutError, "the server took too long"),
)


def connection_words(error: Exception) -> str:
    """Return what happened, without anything that was sent or received, and without the name of a class.

    Args:
        error: An error of httpx, or what sending a request can raise besides.
    """
    if isinstance(error, httpx.ConnectError):
        # This text is from the operating system, which sees neither request nor response.
        reason = _NUMBER.sub("", str(error)) or _of_operating_system(error)
        return f"no connection: {reason}" if reason else "no connection"
    return next((words for kinds, words in _WORDS if isinstance(error, kinds)), "the connection failed")


def _of_operating_system(error: BaseException | None) -> str:
    """Return the words of the operating system for an error; empty if there are none."""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        error = error.__cause__ or error.__context__
    return ""
