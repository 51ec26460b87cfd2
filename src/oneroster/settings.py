"""The settings of a tenant, from arguments, ``ONEROSTER_*`` environment variables, or a configuration file.

A configuration file describes tenants by name:

::

    [tenants.springfield]
    base_url = "https://sis.example/ims/oneroster/v1p1"
    token_url = "https://sis.example/oauth/token"
    client_id = "kit"
    client_secret = { env = "SPRINGFIELD_SECRET" }      # or { file = "/run/secrets/springfield" }

Arguments take precedence. Other settings are read from the file if a tenant is named, otherwise from the
environment; never from both, so that the secret of one tenant is not sent to the URL of another.

The client, the commands ``get``, ``pull`` and ``check``, and the pytest plugin all take their settings from
`resolve_settings`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from oneroster.errors import ConfigurationError

__all__ = [
    "Settings",
    "missing_credentials",
    "names_a_tenant",
    "option_of",
    "read_tenants",
    "resolve_settings",
    "variable_of",
]

_SECRETS: Final = frozenset({"client_secret", "token"})
_ID_AND_SECRET: Final = ("client_id", "client_secret")
_DEFAULT_FILE: Final = "oneroster.toml"
_CHOICES: Final = {"client_auth": ("basic", "body"), "oauth1_method": ("HMAC-SHA256", "HMAC-SHA1")}
"""The values of the settings that have few."""


_OTHER_TENANTS: Final = (
    " A tenant of a configuration file is named by --tenant or ONEROSTER_TENANT; --sandbox uses the embedded tenant."
)


class Settings(NamedTuple):
    """The settings of one tenant.

    Attributes:
        base_url: The base URL, up to and including a path such as ``/ims/oneroster/v1p1``.
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
    return f"--{setting.replace('_', '-')}"


def variable_of(setting: str) -> str:
    """Return the environment variable of a setting, as in ``ONEROSTER_BASE_URL``."""
    return f"ONEROSTER_{setting.upper()}"


def missing_credentials() -> str:
    """Return a message that says how credentials can be given."""
    id_and_secret = " and ".join(_ID_AND_SECRET)
    return f"credentials are missing: token ({_names('token')}), or {id_and_secret} ({_names(*_ID_AND_SECRET)})"


def names_a_tenant(arguments: Mapping[str, str | None], environ: Mapping[str, str], tenant: str | None = None) -> bool:
    """Return whether arguments or environment say which tenant to use, by its base URL or its name in a file."""
    named = tenant or arguments.get("base_url")
    return bool(named or environ.get("ONEROSTER_TENANT") or environ.get(variable_of("base_url")))


def resolve_settings(
    arguments: Mapping[str, str | None],
    environ: Mapping[str, str],
    tenant: str | None = None,
    file: str | Path | None = None,
    *,
    anonymous: bool = False,
) -> Settings:
    """Return the settings of one tenant.

    An argument takes precedence over a stored setting of the same name. A token as an argument also replaces a stored
    client id, secret and token endpoint, and a client id or secret replaces a stored token, so that credentials of two
    kinds are never mixed.

    Args:
        arguments: The settings given, by the names of `Settings`; None for those not given.
        environ: The environment variables.
        tenant: The name of a tenant in the file; defaults to ``ONEROSTER_TENANT``. Without it, the file is not read.
        file: The configuration file; defaults to ``ONEROSTER_CONFIG``, then to ``oneroster.toml`` in the working
            directory.
        anonymous: Whether the credentials may be missing altogether.

    Raises:
        ConfigurationError: Settings are missing or invalid; the message names all of them.
    """
    given: dict[str, str] = {name: value for name, value in arguments.items() if value is not None}
    if wrong := [name for name, value in given.items() if not isinstance(value, str)]:
        raise ConfigurationError(f"{', '.join(wrong)} must be given as text (str).")
    tenant = tenant or environ.get("ONEROSTER_TENANT")
    if tenant:
        stored = _from_file(Path(file or environ.get("ONEROSTER_CONFIG") or _DEFAULT_FILE), tenant, environ)
    elif file:
        raise ConfigurationError(f"{file} is given, but not which of its tenants to use (--tenant, ONEROSTER_TENANT).")
    else:
        names = {name: variable_of(name) for name in Settings._fields}
        stored = {name: environ[key] for name, key in names.items() if environ.get(key)}
    if "token" in given:
        replaced: tuple[str, ...] = (*_ID_AND_SECRET, "token_url")
    else:
        replaced = ("token",) if given.keys() & set(_ID_AND_SECRET) else ()
    found = {name: value for name, value in stored.items() if name not in replaced} | given
    missing, invalid = list(_missing(found, anonymous)), list(_invalid(found))
    if missing or invalid:
        text = "; ".join(invalid + missing)
        if tenant:
            raise ConfigurationError(f"Tenant {tenant!r}: {text}.")
        raise ConfigurationError(f"{text}.{_OTHER_TENANTS if missing else ''}")
    return Settings(**{**found, "base_url": found["base_url"].rstrip("/")})


