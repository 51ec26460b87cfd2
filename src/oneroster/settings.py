"""The settings of a tenant, from arguments, ``ONEROSTER_*`` environment variables, or a configuration file.

A configuration file describes tenants by name:

::

    [tenants.springfield]
    base_url = "https://sis.example/ims/oneroster/v1p1"
    token_url = "https://sis.example/oauth/token"
    client_id = "kit"
    client_secret = { env = "SPRINGFIELD_SECRET" }      # or { file = "/run/secrets/springfield" }
    headers = { x-vendor-authorization = { env = "SPRINGFIELD_VENDOR_KEY" } }
    ca_file = "/etc/ssl/springfield.pem"
    time_zone = "America/Chicago"

    [tenants.riverside]
    base_url = "https://riverside.example/ims/oneroster"
    standard = "1.2"
    service_urls = { gradebook = "https://grades.example/ims/oneroster/gradebook/v1p2" }

Arguments take precedence. Other settings are read from the file if a tenant is named, otherwise from the
environment; never from both, so that the secret of one tenant is not sent to the URL of another.

The client, the commands ``get``, ``pull`` and ``check``, and the pytest plugin all take their settings from
`resolve_settings`.
"""

import warnings
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final, NamedTuple

from oneroster.errors import ConfigurationError
from oneroster.setting_values import (
    FLAGS,
    HEADERS,
    SERVICE_URLS,
    Headers,
    ServiceUrls,
    invalid_settings,
    merged_headers,
    read_flag,
    read_header_references,
    read_service_urls,
)
from oneroster.tenants_file import read_tenants, tenant_from_file
from oneroster.url_checks import sends_in_clear

__all__ = [
    "Settings",
    "UnencryptedHttpWarning",
    "header_arguments",
    "missing_credentials",
    "names_a_tenant",
    "option_of",
    "read_tenants",
    "resolve_settings",
    "variable_of",
    "where_credentials_come_from",
]

_ID_AND_SECRET: Final = ("client_id", "client_secret")
_DEFAULT_FILE: Final = "oneroster.toml"
_OPTIONS: Final = {HEADERS: "--header", SERVICE_URLS: "--service-url"}
"""The options that are not named like their setting: one use gives one header or URL."""

_OTHER_TENANTS: Final = (
    "A tenant of a configuration file is named by --tenant or ONEROSTER_TENANT; --sandbox uses the embedded tenant"
)


class UnencryptedHttpWarning(UserWarning):
    """Rosters and credentials cross the network unencrypted; the setting ``allow_http`` says that this is meant."""


class Settings(NamedTuple):
    """The settings of one tenant.

    Attributes:
        base_url: The base URL, up to and including a path such as ``/ims/oneroster/v1p1``; for a version with several
            services that of one of them, or their root.
        token_url: The token endpoint. With it, the client authenticates by OAuth 2; without it, by OAuth 1.0a.
        client_id: The client id, or OAuth 1.0a consumer key.
        client_secret: The client secret.
        token: A static bearer token, instead of id and secret.
        scopes: OAuth 2 scopes, separated by spaces; None requests those of all reads.
        client_auth: How to send id and secret to the token endpoint: ``basic`` or ``body``.
        oauth1_method: ``HMAC-SHA256`` or ``HMAC-SHA1``.
        profile: The name of the server's dialect; None for the standard. A pull reads the collections that it serves,
            if the document defines it; a check judges by it.
        overlay: The path of an OpenAPI Overlay file on top of the profile. Only the contract kit uses it.
        headers: Further HTTP headers, as pairs of name and value, sent to the origin of the tenant only.
        ca_file: The path of a PEM file with certificates to trust besides those of the environment.
        client_cert: The path of a PEM file with the client certificate, which may hold its key as well.
        client_key: The path of a PEM file with the unencrypted key of the client certificate.
        time_zone: The time zone of the tenant, as in ``America/New_York``, for instants that have none and for days.
        allow_http: Whether rosters and credentials may cross the network unencrypted.
        standard: The version of the standard, as in ``1.2``; None if it is not set.
        service_urls: The base URLs of services that are not below `base_url`, as pairs of name and URL.
    """

    base_url: str
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token: str | None = None
    scopes: str | None = None
    client_auth: str = "basic"
    oauth1_method: str = "HMAC-SHA256"
    profile: str | None = None
    overlay: str | None = None
    headers: Headers = ()
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    time_zone: str | None = None
    allow_http: bool = False
    standard: str | None = None
    service_urls: ServiceUrls = ()

    def __repr__(self) -> str:
        return f"Settings(base_url={self.base_url!r}, access={self.access!r})"

    @property
    def access(self) -> str:
        """The kind of authentication: ``bearer``, ``oauth2``, ``oauth1``, or ``none``."""
        if self.token is not None:
            return "bearer"
        if self.client_id is None:
            return "none"
        return "oauth2" if self.token_url is not None else "oauth1"


