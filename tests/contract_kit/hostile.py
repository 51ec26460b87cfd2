"""A raw server on loopback for the behaviours that no framework offers: resets, drips, endless bodies, lies."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[socket.socket, bytes], None]
"""Does with a connection what it likes, given the request."""

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer, well formed; the connection is closed behind it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    fields = {"Content_Type": "application/json"} | headers
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class HostileServer:
    """The server; ``requests`` holds the heads that came in, ``base_url`` says where it is."""

    def __init__(self, behave: Behaviour) -> None:
        self.requests: list[bytes] = []
        self._behave = behave
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self.base_url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/ims/oneroster/v1p1"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=[connection], daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        # Whatever the other side does in the meantime, a hostile server does not complain.
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            announced = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            while announced and len(head.partition(b"\r\n\r\n")[2]) < int(announced[1]):
                # The body of a form may come in a packet of its own.
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            self.requests.append(head)
            self._behave(connection, head)

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextmanager
def serving(behave: Behaviour) -> Iterator[HostileServer]:
    """A hostile server until the block ends."""
    server = HostileServer(behave)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def says(*answers: bytes) -> Behaviour:
    """Answer each request in turn with these, the last of them for ever."""
    waiting = list(answers)

    def behave(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return behave


def resets(connection: socket.socket, _head: bytes) -> None:
    """Cut the connection hard, without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def never_ends(connection: socket.socket, _head: bytes) -> None:
    """A body without end."""
    connection.sendall(JSON_HEAD + b"\r\n")
    while True:
        connection.sendall(b" " * 65536)


def drips(connection: socket.socket, _head: bytes) -> None:
    """A head that comes byte by byte: too slow to end, too quick for a read timeout."""
    pause = threading.Event()
    for byte in JSON_HEAD + b"X-Filler: " + b"a" * 100_000:
        connection.sendall(bytes([byte]))
        pause.wait(0.05)


def lies_about_its_length(connection: socket.socket, _head: bytes) -> None:
    """Fewer bytes than promised."""
    connection.sendall(JSON_HEAD + b'Content-Length: 1000\r\n\r\n{"orgs": [')
