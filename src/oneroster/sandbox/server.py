"""The tenant on a socket of this machine, for as long as a `with` block lasts."""

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
from oneroster.sandbox.district import Size
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.http.broken_responses import KEY, Wire
from oneroster.sandbox.http.routes import BASE_PATH
from oneroster.sandbox.name_lookup import check
from oneroster.sandbox.store.database import Progress
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.variants import Variants
from oneroster_v1p1.tables import PROFILES

HOST: Final = "127.0.0.1"
"""The sandbox serves this machine only."""

_LAST_PORT: Final = 65535
_PATIENCE: Final = 2
"""Seconds that unfinished answers get when the server ends."""


class PortError(OSError):
    """The port cannot be listened on: another process has it, or this one may not."""


class Sandbox:
    """A whole conforming OneRoster 1.1 tenant on loopback, made for one `with` block and gone behind it.

    ::

        with Sandbox(seed=7, faults=["lost-row"]) as tenant:
            httpx.get(f"{tenant.base_url}/users", headers={"Authorization": f"Bearer {tenant.token}"})

    Args:
        size: "small", "medium", "large", or about how many users.
        seed: the same seed gives the same district, record for record.
        profile: the dialect, "standard" or another name of the contract's profiles.
        faults: names of what the tenant does wrong, see `oneroster sandbox --list-faults`.
        port: where to listen; 0 takes any free port.
        credentials: what opens the tenant; made up anew when None.
        variants: what it does one lawful way or another.
        token_lifetime: seconds an OAuth 2 token lives.
        clock: seconds since 1970, for tests that let time pass.
        cache: the folder in which built districts are kept for the next time, made when absent; None builds a passing
            one. A large district takes half a minute to build, a small one no time.
        progress: called with users done and users in total while a district is built.

    Attributes:
        credentials: client id, client secret and static token; none of the secrets stands in any repr.

    Raises:
        UnknownNameError: a profile or fault does not exist.
        ValueError: the size or the port is none.
    """

    def __init__(
        self,
        size: str | int = "small",
        seed: int = 1,
        profile: str = "standard",
        faults: Iterable[str] = (),
        port: int = 0,
        *,
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
        self._profile = check("profile", profile, PROFILES)
        self._faults = [check("fault", name, FAULTS) for name in faults]
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
        """Build the district and begin to serve.

        Raises:
            PortError: the port is taken.
            OSError: the cache cannot be written.
            ValueError: the district has no record on which one of the faults could show.
        """
        with ExitStack() as stack:
            listening = stack.enter_context(_listen(self._port))
            store = stack.enter_context(Store.open(self._size, self._seed, cache=self._cache, progress=self._progress))
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
        """Stop serving and forget everything."""
        running, self._running, self._address = self._running, None, None
        if running is not None:
            running.close()

    def __repr__(self) -> str:
        where = self._origin if self._address else "not running"
        return f"<Sandbox {self._size}, seed {self._seed}, {self._profile}, {where}>"

    @property
    def _origin(self) -> str:
        if self._address is None:
            raise RuntimeError("the sandbox has an address only inside its `with` block")
        return "http://{}:{}".format(*self._address)

    @property
    def base_url(self) -> str:
        """The address of the tenant up to the version segment.

        Raises:
            RuntimeError: the sandbox is not running.
        """
        return self._origin + BASE_PATH

    @property
    def token_url(self) -> str:
        """The address that hands out OAuth 2 tokens.

        Raises:
            RuntimeError: the sandbox is not running.
        """
        return self._origin + TOKEN_PATH

    @property
    def client_id(self) -> str:
        """The id for OAuth 2 and, as consumer key, for OAuth 1.0a."""
        return self.credentials.client_id

    @property
    def client_secret(self) -> str:
        """The secret for both."""
        return self.credentials.client_secret

    @property
    def token(self) -> str:
        """A bearer token that never expires and may do everything."""
        return self.credentials.token


def _listen(port: int) -> socket.socket:
    # asyncio switches Nagle's delay off only for sockets that name their protocol; with it every answer waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Lets the port be taken again at once after an earlier sandbox; on Windows it would let two share it.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else "cannot be listened on"
        raise PortError(error.errno, f"port {port} of {HOST} {reason}") from error
    return listening


@contextmanager
def _serving(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
    """Serve on a socket by a thread of its own, from when it answers until it has stopped."""
    config = uvicorn.Config(
        app,
        # What is installed beside must not change how requests are read.
        loop="asyncio",
        http=_Protocol,
        ws="none",
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run_and_tell, args=(listening,), name="oneroster-sandbox", daemon=True)
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
    """HTTP that gives each request the connection it came by, for the faults that break the connection itself."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the library has it
        self.app_state = {**self.app_state, KEY: Wire(transport)}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """Says when it has begun to serve, or has ended without; its end waits for no answer that has none."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    def run_and_tell(self, listening: socket.socket) -> None:
        try:
            self.run([listening])
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in self.server_state.connections:
            wire = connection.app_state.get(KEY) if isinstance(connection, _Protocol) else None
            if wire is not None and wire.unending:
                wire.transport.abort()
        await super().shutdown(sockets)
