"""Answers that leave in ways no framework offers: cut off, at odds with their own length, or without end.

Faults return these in place of an `Reply`. What breaks HTTP itself needs the connection, which the server of `Sandbox`
puts into the state of each request; under another server such an answer is a plain 501.
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

KEY: Final = "oneroster-wire"
"""Under this name a request's state holds its `Wire`."""

# Zero seconds of lingering: the system then ends a connection by a reset instead of an orderly end.
_RESET: Final = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Wire:
    """The connection of a request.

    Attributes:
        transport: its socket, as asyncio has it.
        unending: whether an answer is on its way that does not end by itself.
    """

    transport: asyncio.Transport
    unending: bool = False

    def send_and_leave(self, content: bytes, *, reset: bool) -> None:
        """Send bytes as they are, then close the connection or reset it."""
        self.transport.write(content)
        if not reset:
            self.transport.close()
            return
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()


@dataclass(frozen=True, slots=True)
class TruncatedReply(Reply):
    """An answer whose length is not the one it declares.

    Attributes:
        keeps: bytes of the body that are sent.
        declares: bytes that Content-Length promises.
        reset: whether the connection ends by a reset.
    """

    keeps: int = 0
    declares: int = 0
    reset: bool = False

    def response(self) -> Response:
        """What is sent, and how the connection ends then."""
        whole = Reply.response(self)
        return _TornResponse(bytes(whole.body)[: self.keeps], whole, self.declares, self.reset)


@dataclass(frozen=True, slots=True)
class Stream(Reply):
    """An answer whose body is made while it is sent, until it ends or the client leaves.

    Attributes:
        chunks: begins the body.
        coding: what Content-Encoding says; never left out, so that the body leaves as it is.
    """

    chunks: Callable[[], AsyncIterator[bytes]] = field(default=lambda: _nothing())
    coding: str = "identity"

    def response(self) -> Response:
        """The body, chunk by chunk, however slowly the client takes it."""
        headers = {**self.headers, "Content-Type": self.media_type, "Content-Encoding": self.coding}
        return _Unending(_giving_way(self.chunks()), self.status, headers)


async def _nothing() -> AsyncIterator[bytes]:
    for chunk in list[bytes]():
        yield chunk


async def _giving_way(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk
        # Sending to a client that has left returns at once: others must have their turn, and the leaving be noticed.
        await asyncio.sleep(0)


class _Unending(StreamingResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = _wire(scope)
        if wire is not None:
            wire.unending = True
        await super().__call__(scope, receive, send)


class _TornResponse(Response):
    def __init__(self, content: bytes, whole: Response, declares: int, reset: bool) -> None:
        headers = {name: value for name, value in whole.headers.items() if name != "content-length"}
        super().__init__(content, whole.status_code, headers)
        self._declares = declares
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = _wire(scope)
        if wire is None:
            await Response("this fault needs the sandbox's own server", 501)(scope, receive, send)
            return
        # Said beforehand, so that no further request is lost on a connection that is about to end.
        head = {**self.headers, "content-length": str(self._declares), "connection": "close"}
        wire.send_and_leave(_head(self.status_code, head) + bytes(self.body), reset=self._reset)
        while (await receive())["type"] != "http.disconnect":
            # Who returns earlier is taken for broken by the server, which would answer in our place.
            continue


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _wire(scope: Scope) -> Wire | None:
    found = scope.get("state", {}).get(KEY)
    return found if isinstance(found, Wire) else None
