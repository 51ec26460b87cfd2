"""The tenant as an ASGI application on Starlette."""

import re
import time
from collections.abc import Iterable
from typing import Final

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from oneroster.sandbox.auth.authentication import Clock, SandboxCredentials
from oneroster.sandbox.faults import by_name
from oneroster.sandbox.handlers.dispatch import serve
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, refusal
from oneroster.sandbox.requests.bodies import MAXIMUM
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.tenant import SandboxTenant
from oneroster.sandbox.variants import Variants

# A Host header goes into addresses, so nothing that could not be a host is taken over from it.
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?", re.ASCII)


def create_app(
    store: Store,
    *,
    profile: str = "standard",
    credentials: SandboxCredentials | None = None,
    faults: Iterable[str] = (),
    variants: Variants | None = None,
    token_lifetime: int = 3600,
    clock: Clock = time.time,
) -> Starlette:
    """The tenant as an ASGI application, to be mounted or served by whoever calls; `Sandbox` does both and more.

    Args:
        store: the district to serve; it stays the caller's to close.
        profile: the dialect, a name of the generated table of profiles.
        credentials: what opens the tenant; made up when None, which leaves nobody who could come in.
        faults: names of what it does wrong, see `oneroster sandbox --list-faults`.
        variants: what it does one lawful way or another.
        token_lifetime: seconds an OAuth 2 token lives.
        clock: seconds since 1970; tests give their own.

    Raises:
        UnknownNameError: a profile or fault that does not exist.
    """
    tenant = SandboxTenant.of(
        store,
        profile=profile,
        credentials=credentials or SandboxCredentials(),
        faults=by_name(faults),
        variants=variants,
        token_lifetime=token_lifetime,
        clock=clock,
    )
    return Starlette(
        routes=[_Everything(tenant)],
        exception_handlers={Exception: _catastrophe},
        middleware=[Middleware(GZipMiddleware, minimum_size=1024, compresslevel=1)],
    )


class _Everything(BaseRoute):
    """The one route: turns ASGI into arrivals, and answers into ASGI.

    The framework's own routes go by the decoded path, which cannot tell a slash in an id from one between segments.
    """

    def __init__(self, tenant: SandboxTenant) -> None:
        self._tenant = tenant

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if self._tenant.variants.latency:
            await anyio.sleep(self._tenant.variants.latency)
        # In the event loop and one after the other: answers take milliseconds, and their order stays that of arrival.
        response = serve(self._tenant, await _arrival(request)).response()
        if request.method == "HEAD":
            # Everything a GET would say but the body itself, its length included.
            response = Response(status_code=response.status_code, headers=dict(response.headers))
        await response(scope, receive, send)


async def _catastrophe(_request: Request, _error: Exception) -> Response:
    # Never meant to be seen; the framework raises the error again once this is sent, so that it is not lost.
    return refusal(Problem(500, "invalid data", "the sandbox failed; this is a defect of the sandbox")).response()


async def _arrival(request: Request) -> RawRequest:
    scope = request.scope
    return RawRequest(
        method=request.method,
        origin=_origin(request),
        raw_path=scope.get("raw_path") or scope["path"].encode(),
        query_string=scope["query_string"],
        headers=request.headers,
        body=await _body(request),
    )


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        # Read on to the end all the same: who is still sending would not see the answer.
        if len(body) <= MAXIMUM:
            body += chunk
    return bytes(body) if len(body) <= MAXIMUM else None


def _origin(request: Request) -> str:
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        server = request.scope.get("server") or ("localhost", None)
        host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    return f"{request.scope['scheme']}://{host}"
