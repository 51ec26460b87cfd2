"""Responses: a complete one as received, the limits that apply while it is read, and its body as it grows."""

import time
from io import BytesIO
from typing import NamedTuple

import httpx

from oneroster.errors import ConfigurationError, ResponseTooLargeError, TransportError
from oneroster.transport.decompression import BoundedDecompressor

__all__ = ["BodyBuffer", "RawResponse", "ResponseLimits", "timeout_error"]


class ResponseLimits(NamedTuple):
    """Limits on the size and duration of one response.

    Attributes:
        max_bytes: Maximum size of the body, after decompression.
        total_timeout: Maximum seconds from sending the request to the last byte of the body.
        read_timeout: Maximum seconds to wait for the connection, and for each further chunk of the response.
    """

    max_bytes: int = 100_000_000
    total_timeout: float = 300.0
    read_timeout: float = 30.0

    def checked(self) -> "ResponseLimits":
        """Return the limits themselves if they are valid.

        Raises:
            ConfigurationError: A limit is 0, negative or not a number.
        """
        if not all(limit > 0 for limit in self):
            raise ConfigurationError("Every limit of ResponseLimits must be greater than 0.")
        return self


class RawResponse(NamedTuple):
    """A complete response of any status, with its body decompressed but not parsed.

    Attributes:
        status_code: The HTTP status.
        headers: The headers; names are case-insensitive.
        content: The decompressed body.
        url: The requested URL without its query.
    """

    status_code: int
    headers: httpx.Headers
    content: bytes
    url: str

    def __repr__(self) -> str:
        # The body holds personal data.
        return f"RawResponse({self.status_code}, {len(self.content)} bytes)"


class BodyBuffer:
    """The body of a response, decompressed while it is received and bounded by limits.

    Args:
        response: The response, with an unread body.
        limits: The limits of size and time.
        deadline: When the body must be complete, in seconds of the monotonic clock.
        url: The URL to name in errors.

    Raises:
        TransportError: The Content-Encoding was not requested.
    """

    def __init__(self, response: httpx.Response, limits: ResponseLimits, deadline: float, url: str) -> None:
        self._limits, self._deadline, self._url = limits, deadline, url
        # Unlike a bytearray, BytesIO returns its content as bytes without copying it.
        self._content = BytesIO()
        try:
            self._decompressor = BoundedDecompressor(response.headers.get("Content-Encoding", ""))
        except ValueError:
            raise TransportError(f"{url} sent a Content-Encoding that was not requested.") from None

    def add(self, chunk: bytes) -> None:
        """Add bytes as received from the network.

        Raises:
            ResponseTooLargeError: The body exceeds the size limit or the deadline.
            httpx.DecodingError: The bytes are not in the declared encoding.
        """
        for piece in self._decompressor.decompress(chunk):
            self._content.write(piece)
            if self._content.tell() > self._limits.max_bytes:
                raise ResponseTooLargeError(
                    f"The response to {self._url} has more than {self._limits.max_bytes} bytes. Request fewer rows."
                )
        if time.monotonic() > self._deadline:
            raise timeout_error(self._url, self._limits)

    def finish(self) -> bytes:
        """Return the whole body, after the last chunk was added.

        Raises:
            httpx.DecodingError: The compressed body is truncated.
        """
        self._decompressor.finish()
        return self._content.getvalue()


def timeout_error(url: str, limits: ResponseLimits) -> ResponseTooLargeError:
    """Return the error for a response that did not end within the total timeout."""
    return ResponseTooLargeError(
        f"The response to {url} did not end within {limits.total_timeout:g} seconds (ResponseLimits.total_timeout)."
    )
