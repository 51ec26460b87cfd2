"""A fast OneRoster server in a separate process, with enrollments and users and without any checks.

Its pages are prepared bytes, in which only the part of the ids that differs from page to page is replaced.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs

import uvicorn

from benchmarks import ROOT
from benchmarks.synthetic_records import enrollment, user

__all__ = ["Collection", "enrollments", "running", "users"]

PREFIX: Final = "/ims/oneroster/v1p1"
_BLOCK: Final = 1000
_MARK: Final = "page--number"
_USER_MARK: Final = "users-number"


class Collection:
    """A collection as prepared bytes, in blocks of a thousand rows. The ids name the block.

    Args:
        name: The wrapper.
        rows: The number of rows.
        make: Returns the record at an index of a block.
        user_blocks: The number of blocks of users, which the records refer to in rotation.
    """

    def __init__(self, name: str, rows: int, make: Callable[[int], dict[str, Any]], user_blocks: int = 1) -> None:
        self.name, self.rows, self._user_blocks = name, rows, user_blocks
        self._texts = [json.dumps(make(number), separators=(",", ":")).encode() for number in range(_BLOCK)]
        self._block = b",".join(self._texts)

    def page(self, offset: int, limit: int) -> bytes:
        """Return the body of a page."""
        end = min(offset + limit, self.rows)
        pieces = [self._piece(start, offset, end) for start in range(offset // _BLOCK * _BLOCK, end, _BLOCK)]
        return b'{"%s":[' % self.name.encode() + b",".join(pieces) + b"]}"

    def _piece(self, start: int, first: int, end: int) -> bytes:
        """Return the rows of one block that are on the page."""
        low, high = max(first - start, 0), min(end - start, _BLOCK)
        text = self._block if (low, high) == (0, _BLOCK) else b",".join(self._texts[low:high])
        block = start // _BLOCK
        marked = text.replace(_MARK.encode(), b"%012d" % block)
        return marked.replace(_USER_MARK.encode(), b"%012d" % (block % self._user_blocks))


def enrollments(rows: int, users: int = _BLOCK) -> Collection:
    """Return a collection of enrollments. Users are at most one block, or whole blocks."""
    return Collection("enrollments", rows, partial(_enrollment, users), max(1, users // _BLOCK))


def users(rows: int) -> Collection:
    """Return a collection of users."""
    return Collection("users", rows, lambda number: user(number, _MARK))


def _enrollment(users: int, number: int) -> dict[str, Any]:
    record = enrollment(number, _MARK, _USER_MARK)
    return record if number < users else record | {"user": enrollment(number % users, _MARK, _USER_MARK)["user"]}


def application(collections: Iterable[Collection], latency: float) -> Callable[..., Awaitable[None]]:
    """Return an ASGI application that serves collections, and 404 for anything else.

    Args:
        collections: The collections to serve.
        latency: Seconds before each response.
    """
    served = {f"{PREFIX}/{collection.name}": collection for collection in collections}

    async def respond(scope: dict[str, Any], _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        if latency:
            await asyncio.sleep(latency)
        collection = served.get(scope["path"])
        if collection is None:
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        query = parse_qs(scope["query_string"].decode())
        limit, offset = int(query.get("limit", ["100"])[0]), int(query.get("offset", ["0"])[0])
        body = collection.page(offset, limit)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-total-count", b"%d" % collection.rows),
        ]
        if offset + limit < collection.rows:
            link = f'<{scope["path"]}?limit={limit}&offset={offset + limit}>; rel="next"'
            headers.append((b"link", link.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return respond


def main() -> None:
    """Print the port and serve until stdin is closed, so that the server ends with the process that started it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--users", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    served = [enrollments(options.rows, options.users or _BLOCK)]
    if options.users:
        served.append(users(options.users))
    app = application(served, options.latency)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning", access_log=False))

    def end_with_stdin() -> None:
        sys.stdin.read()
        server.should_exit = True

    Thread(target=end_with_stdin, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])


@contextmanager
def running(rows: int, latency: float = 0.0, users: int = 0) -> Iterator[str]:
    """Run a server in another process, and yield its base URL.

    Args:
        rows: The number of enrollments.
        latency: Seconds before each response.
        users: The number of users; with 0, the collection is not served.

    Raises:
        RuntimeError: The server did not start; the reason is on stderr.
    """
    options = ["--rows", str(rows), "--users", str(users), "--latency", str(latency)]
    command = [sys.executable, "-m", "benchmarks.fast_server", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server has no pipes")
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError("the server did not start")
            yield f"http://127.0.0.1:{port}{PREFIX}"
        finally:
            process.stdin.close()
            process.wait()


if __name__ == "__main__":
    main()
