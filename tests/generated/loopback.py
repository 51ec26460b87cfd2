"""An HTTP server on loopback that answers as a test says, and remembers the requests byte for byte."""

import asyncio
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from threading import Thread
from typing import Any, NamedTuple

from oneroster_runtime.specification import Operation
from oneroster_v1p1 import Client, specification

OPERATIONS = specification().operations


class Seen(NamedTuple):
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Loopback:
    """The server; `base_url` says where it is."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.status = 200
        self.body = b"{}"
        self.headers = {"Content-Type": "application/json"}
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/ims/oneroster/v1p1"

    def answers(self, body: object = None, *, status: int = 200, **headers: str) -> None:
        """Answer every request from now on with this: bytes as they are, anything else as JSON, None without body."""
        self.status = status
        self.body = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }

    def __enter__(self) -> "Loopback":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Loopback

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.owner.seen.append(Seen(self.command, self.path, headers, self.rfile.read(length)))
        self.send_response(self.owner.status, "Status")
        for name, value in self.owner.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.owner.body)))
        self.end_headers()
        self.wfile.write(self.owner.body)

    do_POST = do_GET = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Keep the output of the tests clean."""


def module_of(operation: Operation) -> Any:
    """The module of an operation."""
    from oneroster_runtime.specification import python_name

    return import_module(f"oneroster_v1p1.api.{operation.tag}.{python_name(operation.operation_id)}")


def call(base_url: str, operation_id: str, style: str, **arguments: Any) -> Any:
    """Call one of the four functions of an operation, in a client of its own."""
    function = getattr(module_of(OPERATIONS[operation_id]), style)
    # Without certificates to load, a client of its own for each call costs little; the loopback speaks plain HTTP.
    if not style.startswith("asyncio"):
        with Client(base_url, verify_ssl=False) as client:
            return function(client=client, **arguments)
    return asyncio.run(_awaited(base_url, function, arguments))


async def _awaited(base_url: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    async with Client(base_url, verify_ssl=False) as client:
        return await function(client=client, **arguments)
