"""Serve a tenant on a local port for the duration of a `with` block."""

import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from oneroster.sandbox.app import create_app
from oneroster.sandbox.auth.authentication import Clock, SandboxCredentials
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.district.mapping import DistrictMapping
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.http_server import check_port, listen, serving
from oneroster.sandbox.name_lookup import require_known
from oneroster.sandbox.store.database import Progress
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.variants import Variants
from oneroster.standard import DEFAULT, Standard


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
        standard: The version of OneRoster, as in `"1.2"`; the default version if None.
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
        ConfigurationError: The version is not supported.
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
        standard: Standard | str | None = None,
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
        self.standard = Standard.of(standard or DEFAULT)
        self._mapping = mapping
        self._profile = require_known("profile", profile, self.standard.specification.profiles)
        self._faults = [require_known("fault", name, FAULTS) for name in faults]
        self._port = check_port(port)
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
            listening = stack.enter_context(listen(self._port))
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
            stack.enter_context(serving(app, listening))
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
