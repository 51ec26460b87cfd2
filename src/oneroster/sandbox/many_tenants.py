"""Serve many tenants on one local port, each below its own path."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from oneroster.sandbox.app import create_app
from oneroster.sandbox.auth.authentication import SandboxCredentials
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.http.responses import error_reply, unknown_object
from oneroster.sandbox.http_server import check_port, listen, serving
from oneroster.sandbox.name_lookup import require_known
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.variants import Variants
from oneroster.standard import DEFAULT, Standard

__all__ = ["MultiTenantSandbox", "ServedTenant", "tenant_name"]

MOST_TENANTS: Final = 100_000


class ServedTenant(NamedTuple):
    """How to reach one of the tenants.

    Attributes:
        name: The name, as in ``tenant-7``.
        base_url: The URL below which its API is served; of the first service, if the standard has several.
        token_url: The URL of its OAuth 2 token endpoint.
        credentials: The credentials that this tenant accepts, and no other.
    """

    name: str
    base_url: str
    token_url: str
    credentials: SandboxCredentials

    @property
    def token(self) -> str:
        """A bearer token that never expires and has all scopes."""
        return self.credentials.token


def tenant_name(number: int) -> str:
    """Return the name of a tenant by its number, from 1."""
    return f"tenant-{number}"


class MultiTenantSandbox:
    """Tenants ``tenant-1``, ``tenant-2`` and so on, served on one port of loopback inside a `with` block.

    ::

        with MultiTenantSandbox(20, faults={"tenant-7": ["lost-row"]}) as sandbox:
            sandbox.write_config("oneroster.toml")

    Each tenant has its own district, made at its first request, and its own credentials.

    Args:
        tenants: The number of tenants.
        size: The size of each district, see `Sandbox`.
        seed: The seed of the first district; each further one has the next.
        faults: Names of faults, by the name of the tenant.
        sizes: Other sizes, by the name of the tenant.
        port: The port to listen on; 0 chooses any free port.
        profile: The name of a profile of the standard.
        standard: The version of OneRoster of all tenants, as in `"1.2"`; the default version if None.
        variants: The choices that the standard leaves to a server, for all tenants.
        token: The beginning of each static token, before the name of the tenant; a random token if None.
        cache: The folder that keeps generated districts; None generates temporary ones.
        on_request: Called with the name of the tenant and the path below it, at each request.

    Raises:
        ConfigurationError: The version is not supported.
        UnknownNameError: A tenant, a profile or a fault does not exist.
        ValueError: The number of tenants, a size or the port is not valid.
    """

    def __init__(
        self,
        tenants: int,
        size: str | int = "small",
        seed: int = 1,
        *,
        faults: Mapping[str, Iterable[str]] | None = None,
        sizes: Mapping[str, str | int] | None = None,
        port: int = 0,
        profile: str = "standard",
        standard: Standard | str | None = None,
        variants: Variants | None = None,
        token: str | None = None,
        cache: Path | None = None,
        on_request: Callable[[str, str], None] | None = None,
    ) -> None:
        if not 0 < tenants <= MOST_TENANTS:
            raise ValueError(f"the number of tenants is from 1 to {MOST_TENANTS}, not {tenants}")
        names = [tenant_name(number) for number in range(1, tenants + 1)]
        self._size = Size.parse(str(size))
        self._sizes = {
            require_known("tenant", name, names): Size.parse(str(one)) for name, one in (sizes or {}).items()
        }
        self._faults = {
            require_known("tenant", name, names): [require_known("fault", fault, FAULTS) for fault in chosen]
            for name, chosen in (faults or {}).items()
        }
        self._seeds = {name: seed + number for number, name in enumerate(names)}
        self._credentials = {
            name: SandboxCredentials(token=f"{token}-{name}") if token else SandboxCredentials() for name in names
        }
        self._standard = Standard.of(standard or DEFAULT)
        self._profile = require_known("profile", profile, self._standard.specification.profiles)
        self._variants, self._cache, self._on_request = variants, cache, on_request
        self._port = check_port(port)
        self._tenants: dict[str, ServedTenant] = {}
        self._running: ExitStack | None = None

    @property
    def tenants(self) -> Mapping[str, ServedTenant]:
        """How to reach each tenant, by name; empty outside the `with` block."""
        return self._tenants

    def __enter__(self) -> Self:
        """Start to serve.

        Raises:
            PortError: The port is in use.
            OSError: The cache cannot be written.
            ValueError: A district has no record that one of its faults could change.
        """
        with ExitStack() as stack:
            listening = stack.enter_context(listen(self._port))
            apps = stack.enter_context(_Apps(self._app, self._seeds, self._on_request))
            for name in self._faults:
                # So that a fault that cannot be shown is an error at once.
                apps.open(name)
            stack.enter_context(serving(apps, listening))
            origin = "http://{}:{}".format(*listening.getsockname())
            path = next(iter(self._standard.specification.services.values()))
            self._tenants = {
                name: ServedTenant(name, f"{origin}/{name}{path}", f"{origin}/{name}{TOKEN_PATH}", credentials)
                for name, credentials in self._credentials.items()
            }
            self._running = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving and discard all data that was written."""
        running, self._running, self._tenants = self._running, None, {}
        if running is not None:
            running.close()

    def write_config(self, path: str | Path) -> None:
        """Write a configuration file of all tenants, and a private file per token in a folder beside it.

        Raises:
            OSError: They cannot be written.
        """
        path = Path(path)
        folder = path.with_name(f"{path.stem}-tokens").absolute()
        folder.mkdir(mode=0o700, exist_ok=True)
        lines = []
        for tenant in self._tenants.values():
            file = folder / tenant.name
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
                opened.write(tenant.token)
            lines += [
                f"[tenants.{tenant.name}]",
                f"base_url = {_quoted(tenant.base_url)}",
                f"token = {{ file = {_quoted(str(file))} }}",
                "",
            ]
        path.write_text("\n".join(lines), encoding="utf-8")

    def _app(self, name: str, stack: ExitStack) -> ASGIApp:
        size = self._sizes.get(name, self._size)
        store = stack.enter_context(Store.open(size, self._seeds[name], standard=self._standard, cache=self._cache))
        return create_app(
            store,
            profile=self._profile,
            credentials=self._credentials[name],
            faults=self._faults.get(name, ()),
            variants=self._variants,
        )


class _Apps:
    """An ASGI application that hands each request to the application of its tenant, made at the first request."""

    def __init__(
        self,
        make: Callable[[str, ExitStack], ASGIApp],
        names: Iterable[str],
        on_request: Callable[[str, str], None] | None,
    ) -> None:
        self._make, self._names, self._on_request = make, frozenset(names), on_request
        self._apps: dict[str, ASGIApp] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def open(self, name: str) -> ASGIApp:
        """Return the application of a tenant."""
        if name not in self._apps:
            self._apps[name] = self._make(name, self._stack)
        return self._apps[name]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        name, _, rest = scope["path"].removeprefix("/").partition("/")
        if name not in self._names:
            problem = unknown_object("no tenant at this URL; the tenants are served below /tenant-1, /tenant-2, …")
            await error_reply(problem).response()(scope, receive, send)
            return
        if self._on_request is not None:
            self._on_request(name, f"/{rest}")
        await self.open(name)({**scope, "root_path": f"/{name}"}, receive, send)


def _quoted(text: str) -> str:
    """Return a string of TOML; a string of JSON is one."""
    return msgspec.json.encode(text).decode()