def _missing(found: Mapping[str, str], anonymous: bool) -> Iterator[str]:
    """Yield what is missing, with the names under which it can be given."""
    if "base_url" not in found:
        yield f"base_url is missing ({_names('base_url')})"
    if "token" in found:
        return
    absent = [name for name in _ID_AND_SECRET if not found.get(name)]
    if len(absent) == 1:
        yield f"{absent[0]} is missing ({_names(absent[0])}); client_id and client_secret belong together"
    elif absent and not anonymous:
        yield missing_credentials()


def _names(*settings: str) -> str:
    return f"{' and '.join(map(option_of, settings))}, or {' and '.join(map(variable_of, settings))}"


def _invalid(found: Mapping[str, str]) -> Iterator[str]:
    """Yield what is invalid, without its value, which may be a secret."""
    for name in ("base_url", "token_url"):
        if name in found and not _is_http_url(found[name]):
            yield f"{name} must be an http(s) URL without user info"
    if set("?#") & set(found.get("base_url", "")):
        # The paths of the operations are appended to it.
        yield "base_url must have no query and no fragment"
    if "#" in found.get("token_url", ""):
        yield "token_url must have no fragment"
    yield from _invalid_credentials(found)
    for name, choices in _CHOICES.items():
        if name in found and found[name] not in choices:
            yield f"{name} must be {' or '.join(choices)}"


def _invalid_credentials(found: Mapping[str, str]) -> Iterator[str]:
    if "token" in found:
        token = found["token"]
        if "client_id" in found:
            yield "token and client_id are both given; give a token, or a client id and secret"
        if not token.strip():
            yield "token is empty"
        elif not token.isascii() or not token.isprintable():
            yield "token must be printable ASCII text without line breaks"
    for name in _ID_AND_SECRET:
        if not found.get(name, "").isprintable():
            yield f"{name} must be printable text without line breaks"


def _is_http_url(text: str) -> bool:
    import httpx

    try:
        parts, _ = urlsplit(text), httpx.URL(text)
        # The URL of a token endpoint may have a query (7.4: its path is chosen by the vendor).
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and parts.port != 0
            and not any(letter.isspace() for letter in text)
        )
    except (ValueError, httpx.InvalidURL):
        return False


def read_tenants(path: Path) -> dict[str, Any]:
    """Return the tables of all tenants of a configuration file by name, unresolved.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    import tomllib

    try:
        # Editors of Windows may begin a file with a byte order mark, which TOML does not allow.
        tenants = tomllib.loads(path.read_text("utf-8-sig")).get("tenants")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}); name the file with --config.") from None
    except (ValueError, RecursionError) as error:
        # The rest of the message may quote a secret.
        place = re.search(r"\(at (line \d+)", str(error))
        raise ConfigurationError(f"{path} cannot be read as TOML{f': error in {place[1]}' if place else ''}.") from None
    return tenants if isinstance(tenants, dict) else {}


def _from_file(path: Path, tenant: str, environ: Mapping[str, str]) -> dict[str, str]:
    tenants = read_tenants(path)
    table = tenants.get(tenant)
    if not isinstance(table, dict):
        known = ", ".join(sorted(tenants))
        raise ConfigurationError(f"{path} has no [tenants.{tenant}]. Tenants in the file: {known or 'none'}.")
    unknown = sorted(table.keys() - set(Settings._fields))
    if unknown:
        raise ConfigurationError(f"{path}, tenant {tenant!r}: unknown settings {', '.join(unknown)}.")
    return {name: _value(f"{path}, tenant {tenant!r}: {name}", name, value, environ) for name, value in table.items()}


def _value(label: str, name: str, value: object, environ: Mapping[str, str]) -> str:
    if isinstance(value, str):
        if name in _SECRETS:
            raise ConfigurationError(
                f'{label}: a secret must not be in this file. Refer to it by {{ env = "NAME" }} or {{ file = "path" }}.'
            )
        return value
    reference = value if isinstance(value, dict) and len(value) == 1 else {}
    match reference:
        case {"env": str(key)}:
            if not environ.get(key):
                raise ConfigurationError(f"{label}: the environment variable {key} is not set.")
            return environ[key]
        case {"file": str(path)}:
            try:
                secret = Path(path).read_text("utf-8").strip()
            except (OSError, ValueError) as error:
                raise ConfigurationError(f"{label}: {path} cannot be read ({type(error).__name__}).") from error
            if not secret:
                raise ConfigurationError(f"{label}: {path} is empty.")
            return secret
    raise ConfigurationError(f'{label} must be a string, {{ env = "NAME" }} or {{ file = "path" }}.')
