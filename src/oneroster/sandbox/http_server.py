"""The HTTP server of the sandbox: on loopback, in a thread, for the duration of a `with` block."""

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from oneroster.sandbox.http.broken_responses import CONNECTION_KEY, ClientConnection

__all__ = ["HOST", "PortError", "check_port", "listen", "serving"]

HOST: Final = "127.0.0.1"
"""The loopback address: the sandbox serves the local machine only."""

_LAST_PORT: Final = 65535
_SHUTDOWN_SECONDS: Final = 2
"""How long unfinished responses may take when the server stops."""


class PortError(OSError):
    """The port is in use, or this process may not listen on it."""


def check_port(port: int) -> int:
    """Return the number of a port; 0 stands for any free port.

    Raises:
        ValueError: The number is not that of a port.
    """
    if not 0 <= port <= _LAST_PORT:
        raise ValueError(f"a port is a number from 0 to {_LAST_PORT}, not {port}")
    return port


def listen(port: int) -> socket.socket:
    """Return a socket that is bound to a port of the loopback address.

    Raises:
        PortError: The port is in use, or this process may not listen on it.
    """
    # asyncio disables Nagle's algorithm only on sockets with an explicit protocol; with it a response takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Makes the port available right after an earlier sandbox; on Windows it would let two share the port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else "cannot be listened on"
        raise PortError(error.errno, f"port {port} of {HOST} {reason}") from error
    return listening


@contextmanager
def serving(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
    """Serve on a socket from a thread, from the first accepted connection until the block ends."""
    config = uvicorn.Config(
        app,
        # Fixed, because uvicorn would otherwise choose by the libraries that happen to be installed.
        loop="asyncio",
        http=_Protocol,
        ws="none",
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run_in_thread, args=(listening,), name="oneroster-sandbox", daemon=True)
    thread.start()
    server.settled.wait()
    try:
        if not server.started:
            raise RuntimeError("the server of the sandbox did not start")
        yield
    finally:
        server.should_exit = True
        thread.join()


class _Protocol(H11Protocol):
    """HTTP that adds the client connection to each request, for the faults that break the connection itself."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the library has it
        self.app_state = {**self.app_state, CONNECTION_KEY: ClientConnection(transport)}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """A server that signals when it has started or failed, and aborts unending responses when it stops."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    def run_in_thread(self, listening: socket.socket) -> None:
        try:
            self.run([listening])
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for protocol in self.server_state.connections:
            connection = protocol.app_state.get(CONNECTION_KEY) if isinstance(protocol, _Protocol) else None
            if connection is not None and connection.unending:
                connection.transport.abort()
        await super().shutdown(sockets)
