"""The options that name a tenant and its credentials: one list, for all commands that send requests to a tenant.

A command takes them all as one argument::

    @takes_tenant
    def get(name: Name, chosen: TenantOptions = NO_TENANT) -> None: ...
"""

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from oneroster.errors import ConfigurationError
from oneroster.settings import Settings, header_arguments, option_of, resolve_settings, variable_of
from oneroster.standard import DEFAULT, Standard

if TYPE_CHECKING:
    from oneroster.base_client import SyncClient

__all__ = ["NO_TENANT", "TENANT_OPTIONS", "TENANT_PANEL", "TenantOptions", "opened", "setting_option", "takes_tenant"]

TENANT_PANEL: Final = "Tenant"
_AUTHENTICATION: Final = "Authentication"
_CONNECTION: Final = "Connection"


def setting_option(
    name: str, text: str, panel: str, metavar: str | None = "TEXT", option: str | None = None, **more: Any
) -> Any:
    """Return the option of a setting, whose value can also be an environment variable."""
    help_text = f"{text} [env: {variable_of(name)}]"
    names = [option] if option else []
    return typer.Option(*names, help=help_text, show_default=False, rich_help_panel=panel, metavar=metavar, **more)


def _setting(name: str, text: str, panel: str, metavar: str = "TEXT") -> Any:
    return Annotated[str | None, setting_option(name, text, panel, metavar)]


TENANT_OPTIONS: Final[Mapping[str, Any]] = {
    "base_url": _setting(
        "base_url", "Base URL of the tenant, with the path of the OneRoster service.", TENANT_PANEL, "URL"
    ),
    "standard": _setting(
        "standard",
        f"Version of OneRoster: {' or '.join(Standard.versions())} (default: that of the base URL, or found out by a"
        " request).",
        TENANT_PANEL,
        "VERSION",
    ),
    "service_urls": Annotated[
        list[str] | None,
        setting_option(
            "service_urls",
            "Base URL of a service that is not below the base URL (repeatable), as in gradebook=https://….",
            TENANT_PANEL,
            "SERVICE=URL",
            option="--service-url",
        ),
    ],
    "tenant": _setting("tenant", "Name of a tenant in the configuration file.", TENANT_PANEL, "NAME"),
    "config": _setting("config", "Configuration file with tenants (default: oneroster.toml).", TENANT_PANEL, "FILE"),
    "sandbox": Annotated[
        bool, typer.Option("--sandbox", help="Use the embedded sandbox tenant.", rich_help_panel=TENANT_PANEL)
    ],
    "token": _setting("token", "Static bearer token; safer in the environment.", _AUTHENTICATION),
    "client_id": _setting("client_id", "Client id, or consumer key.", _AUTHENTICATION),
    "client_secret": _setting("client_secret", "Client secret; safer in the environment.", _AUTHENTICATION),
    "token_url": _setting(
        "token_url",
        "OAuth 2 token endpoint. Without it, requests are signed with OAuth 1.0a.",
        _AUTHENTICATION,
        "URL",
    ),
    "scopes": _setting("scopes", "OAuth 2 scopes, separated by spaces (default: those of all reads).", _AUTHENTICATION),
    "client_auth": _setting(
        "client_auth",
        "How to send id and secret to the token endpoint: basic (default) or body.",
        _AUTHENTICATION,
        "METHOD",
    ),
    "oauth1_method": _setting(
        "oauth1_method", "OAuth 1.0a signature: HMAC-SHA256 (default) or HMAC-SHA1.", _AUTHENTICATION, "METHOD"
    ),
    "headers": Annotated[
        list[str] | None,
        setting_option(
            "headers",
            "Further header, sent to the tenant only (repeatable). The value is in an environment variable, or in a"
            " file: NAME=file:PATH.",
            _CONNECTION,
            "NAME=env:VARIABLE",
            option="--header",
        ),
    ],
    "ca_file": _setting(
        "ca_file", "Certificates to trust besides those of the environment (PEM).", _CONNECTION, "FILE"
    ),
    "client_cert": _setting("client_cert", "Client certificate (PEM).", _CONNECTION, "FILE"),
    "client_key": _setting(
        "client_key", "Key of the client certificate, if its file does not hold it (PEM).", _CONNECTION, "FILE"
    ),
    "time_zone": _setting(
        "time_zone", "Time zone of the tenant, as in America/New_York, for times without one.", _CONNECTION, "NAME"
    ),
    "allow_http": Annotated[
        bool,
        setting_option(
            "allow_http",
            "Permit http:// to another machine, also for the token endpoint.",
            _CONNECTION,
            None,
            option="--allow-http",
        ),
    ],
}
"""The annotation of each option, by its name in Python."""
_FLAGS: Final = ("sandbox", "allow_http")


