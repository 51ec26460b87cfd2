"""Responses that violate HTTP on purpose: truncated, with a wrong length, or unending.

Faults return these in place of a `Reply`. To break HTTP itself they need the client connection, which the server of
`Sandbox` stores in the state of each request; under another server such a response is a plain 501.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from oneroster.sandbox.http.responses import Reply

CONNECTION_KEY: Final = "oneroster-connection"
"""The key of the `ClientConnection` in the state of a request."""

# A linger time of zero makes the system reset the connection instead of closing it.
_LINGER_ZERO: Final = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class ClientConnection:
    """The connection of a request.

    Attributes:
        transport: The asyncio transport.
        unending: Whether a response without an end is being sent.
    """

    transport: asyncio.Transport
    unending: bool = False

    def send_and_close(self, content: bytes, *, reset: bool) -> None:
        """Send bytes unchanged, then close the connection or reset it."""
        self.transport.write(content)
        if not reset:
            self.transport.close()
            return
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()


@dataclass(frozen=True, slots=True)
class TruncatedReply(Reply):
    """A reply whose length differs from the declared one, or that is not sent at all.

    Attributes:
        sent_bytes: How many bytes of the body are sent.
        declared_bytes: The value of Content-Length.
        reset: Whether the connection is reset instead of closed.
        silent: Whether not even the head is sent.
    """

    sent_bytes: int = 0
    declared_bytes: int = 0
    reset: bool = False
    silent: bool = False

    def response(self) -> Response:
        """Return the truncated response."""
        full = Reply.response(self)
        sent = bytes(full.body)[: self.sent_bytes]
        return _TruncatedResponse(sent, full, self.declared_bytes, reset=self.reset, silent=self.silent)


@dataclass(frozen=True, slots=True)
class StreamingReply(Reply):
    """A reply whose body is produced while it is sent, until it ends or the client disconnects.

    Attributes:
        chunks: Starts the body.
        coding: The value of Content-Encoding, which is always sent, so that the body is not compressed again.
    """

    chunks: Callable[[], AsyncIterator[bytes]] = field(default=lambda: _no_chunks())
    coding: str = "identity"

    def response(self) -> Response:
        """Return the streaming response."""
        headers = {**self.headers, "Content-Type": self.media_type, "Content-Encoding": self.coding}
        return _UnendingResponse(_cooperative(self.chunks()), self.status, headers)


async def _no_chunks() -> AsyncIterator[bytes]:
    for chunk in list[bytes]():
        yield chunk


async def _cooperative(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk
        # Sending to a disconnected client returns at once; yield to the loop, which then notices the disconnection.
        await asyncio.sleep(0)


class _UnendingResponse(StreamingResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = _connection(scope)
        if connection is not None:
            connection.unending = True
        await super().__call__(scope, receive, send)


class _TruncatedResponse(Response):
    def __init__(self, content: bytes, full: Response, declared_bytes: int, *, reset: bool, silent: bool) -> None:
        headers = {name: value for name, value in full.headers.items() if name != "content-length"}
        super().__init__(content, full.status_code, headers)
        self._declared_bytes = declared_bytes
        self._reset = reset
        self._silent = silent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = _connection(scope)
        if connection is None:
            await Response("this fault needs the sandbox's own server", 501)(scope, receive, send)
            return
        # Announce the close, so that the client sends no further request on this connection.
        head = {**self.headers, "content-length": str(self._declared_bytes), "connection": "close"}
        content = b"" if self._silent else _head(self.status_code, head) + bytes(self.body)
        connection.send_and_close(content, reset=self._reset)
        while (await receive())["type"] != "http.disconnect":
            # Returning before the client disconnects would make the server send another error.
            continue


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _connection(scope: Scope) -> ClientConnection | None:
    found = scope.get("state", {}).get(CONNECTION_KEY)
    return found if isinstance(found, ClientConnection) else None
