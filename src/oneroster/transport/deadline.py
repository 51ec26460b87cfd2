"""The deadline of a request in synchronous code.

A read timeout of httpx limits the wait for the next bytes, so a server that sends one byte at a time never reaches it:
not in the head of a response, not between informational responses, and not inside a chunk header. Asynchronous code
cancels the whole request. Synchronous code cannot, so here every operation on a socket gets at most the time that is
left until the deadline. httpcore does all of this I/O in the thread that sends the request.
"""

import math
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from weakref import WeakSet

import httpcore

__all__ = ["DeadlineBackend", "seconds_left", "until"]

_DEADLINE: Final = ContextVar("_DEADLINE", default=math.inf)
_WRITE_SIZE: Final = 65_536


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Apply a deadline to all socket operations of this thread inside the block.

    Args:
        deadline: Seconds of the monotonic clock. An earlier deadline of an enclosing block stays in force.
    """
    token = _DEADLINE.set(min(deadline, _DEADLINE.get()))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def seconds_left() -> float:
    """Return the seconds until the deadline of this thread; infinity without a deadline."""
    return _DEADLINE.get() - time.monotonic()


def _timeout(timeout: float | None) -> float | None:
    left = seconds_left()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline is over")
    if timeout is None:
        return None if left == math.inf else left
    return min(timeout, left)


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose operations end at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, backend: "DeadlineBackend") -> None:
        self._stream, self._backend = stream, backend
        backend.add(stream)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _timeout(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # The stream applies its timeout to each part that the socket accepts, not to the whole buffer.
        for start in range(0, len(buffer), _WRITE_SIZE):
            self._stream.write(buffer[start : start + _WRITE_SIZE], _timeout(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, _timeout(timeout)), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections whose operations end at the deadline, and can end all of them at once."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()
        self._stopped = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection."""
        stream = self._backend.connect_tcp(host, port, _timeout(timeout), local_address, socket_options)
        return _DeadlineStream(stream, self)

    def add(self, stream: httpcore.NetworkStream) -> None:
        """Note the socket of a new connection."""
        connection = stream.get_extra_info("socket")
        with self._lock:
            self._sockets.add(connection)
            if self._stopped:
                _shut_down(connection)

    def stop(self) -> None:
        """End all connections, also those that are opened later, and wake the threads that read from them."""
        with self._lock:
            self._stopped = True
            for connection in self._sockets:
                _shut_down(connection)


def _shut_down(connection: socket.socket) -> None:
    # A thread that reads from a socket does not wake when the socket is closed, only when it is shut down.
    try:
        # The method of the base class: SSLSocket.shutdown would remove the TLS state while another thread reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        # The connection has already ended.
        return
