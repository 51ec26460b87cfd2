"""The tenant as an ASGI application, built with Starlette."""

import re
import time
from collections.abc import Iterable
from typing import Final

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from oneroster.sandbox.auth.authentication import Clock, SandboxCredentials
from oneroster.sandbox.faults import faults_by_name
from oneroster.sandbox.handlers.dispatch import serve
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, error_reply
from oneroster.sandbox.requests.put_bodies import MAX_BODY_BYTES
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.tenant import SandboxTenant
from oneroster.sandbox.variants import Variants
from oneroster.standard import Standard

# The Host header becomes part of URLs in responses, so only well-formed host names are accepted.
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?", re.ASCII)


def create_app(
    store: Store,
    *,
    standard: Standard | str | None = None,
    profile: str = "standard",
    credentials: SandboxCredentials | None = None,
    faults: Iterable[str] = (),
    variants: Variants | None = None,
    token_lifetime: int = 3600,
    clock: Clock = time.time,
) -> Starlette:
    """Return the tenant as an ASGI application, to mount or to serve; `Sandbox` serves it on a local port.

    Args:
        store: The district to serve. The caller closes it.
        standard: The version of OneRoster that the caller expects; the store determines what is served.
        profile: The name of a profile of that version.
        credentials: The credentials that the tenant accepts; random ones by default, so that no caller has access.
        faults: Names of faults, see `oneroster sandbox --list-faults`.
        variants: The choices that the standard leaves to a server.
        token_lifetime: Seconds until an OAuth 2 token expires.
        clock: Returns the seconds since 1970; tests pass their own.

    Raises:
        UnknownNameError: A profile or a fault does not exist.
        ValueError: The store was opened for another version, or has no record that a fault could change.
    """
    expected = store.standard if standard is None else Standard.of(standard)
    if expected.package != store.standard.package:
        raise ValueError(f"the store holds OneRoster {store.standard.version}, not {expected.version}")
    tenant = SandboxTenant.of(
        store,
        profile=profile,
        credentials=credentials or SandboxCredentials(),
        faults=faults_by_name(faults),
        variants=variants,
        token_lifetime=token_lifetime,
        clock=clock,
    )
    return Starlette(
        routes=[_CatchAllRoute(tenant)],
        exception_handlers={Exception: _unexpected_error},
        middleware=[Middleware(GZipMiddleware, minimum_size=1024, compresslevel=1)],
    )


class _CatchAllRoute(BaseRoute):
    """The only route: converts between ASGI and `RawRequest` and `Reply`.

    The routes of Starlette match the decoded path, in which a slash inside an id looks like a separator.
    """

    def __init__(self, tenant: SandboxTenant) -> None:
        self._tenant = tenant

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if self._tenant.variants.latency:
            await anyio.sleep(self._tenant.variants.latency)
        try:
            raw_request = await _raw_request(request)
        except ClientDisconnect:
            # The client has gone, as after Ctrl-C: there is no one to respond to, and nothing has failed.
            return
        # Runs in the event loop: a reply takes milliseconds, and replies are made in the order of the requests.
        response = serve(self._tenant, raw_request).response()
        if request.method == "HEAD":
            # The headers of a GET, Content-Length included, without the body.
            response = Response(status_code=response.status_code, headers=dict(response.headers))
        await response(scope, receive, send)


async def _unexpected_error(_request: Request, _error: Exception) -> Response:
    # Starlette raises the exception again after the response is sent, so that the traceback is not lost.
    return error_reply(Problem(500, "invalid data", "the sandbox failed; this is a defect of the sandbox")).response()


async def _raw_request(request: Request) -> RawRequest:
    scope = request.scope
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    return RawRequest(
        method=request.method,
        origin=_origin(request),
        raw_path=raw_path.removeprefix(scope.get("root_path", "").encode()),
        query_string=scope["query_string"],
        headers=request.headers,
        body=await _body(request),
    )


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        # Read to the end even when the body is too large: a client that is still sending does not read the response.
        if len(body) <= MAX_BODY_BYTES:
            body += chunk
    return bytes(body) if len(body) <= MAX_BODY_BYTES else None


def _origin(request: Request) -> str:
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        server = request.scope.get("server") or ("localhost", None)
        host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    # A mounted tenant has its own path, which ASGI calls the root path.
    return f"{request.scope['scheme']}://{host}{request.scope.get('root_path', '')}"
