"""Responses: a complete one as received, the limits that apply while it is read, and its body as it grows."""

import threading
import time
from io import BytesIO
from typing import NamedTuple

import httpx

from oneroster.errors import ConfigurationError, ResponseTimeoutError, ResponseTooLargeError, TransportError
from oneroster.transport.decompression import BoundedDecompressor

__all__ = [
    "BodyBuffer",
    "RawResponse",
    "ResponseLimits",
    "cancelled_error",
    "read_body",
    "read_body_async",
    "timeout_error",
]


class ResponseLimits(NamedTuple):
    """Limits on the size and duration of one response.

    Attributes:
        max_bytes: Maximum size of the body, before and after decompression.
        total_timeout: Maximum seconds from sending the request to the last byte of the body. It includes the token
            request, redirects and the retries of a read, but not the pauses that the server asks for by Retry-After.
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

    Attributes:
        url: The URL to name in errors.
    """

    def __init__(self, response: httpx.Response, limits: ResponseLimits, deadline: float, url: str) -> None:
        self._limits, self._deadline, self.url = limits, deadline, url
        # Unlike a bytearray, BytesIO returns its content as bytes without copying it.
        self._content = BytesIO()
        self._received = 0
        self._encoding = response.headers.get("Content-Encoding", "")
        self._decompressor: BoundedDecompressor | None = None

    def add(self, chunk: bytes) -> None:
        """Add bytes as received from the network.

        Raises:
            ResponseTooLargeError: The body exceeds the size limit or the deadline.
            TransportError: The Content-Encoding was not requested.
            httpx.DecodingError: The bytes are not in the declared encoding.
        """
        self._received += len(chunk)
        # Compressed data may decompress to nothing without end.
        self._check_size(self._received)
        for piece in self._opened().decompress(chunk):
            self._check_size(self._content.tell() + len(piece))
            self._content.write(piece)
        if time.monotonic() > self._deadline:
            raise timeout_error(self.url, self._limits)

    def finish(self) -> bytes:
        """Return the whole body, after the last chunk was added.

        Raises:
            httpx.DecodingError: The compressed body is truncated.
        """
        if self._decompressor is not None:
            self._decompressor.finish()
        return self._content.getvalue()

    def _opened(self) -> BoundedDecompressor:
        # Not before there are bytes: the response to a HEAD has an encoding and no body.
        if self._decompressor is None:
            try:
                self._decompressor = BoundedDecompressor(self._encoding)
            except ValueError:
                raise TransportError(f"{self.url} sent a Content-Encoding that was not requested.") from None
        return self._decompressor

    def _check_size(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise ResponseTooLargeError(
                f"The response to {self.url} has more than {self._limits.max_bytes} bytes, which is too"
                " large to be read. If it is a page of rows, request fewer rows."
            )


def read_body(response: httpx.Response, buffer: BodyBuffer, stop: threading.Event | None = None) -> bytes:
    """Return the body of an unread response, within the limits of its buffer.

    Args:
        response: The response. httpx counts it as unread afterwards, because its stream is read directly.
        buffer: The buffer of the response.
        stop: Once it is set, the download is cancelled.

    Raises:
        TransportError: The body exceeds a limit, or the download was cancelled.
        httpx.HTTPError: The body did not arrive.
    """
    if not isinstance(response.stream, httpx.SyncByteStream):
        raise TypeError("an asynchronous response")
    for chunk in response.stream:
        buffer.add(chunk)
        if stop is not None and stop.is_set():
            raise cancelled_error(buffer.url)
    return buffer.finish()


async def read_body_async(response: httpx.Response, buffer: BodyBuffer) -> bytes:
    """Return the body of an unread response of an asynchronous client; see `read_body`."""
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("a synchronous response")
    async for chunk in response.stream:
        buffer.add(chunk)
    return buffer.finish()


def cancelled_error(url: str) -> TransportError:
    """Return the error for a request that the caller ended."""
    return TransportError(f"The request to {url} was cancelled: the client was closed, or the iteration was ended.")


def timeout_error(url: str, limits: ResponseLimits) -> ResponseTimeoutError:
    """Return the error for a response that did not end within the total timeout."""
    return ResponseTimeoutError(
        f"The response to {url} did not end within {limits.total_timeout:g} seconds (ResponseLimits.total_timeout)."
    )
