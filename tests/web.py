"""A web server on loopback whose answers a test writes itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

__all__ = ["Answer", "Seen", "Web", "serve"]


class Seen(NamedTuple):
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """What to send back."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()


class Web(NamedTuple):
    """A running server."""

    origin: str
    seen: list[Seen]


@contextmanager
def serve(answer: Callable[[Seen], Answer]) -> Iterator[Web]:
    """Serve `answer` on a free port of loopback."""
    seen: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Seen(
                self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)
            )
            seen.append(request)
            status, body, headers = answer(request)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # A test may look at a client that has given up, whose connection is closed.
            with suppress(ConnectionError):
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Web(f"http://127.0.0.1:{server.server_port}", seen)
        finally:
            server.shutdown()
            thread.join()