def option_of(setting: str) -> str:
    """Return the command line option of a setting, as in ``--base-url``."""
    return _OPTIONS.get(setting) or f"--{setting.replace('_', '-')}"


def variable_of(setting: str) -> str:
    """Return the environment variable of a setting, as in ``ONEROSTER_BASE_URL``."""
    return f"ONEROSTER_{setting.upper()}"


def header_arguments(references: list[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the option ``--header`` names, each as ``NAME=env:VARIABLE`` or ``NAME=file:PATH``.

    Raises:
        ConfigurationError: A reference has another form, or leads nowhere.
    """
    return dict(read_header_references(option_of(HEADERS), references, environ))


def missing_credentials() -> str:
    """Return a message that says how credentials can be given."""
    id_and_secret = " and ".join(_ID_AND_SECRET)
    return f"credentials are missing: token ({_names('token')}), or {id_and_secret} ({_names(*_ID_AND_SECRET)})"


def where_credentials_come_from() -> str:
    """Return a sentence that says where to correct credentials that a server refuses; without a full stop."""
    return f"{_names('token')}, or {_names(*_ID_AND_SECRET)}. {_OTHER_TENANTS}"


def names_a_tenant(arguments: Mapping[str, Any], environ: Mapping[str, str], tenant: str | None = None) -> bool:
    """Return whether arguments or environment say which tenant to use, by its base URL or its name in a file."""
    named = tenant or arguments.get("base_url")
    return bool(named or environ.get("ONEROSTER_TENANT") or environ.get(variable_of("base_url")))


def resolve_settings(
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
    tenant: str | None = None,
    file: str | Path | None = None,
    *,
    anonymous: bool = False,
    quiet: bool = False,
) -> Settings:
    """Return the settings of one tenant.

    An argument takes precedence over a stored setting of the same name. A token as an argument also replaces a stored
    client id, secret and token endpoint, and a client id or secret replaces a stored token, so that credentials of two
    kinds are never mixed. Headers are added to the stored ones.

    Args:
        arguments: The settings given, by the names of `Settings`; None for those not given. Headers and service URLs
            are mappings.
        environ: The environment variables.
        tenant: The name of a tenant in the file; defaults to ``ONEROSTER_TENANT``. Without it, the file is not read.
        file: The configuration file; defaults to ``ONEROSTER_CONFIG``, then to ``oneroster.toml`` in the working
            directory.
        anonymous: Whether the credentials may be missing altogether. They may also be missing if there are headers.
        quiet: Whether not to warn, because the same settings are resolved again when they are used.

    Raises:
        ConfigurationError: Settings are missing or invalid; the message names all of them.

    Warns:
        UnencryptedHttpWarning: The base URL is http, on another machine, and ``allow_http`` is not set.
    """
    given = _read_arguments(arguments)
    tenant = tenant or environ.get("ONEROSTER_TENANT")
    if tenant:
        stored = tenant_from_file(
            Path(file or environ.get("ONEROSTER_CONFIG") or _DEFAULT_FILE), tenant, Settings._fields, environ
        )
    elif file:
        raise ConfigurationError(f"{file} is given, but not which of its tenants to use (--tenant, ONEROSTER_TENANT).")
    else:
        stored = _from_environment(environ)
    if "token" in given:
        replaced: tuple[str, ...] = (*_ID_AND_SECRET, "token_url")
    else:
        replaced = ("token",) if given.keys() & set(_ID_AND_SECRET) else ()
    found = {name: value for name, value in stored.items() if name not in replaced} | given
    if headers := merged_headers(stored.get(HEADERS, ()), given.get(HEADERS, ())):
        found[HEADERS] = headers
    missing, invalid = list(_missing(found, anonymous)), list(invalid_settings(found))
    if missing or invalid:
        text = "; ".join(invalid + missing)
        if tenant:
            raise ConfigurationError(f"Tenant {tenant!r}: {text}.")
        raise ConfigurationError(f"{text}.{f' {_OTHER_TENANTS}.' if missing else ''}")
    settings = Settings(**{**found, "base_url": found["base_url"].rstrip("/")})
    if sends_in_clear(settings.base_url) and not settings.allow_http and not quiet:
        warnings.warn(_unencrypted(settings.base_url), UnencryptedHttpWarning, stacklevel=2)
    return settings


def _read_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in arguments.items() if value is not None}
    if HEADERS in given:
        given[HEADERS] = _read_headers(given[HEADERS])
    if SERVICE_URLS in given:
        given[SERVICE_URLS] = read_service_urls(SERVICE_URLS, given[SERVICE_URLS])
    for name in FLAGS & given.keys():
        given[name] = read_flag(name, given[name])
    for name, value in given.items():
        if isinstance(value, PathLike):
            given[name] = fspath(value)
    read = {HEADERS, SERVICE_URLS, *FLAGS}
    if wrong := [name for name, value in given.items() if name not in read and not isinstance(value, str)]:
        raise ConfigurationError(f"{', '.join(wrong)} must be given as text (str).")
    return given


def _read_headers(given: object) -> Headers:
    pairs: list[tuple[str, str]] = list(given.items()) if isinstance(given, Mapping) else []
    if not isinstance(given, Mapping) or not all(isinstance(part, str) for pair in pairs for part in pair):
        raise ConfigurationError("headers must be given as a mapping from names to values (both str).")
    return tuple((name.lower(), value) for name, value in pairs)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    stored: dict[str, Any] = {
        name: environ[variable_of(name)] for name in Settings._fields if environ.get(variable_of(name))
    }
    for name in FLAGS & stored.keys():
        stored[name] = read_flag(variable_of(name), stored[name])
    if HEADERS in stored:
        references = filter(None, map(str.strip, stored[HEADERS].replace("\n", ",").split(",")))
        stored[HEADERS] = read_header_references(variable_of(HEADERS), references, environ)
    if SERVICE_URLS in stored:
        stored[SERVICE_URLS] = read_service_urls(variable_of(SERVICE_URLS), stored[SERVICE_URLS].split(","))
    return stored


def _unencrypted(base_url: str) -> str:
    return (
        f"{base_url} is http: rosters and credentials cross the network unencrypted. Use https, or set allow_http"
        f" ({_names('allow_http')}) if this is meant."
    )


def _missing(found: Mapping[str, Any], anonymous: bool) -> Iterator[str]:
    """Yield what is missing, with the names under which it can be given."""
    if "base_url" not in found:
        yield f"base_url is missing ({_names('base_url')})"
    if "token" in found:
        return
    absent = [name for name in _ID_AND_SECRET if not found.get(name)]
    if len(absent) == 1:
        yield f"{absent[0]} is missing ({_names(absent[0])}); client_id and client_secret belong together"
    elif absent and not anonymous and HEADERS not in found:
        yield missing_credentials()


def _names(*settings: str) -> str:
    return f"{' and '.join(map(option_of, settings))}, or {' and '.join(map(variable_of, settings))}"
