"""Serve a tenant on a local port for the duration of a `with` block."""

import asyncio
import errno
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from oneroster.sandbox.app import create_app
from oneroster.sandbox.auth.authentication import Clock, SandboxCredentials
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.district.mapping import DistrictMapping
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.http.broken_responses import CONNECTION_KEY, ClientConnection
from oneroster.sandbox.name_lookup import require_known
from oneroster.sandbox.store.database import Progress
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.variants import Variants
from oneroster.standard import Standard

HOST: Final = "127.0.0.1"
"""The loopback address: the sandbox serves the local machine only."""

_LAST_PORT: Final = 65535
_SHUTDOWN_SECONDS: Final = 2
"""How long unfinished responses may take when the server stops."""


class PortError(OSError):
    """The port is in use, or this process may not listen on it."""


class Sandbox:
    """A conforming OneRoster tenant with a made-up district, served on loopback inside a `with` block.

    ::

        with Sandbox(seed=7, faults=["lost-row"]) as tenant:
            httpx.get(f"{tenant.base_url}/users", headers={"Authorization": f"Bearer {tenant.token}"})

    Args:
        size: "small", "medium", "large", or the approximate number of users.
        seed: The same size and seed give the same district.
        profile: The name of a profile of the standard, as in "kimono".
        faults: Names of faults, see `oneroster sandbox --list-faults`.
        port: The port to listen on; 0 chooses any free port.
        standard: The version of OneRoster; the default version if None.
        mapping: Turns the district into the elements of that version; if None, the mapping that the sandbox has for it.
        credentials: The credentials that the tenant accepts; random ones if None.
        variants: The choices that the standard leaves to a server.
        token_lifetime: Seconds until an OAuth 2 token expires.
        clock: Returns the seconds since 1970, for tests that control the time.
        cache: The folder that keeps generated districts, created if necessary; None generates a temporary one. A large
            district takes half a minute to generate.
        progress: Called with the number of users generated so far and in total.

    Attributes:
        credentials: Client id, client secret and static token; the secrets are not in the repr.
        standard: The version of OneRoster that is served.

    Raises:
        UnknownNameError: A profile or a fault does not exist.
        ValueError: The size or the port is not valid, or there is no mapping for the standard.
    """

    def __init__(
        self,
        size: str | int = "small",
        seed: int = 1,
        profile: str = "standard",
        faults: Iterable[str] = (),
        port: int = 0,
        *,
        standard: Standard | None = None,
        mapping: DistrictMapping | None = None,
        credentials: SandboxCredentials | None = None,
        variants: Variants | None = None,
        token_lifetime: int = 3600,
        clock: Clock = time.time,
        cache: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        parsed = Size.parse(str(size))
        self._size = replace(parsed, one_school=True) if variants and variants.one_school else parsed
        self._seed = seed
        self.standard = standard or Standard.of()
        self._mapping = mapping
        self._profile = require_known("profile", profile, self.standard.specification.profiles)
        self._faults = [require_known("fault", name, FAULTS) for name in faults]
        if not 0 <= port <= _LAST_PORT:
            raise ValueError(f"a port is a number from 0 to {_LAST_PORT}, not {port}")
        self._port = port
        self.credentials = credentials or SandboxCredentials()
        self._variants = variants
        self._token_lifetime = token_lifetime
        self._clock = clock
        self._cache = cache
        self._progress = progress
        self._running: ExitStack | None = None
        self._address: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        """Generate the district and start to serve.

        Raises:
            PortError: The port is in use.
            OSError: The cache cannot be written.
            ValueError: The district has no record that one of the faults could change.
        """
        with ExitStack() as stack:
            listening = stack.enter_context(_listen(self._port))
            store = stack.enter_context(
                Store.open(
                    self._size,
                    self._seed,
                    standard=self.standard,
                    mapping=self._mapping,
                    cache=self._cache,
                    progress=self._progress,
                )
            )
            app = create_app(
                store,
                profile=self._profile,
                credentials=self.credentials,
                faults=self._faults,
                variants=self._variants,
                token_lifetime=self._token_lifetime,
                clock=self._clock,
            )
            stack.enter_context(_serving(app, listening))
            self._address = listening.getsockname()
            self._running = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving and discard all data that was written."""
        running, self._running, self._address = self._running, None, None
        if running is not None:
            running.close()

    def __repr__(self) -> str:
        where = self.origin if self._address else "not running"
        return f"<Sandbox {self._size}, seed {self._seed}, {self._profile}, {where}>"

    @property
    def origin(self) -> str:
        """Scheme, host and port of the tenant.

        Raises:
            RuntimeError: The sandbox is not running.
        """
        if self._address is None:
            raise RuntimeError("the sandbox has an address only inside its `with` block")
        return "http://{}:{}".format(*self._address)

    @property
    def base_url(self) -> str:
        """The URL below which the API is served; of the first service, if the standard has several.

        Raises:
            RuntimeError: The sandbox is not running.
        """
        return self.origin + next(iter(self.standard.specification.services.values()))

    @property
    def base_urls(self) -> dict[str, str]:
        """The URL below which each service of the standard is served, by the name of the service.

        Raises:
            RuntimeError: The sandbox is not running.
        """
        return {name: self.origin + path for name, path in self.standard.specification.services.items()}

    @property
    def token_url(self) -> str:
        """The URL of the OAuth 2 token endpoint.

        Raises:
            RuntimeError: The sandbox is not running.
        """
        return self.origin + TOKEN_PATH

    @property
    def client_id(self) -> str:
        """The client id of OAuth 2, which is also the consumer key of OAuth 1.0a."""
        return self.credentials.client_id

    @property
    def client_secret(self) -> str:
        """The secret of both."""
        return self.credentials.client_secret

    @property
    def token(self) -> str:
        """A bearer token that never expires and has all scopes."""
        return self.credentials.token


def _listen(port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only on sockets with an explicit protocol; with it a response takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Makes the port available right after an earlier sandbox; on Windows it would let two share the port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else "cannot be listened on"
        raise PortError(error.errno, f"port {port} of {HOST} {reason}") from error
    return listening


@contextmanager
def _serving(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
    """Serve on a socket from a thread, from the first accepted connection until the block ends."""
    config = uvicorn.Config(
        app,
        # Fixed, because uvicorn would otherwise choose by the libraries that happen to be installed.
        loop="asyncio",
        http=_Protocol,
        ws="none",
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run_in_thread, args=(listening,), name="oneroster-sandbox", daemon=True)
    thread.start()
    server.settled.wait()
    try:
        if not server.started:
            raise RuntimeError("the server of the sandbox did not start")
        yield
    finally:
        server.should_exit = True
        thread.join()


class _Protocol(H11Protocol):
    """HTTP that adds the client connection to each request, for the faults that break the connection itself."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the library has it
        self.app_state = {**self.app_state, CONNECTION_KEY: ClientConnection(transport)}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """A server that signals when it has started or failed, and aborts unending responses when it stops."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    def run_in_thread(self, listening: socket.socket) -> None:
        try:
            self.run([listening])
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for protocol in self.server_state.connections:
            connection = protocol.app_state.get(CONNECTION_KEY) if isinstance(protocol, _Protocol) else None
            if connection is not None and connection.unending:
                connection.transport.abort()
        await super().shutdown(sockets)
