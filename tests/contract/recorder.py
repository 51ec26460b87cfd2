"""A server on loopback that records requests, and returns a configured response."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE_PATH = "/ims/oneroster/v1p1"


@dataclass(frozen=True)
class Received:
    """One request as received: its target undecoded, header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Recorder:
    """The requests since the last call of `taken`, and the response to send."""

    base_url: str = ""
    status: int = 200
    answer: bytes = b"{}"
    requests: list[Received] = field(default_factory=list)

    def taken(self) -> Received:
        """Return the only request since the last call."""
        (only,) = self.requests
        self.requests.clear()
        return only


@contextmanager
def recording() -> Iterator[Recorder]:
    """Return a recorder that serves until the block ends."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            recorder.requests.append(Received(self.command, self.path, headers, body))
            content = b"" if recorder.status == 204 else recorder.answer
            self.send_response(recorder.status)
            if recorder.status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the names are http.server's

        def log_message(self, *_: object) -> None:
            """Nothing: the console belongs to pytest."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    recorder.base_url = f"http://127.0.0.1:{server.server_port}{BASE_PATH}"
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
