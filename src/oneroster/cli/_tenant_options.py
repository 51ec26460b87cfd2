"""The options that name a tenant, for every command that reads one as a client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, NamedTuple

import typer

from oneroster.client import OneRoster
from oneroster.errors import ConfigurationError

__all__ = ["BaseUrl", "ClientId", "ClientSecret", "Config", "Tenant", "Token", "TokenUrl", "UseSandbox", "opened"]

_PANEL: Final = "Which tenant"


def _option(name: str, text: str) -> Any:
    return typer.Option(
        help=f"{text} [env: ONEROSTER_{name}]", show_default=False, rich_help_panel=_PANEL, metavar="TEXT"
    )


BaseUrl = Annotated[str | None, _option("BASE_URL", "Address of the tenant, ending in /ims/oneroster/v1p1.")]
Token = Annotated[str | None, _option("TOKEN", "Static bearer token; safer in the environment.")]
ClientId = Annotated[str | None, _option("CLIENT_ID", "Client id, or consumer key.")]
ClientSecret = Annotated[str | None, _option("CLIENT_SECRET", "Its secret; safer in the environment.")]
TokenUrl = Annotated[
    str | None, _option("TOKEN_URL", "OAuth 2 token endpoint; without one, id and secret sign by OAuth 1.0a.")
]
Tenant = Annotated[str | None, _option("TENANT", "A tenant of the file of tenants.")]
Config = Annotated[str | None, _option("CONFIG", "The file of tenants; oneroster.toml when not given.")]
UseSandbox = Annotated[
    bool, typer.Option("--sandbox", help="The embedded tenant, a made-up district.", rich_help_panel=_PANEL)
]


class Given(NamedTuple):
    """What the options say of the tenant; None for what they do not say."""

    base_url: str | None = None
    token: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token_url: str | None = None
    tenant: str | None = None
    config: str | None = None


@contextmanager
def opened(given: Given, sandbox: bool) -> Iterator[OneRoster]:
    """The client of the named tenant, closed behind the block.

    Raises:
        ConfigurationError: The tenant is not named, or in two ways; or a setting is missing.
    """
    if not sandbox:
        with OneRoster(**given._asdict()) as roster:
            yield roster
        return
    if any(given):
        raise ConfigurationError("--sandbox reads the embedded tenant; leave out the settings of another.")
    from oneroster.sandbox.server import Sandbox
    from oneroster.sandbox.store.database import default_cache

    with (
        Sandbox(cache=default_cache()) as embedded,
        OneRoster(base_url=embedded.base_url, token=embedded.token) as roster,
    ):
        yield roster
