"""A tenant that answers as quickly as it can, run in a process of its own: one collection, nothing checked.

Pages are bytes made once, in which only the part of the ids that differs from page to page is put in.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs

import uvicorn

from benchmarks import ROOT
from benchmarks.records import enrollment

__all__ = ["running"]

PREFIX: Final = "/ims/oneroster/v1p1"
_BLOCK: Final = 1000
_MARK: Final = "page--number"


class Enrollments:
    """All enrollments as bytes.

    Args:
        rows: How many there are.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        records = [enrollment(number, _MARK) for number in range(_BLOCK)]
        self._texts = [json.dumps(record, separators=(",", ":")).encode() for record in records]
        self._block = b",".join(self._texts)

    def page(self, offset: int, limit: int) -> bytes:
        """The body of a page."""
        end = min(offset + limit, self.rows)
        pieces = [self._piece(start, offset, end) for start in range(offset // _BLOCK * _BLOCK, end, _BLOCK)]
        return b'{"enrollments":[' + b",".join(pieces) + b"]}"

    def _piece(self, start: int, first: int, end: int) -> bytes:
        """The rows of one block that the page holds."""
        low, high = max(first - start, 0), min(end - start, _BLOCK)
        text = self._block if (low, high) == (0, _BLOCK) else b",".join(self._texts[low:high])
        return text.replace(_MARK.encode(), b"%012d" % (start // _BLOCK))


def application(collection: Enrollments, latency: float) -> Callable[..., Awaitable[None]]:
    """The collection as an ASGI application.

    Args:
        collection: What it serves.
        latency: Seconds before each answer.
    """

    async def answer(scope: dict[str, Any], _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        if scope["type"] != "http" or scope["path"] != f"{PREFIX}/enrollments":
            raise ValueError("the quick server has nothing but enrollments")
        query = parse_qs(scope["query_string"].decode())
        limit, offset = int(query.get("limit", ["100"])[0]), int(query.get("offset", ["0"])[0])
        if latency:
            await asyncio.sleep(latency)
        body = collection.page(offset, limit)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-total-count", b"%d" % collection.rows),
        ]
        if offset + limit < collection.rows:
            link = f'<{PREFIX}/enrollments?limit={limit}&offset={offset + limit}>; rel="next"'
            headers.append((b"link", link.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def main() -> None:
    """Serve until stdin ends, so that no server outlives the run that began it; say the port on stdout."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    app = application(Enrollments(options.rows), options.latency)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning", access_log=False))

    def end_with_stdin() -> None:
        sys.stdin.read()
        server.should_exit = True

    Thread(target=end_with_stdin, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])


@contextmanager
def running(rows: int, latency: float = 0.0) -> Iterator[str]:
    """A server in another process, as long as the block lasts.

    Args:
        rows: Enrollments that it has.
        latency: Seconds before each answer.

    Returns:
        The base URL.

    Raises:
        RuntimeError: The server did not start; it says on stderr why.
    """
    command = [sys.executable, "-m", "benchmarks.server", "--rows", str(rows), "--latency", str(latency)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the quick server has no pipes")
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError("the quick server did not start")
            yield f"http://127.0.0.1:{port}{PREFIX}"
        finally:
            process.stdin.close()
            process.wait()


if __name__ == "__main__":
    main()
