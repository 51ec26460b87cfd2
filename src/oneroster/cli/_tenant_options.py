"""The options that name a tenant and its credentials, for all commands that read a tenant as a client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, NamedTuple

import typer

from oneroster.client import OneRoster
from oneroster.errors import ConfigurationError

__all__ = ["BaseUrl", "ClientId", "ClientSecret", "Config", "Tenant", "Token", "TokenUrl", "UseSandbox", "opened"]

_TENANT: Final = "Tenant"
_AUTHENTICATION: Final = "Authentication"


def _option(name: str, text: str, panel: str) -> Any:
    return typer.Option(
        help=f"{text} [env: ONEROSTER_{name}]", show_default=False, rich_help_panel=panel, metavar="TEXT"
    )


BaseUrl = Annotated[str | None, _option("BASE_URL", "Base URL of the tenant, ending in /ims/oneroster/v1p1.", _TENANT)]
Token = Annotated[str | None, _option("TOKEN", "Static bearer token; safer in the environment.", _AUTHENTICATION)]
ClientId = Annotated[str | None, _option("CLIENT_ID", "Client id, or consumer key.", _AUTHENTICATION)]
ClientSecret = Annotated[
    str | None, _option("CLIENT_SECRET", "Client secret; safer in the environment.", _AUTHENTICATION)
]
TokenUrl = Annotated[
    str | None,
    _option("TOKEN_URL", "OAuth 2 token endpoint. Without it, requests are signed with OAuth 1.0a.", _AUTHENTICATION),
]
Tenant = Annotated[str | None, _option("TENANT", "Name of a tenant in the configuration file.", _TENANT)]
Config = Annotated[str | None, _option("CONFIG", "Configuration file with tenants (default: oneroster.toml).", _TENANT)]
UseSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Use the embedded sandbox tenant.", rich_help_panel=_TENANT)
]


class Given(NamedTuple):
    """The settings of a tenant that the options give; None for each one that they do not give."""

    base_url: str | None = None
    token: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token_url: str | None = None
    tenant: str | None = None
    config: str | None = None


@contextmanager
def opened(given: Given, sandbox: bool) -> Iterator[OneRoster]:
    """Open a client of the tenant that the options name, and close it after the block.

    Args:
        given: The settings that the options give.
        sandbox: Whether to use the embedded sandbox tenant instead.

    Raises:
        ConfigurationError: A setting is missing, or both a tenant and the sandbox are named.
    """
    if not sandbox:
        with OneRoster(**given._asdict()) as roster:
            yield roster
        return
    if any(given):
        raise ConfigurationError(
            "--sandbox reads the embedded tenant and cannot be combined with the settings of another."
        )
    from oneroster.sandbox.server import Sandbox
    from oneroster.sandbox.store.database import default_cache

    with (
        Sandbox(cache=default_cache()) as embedded,
        OneRoster(base_url=embedded.base_url, token=embedded.token) as roster,
    ):
        yield roster
