"""Sandboxes without sockets: requests go from the HTTP client of the project straight into the application.

A whole check of a sandbox sends more than a thousand requests, and a third of what they cost is spent in the connection
and the HTTP server. What the rules see is the same. Faults of the connection and latency need the real server.
"""

import socket
import threading
from collections.abc import Awaitable, Collection, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import partialmethod
from sys import maxsize
from typing import Any, Final
from urllib.parse import unquote

import httpx
import pytest
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message

from oneroster.sandbox import Sandbox, Variants, server
from oneroster.sandbox.faults import FAULTS
from oneroster.transport.http_client import SyncTransport

NEED_A_CONNECTION: Final = ("http", "careless_inputs", "near_credentials")
"""Modules of the sandbox with faults that break the connection or HTTP itself, or that wait."""


def need_a_connection(faults: Collection[str]) -> bool:
    """Return whether one of the faults shows only on a real connection."""
    return any(FAULTS[name].__module__.rpartition(".")[2] in NEED_A_CONNECTION for name in faults)


def completed(coroutine: Awaitable[None]) -> None:
    """Run a coroutine that never waits."""
    for _ in coroutine.__await__():
        raise AssertionError("the application waits, which needs the HTTP server of the sandbox")


def response_of(app: ASGIApp, request: httpx.Request) -> httpx.Response:
    """Return the response of an application to a request, as it would arrive."""
    raw_path, _, query = request.extensions.get("target", request.url.raw_path).partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 1),
        "scheme": request.url.scheme,
        "method": request.method,
        "root_path": "",
        "path": unquote(raw_path.decode("ascii")),
        "raw_path": raw_path,
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "state": {},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.read(), "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    completed(app(scope, receive, send))
    start, *rest = sent
    body = b"".join(message.get("body", b"") for message in rest)
    # What the HTTP server of the sandbox adds to every response.
    headers = [(b"date", formatdate(usegmt=True).encode()), *start["headers"]]
    return httpx.Response(start["status"], headers=headers, stream=httpx.ByteStream(body))


@contextmanager
def without_sockets(*, unless: bool = False) -> Iterator[None]:
    """Within the block, sandboxes that are opened have no HTTP server, and are reached by this process only.

    Args:
        unless: Leave everything as it is.
    """
    if unless:
        yield
        return
    apps: dict[int, ASGIApp] = {}
    one_at_a_time = threading.Lock()
    by_connection = SyncTransport.handle_request

    @contextmanager
    def serving(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
        port = listening.getsockname()[1]
        apps[port] = app
        yield
        del apps[port]

    def handle_request(transport: SyncTransport, request: httpx.Request) -> httpx.Response:
        app = apps.get(request.url.port or 0)
        if app is None:
            return by_connection(transport, request)
        with one_at_a_time:
            return response_of(app, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "serving", serving)
        patch.setattr(SyncTransport, "handle_request", handle_request)
        # A large response would be compressed in a thread, for which the application would wait.
        patch.setattr(GZipMiddleware, "__init__", partialmethod(GZipMiddleware.__init__, thread_minimum_size=maxsize))
        yield


@contextmanager
def quick_sandbox(
    size: int | str = "small",
    seed: int = 1,
    faults: Collection[str] = (),
    variants: Variants | None = None,
    **options: Any,
) -> Iterator[Sandbox]:
    """A sandbox without sockets, where its faults and variants can do without; the arguments are those of `Sandbox`."""
    real = need_a_connection(faults) or (variants is not None and variants.latency > 0)
    with (
        without_sockets(unless=real),
        Sandbox(size, seed, faults=faults, variants=variants, **options) as tenant,
    ):
        yield tenant
