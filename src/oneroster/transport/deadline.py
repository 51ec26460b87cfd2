"""The deadline of a request in synchronous code, and how to end the requests of other threads.

A read timeout of httpx limits the wait for the next bytes, so a server that sends one byte at a time never reaches it:
not in the head of a response, not between informational responses, and not inside a chunk header. Asynchronous code
cancels the whole request. Synchronous code cannot, so here every operation on a socket gets at most the time that is
left until the deadline. httpcore does all of this I/O in the thread that sends the request.

Looking up a name takes as long as the system likes, so it happens in its own thread. The addresses that are found
share the time that is left.
"""

import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any, Final
from weakref import WeakSet

import httpcore

__all__ = ["Cancellation", "DeadlineBackend", "seconds_left", "until"]

_DEADLINE: Final = ContextVar("_DEADLINE", default=math.inf)
_WRITE_SIZE: Final = 65_536


class Cancellation:
    """Ends the socket operations of a group of threads, which may share their connections with others."""

    def __init__(self) -> None:
        self._running: Counter[socket.socket] = Counter()
        self._lock = threading.Lock()
        self._stopped = False

    @contextmanager
    def covering(self, connection: socket.socket) -> Iterator[None]:
        """End the operation on a connection inside the block when the group is stopped.

        Raises:
            httpcore.ReadError: The group was stopped before.
        """
        with self._lock:
            if self._stopped:
                raise httpcore.ReadError("the request was cancelled")
            self._running[connection] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[connection] -= 1
                if not self._running[connection]:
                    del self._running[connection]

    def stop(self) -> None:
        """End all operations, also those that begin later, and wake the threads that wait for them."""
        with self._lock:
            self._stopped = True
            for connection in self._running:
                _shut_down(connection)


_CANCELLATION: Final[ContextVar[Cancellation | None]] = ContextVar("_CANCELLATION", default=None)


@contextmanager
def until(deadline: float, cancellation: Cancellation | None = None) -> Iterator[None]:
    """Apply a deadline to all socket operations of this thread inside the block.

    Args:
        deadline: Seconds of the monotonic clock. An earlier deadline of an enclosing block stays in force.
        cancellation: Ends the operations from another thread.
    """
    token = _DEADLINE.set(min(deadline, _DEADLINE.get()))
    other = _CANCELLATION.set(cancellation or _CANCELLATION.get())
    try:
        yield
    finally:
        _CANCELLATION.reset(other)
        _DEADLINE.reset(token)


def _covering(connection: socket.socket) -> AbstractContextManager[None]:
    cancellation = _CANCELLATION.get()
    return nullcontext() if cancellation is None else cancellation.covering(connection)


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
        self._socket: socket.socket = stream.get_extra_info("socket")
        backend.add(self._socket)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _covering(self._socket):
            return self._stream.read(max_bytes, _timeout(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # The stream applies its timeout to each part that the socket accepts, not to the whole buffer.
        with _covering(self._socket):
            for start in range(0, len(buffer), _WRITE_SIZE):
                self._stream.write(buffer[start : start + _WRITE_SIZE], _timeout(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        with _covering(self._socket):
            stream = self._stream.start_tls(ssl_context, server_hostname, _timeout(timeout))
        return _DeadlineStream(stream, self._backend)

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
        """Open a connection to the first address of a host that accepts one."""
        end = time.monotonic() + (math.inf if (limit := _timeout(timeout)) is None else limit)
        addresses = _addresses(host, port, end)
        error: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectTimeout("no time left to connect")
        for number, address in enumerate(addresses):
            share = (end - time.monotonic()) / (len(addresses) - number)
            if share <= 0:
                break
            seconds = None if share == math.inf else share
            try:
                stream = self._backend.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
            else:
                return _DeadlineStream(stream, self)
        raise error

    def add(self, connection: socket.socket) -> None:
        """Note the socket of a new connection."""
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


def _addresses(host: str, port: int, end: float) -> list[str]:
    """Return the addresses of a host, each once.

    Raises:
        httpcore.ConnectError: The host is not known.
        httpcore.ConnectTimeout: The system did not find out in time.
    """
    found: list[str] = []
    failures: list[Exception] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:
            failures.append(error)

    if _is_address(host):
        return [host]
    thread = threading.Thread(target=look_up, name="oneroster-name-lookup", daemon=True)
    thread.start()
    left = end - time.monotonic()
    thread.join(None if left == math.inf else max(left, 0.0))
    if failures:
        raise httpcore.ConnectError(str(failures[0]))
    if not found:
        raise httpcore.ConnectTimeout("the name of the host was not found in time")
    return list(found)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _shut_down(connection: socket.socket) -> None:
    # A thread that reads from a socket does not wake when the socket is closed, only when it is shut down.
    try:
        # The method of the base class: SSLSocket.shutdown would remove the TLS state while another thread reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        # The connection has already ended.
        return