@dataclass(frozen=True, slots=True)
class TenantOptions:
    """What the options say about the tenant.

    Attributes:
        settings: The settings given, by the names of `oneroster.settings.Settings`; headers as references.
        tenant: The name of a tenant in the configuration file.
        config: The configuration file.
        sandbox: Whether to use the embedded sandbox tenant instead.
    """

    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tenant: str | None = None
    config: str | None = None
    sandbox: bool = False

    @property
    def given(self) -> tuple[str, ...]:
        """The options given, as in ``--base-url``, without ``--sandbox``."""
        others = {"tenant": self.tenant, "config": self.config}
        return tuple(option_of(name) for name in (*self.settings, *(key for key, value in others.items() if value)))

    @property
    def arguments(self) -> dict[str, Any]:
        """The settings given, with the values of headers.

        Raises:
            ConfigurationError: The value of a header is not where the option says.
        """
        found = dict(self.settings)
        if "headers" in found:
            found["headers"] = header_arguments(found["headers"], os.environ)
        return found

    def resolved(self, *, anonymous: bool = False, quiet: bool = False, **more: str | None) -> Settings:
        """Return the settings of the tenant, from the options, the environment and the configuration file.

        Args:
            anonymous: Whether the credentials may be missing.
            quiet: Whether not to warn; see `resolve_settings`.
            more: Further settings; None for those not given.

        Raises:
            ConfigurationError: A setting is missing or invalid.
        """
        given = {**self.arguments, **more}
        return resolve_settings(given, os.environ, self.tenant, self.config, anonymous=anonymous, quiet=quiet)

    @property
    def sandbox_standard(self) -> Standard:
        """The version that the embedded sandbox serves.

        Raises:
            ConfigurationError: It is not supported.
        """
        return Standard.of(self.settings.get("standard", DEFAULT))

    def check_sandbox(self) -> None:
        """Check that the sandbox is not combined with the settings of another tenant.

        Raises:
            ConfigurationError: It is.
        """
        given = [option for option in self.given if option != option_of("standard")]
        if self.sandbox and given:
            raise ConfigurationError(
                f"--sandbox uses the embedded tenant and cannot be combined with {', '.join(given)}."
            )


NO_TENANT: Final = TenantOptions()
"""The default of a command's argument; each option has its own."""


def takes_tenant(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with `TENANT_OPTIONS` in place of its parameter ``chosen``, which receives their values."""
    signature = inspect.signature(command)
    parameters = [
        expanded
        for parameter in signature.parameters.values()
        for expanded in (_tenant_parameters() if parameter.name == "chosen" else [parameter])
    ]

    @functools.wraps(command)
    def with_options(**values: Any) -> None:
        options = {name: values.pop(name) for name in TENANT_OPTIONS}
        chosen = {name: options.pop(name) for name in ("tenant", "config", "sandbox")}
        settings = {name: value for name, value in options.items() if value}
        command(**values, chosen=TenantOptions(settings, **chosen))

    with_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # PEP 362
    with_options.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_options


def _tenant_parameters() -> list[inspect.Parameter]:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [
        inspect.Parameter(name, kind, default=False if name in _FLAGS else None, annotation=annotation)
        for name, annotation in TENANT_OPTIONS.items()
    ]


@contextmanager
def opened(chosen: TenantOptions, profile: str | None = None) -> "Iterator[SyncClient]":
    """Open a client of the tenant that the options name, and close it after the block.

    The version that the tenant speaks is shown, unless it is the default one and the base URL says so.

    Args:
        chosen: The options.
        profile: The dialect that the embedded sandbox serves.

    Raises:
        ConfigurationError: A setting is missing or not known, or both a tenant and the sandbox are named.
    """
    from oneroster.client import client_class
    from oneroster.detection import detect_standard
    from oneroster.standard import DEFAULT

    chosen.check_sandbox()
    if not chosen.sandbox:
        detected = detect_standard(chosen.resolved(quiet=True))
        if detected.standard.version != DEFAULT or not detected.certain:
            typer.echo(f"note: {detected}", err=True)
        client = client_class(detected.standard)
        with client(**chosen.arguments, tenant=chosen.tenant, config=chosen.config) as roster:
            yield roster
        return
    from oneroster.sandbox.server import Sandbox
    from oneroster.sandbox.store.database import default_cache

    standard = chosen.sandbox_standard
    served = standard.known_profile(profile or "standard")
    with (
        Sandbox(standard=standard, profile=served, cache=default_cache()) as embedded,
        client_class(standard)(base_url=embedded.base_url, token=embedded.token) as roster,
    ):
        yield roster
