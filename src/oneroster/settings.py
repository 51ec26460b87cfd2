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
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from oneroster.errors import ConfigurationError

__all__ = ["Settings", "resolve_settings"]

_SECRETS: Final = frozenset({"client_secret", "token"})
_CREDENTIALS: Final = frozenset({"client_id", "client_secret", "token"})
_DEFAULT_FILE: Final = "oneroster.toml"


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
    """

    base_url: str
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token: str | None = None
    scopes: str | None = None
    client_auth: str = "basic"
    oauth1_method: str = "HMAC-SHA256"

    def __repr__(self) -> str:
        return f"Settings(base_url={self.base_url!r}, access={self.access!r})"

    @property
    def access(self) -> str:
        """The kind of authentication: ``bearer``, ``oauth2`` or ``oauth1``."""
        if self.token is not None:
            return "bearer"
        return "oauth2" if self.token_url is not None else "oauth1"


def resolve_settings(
    arguments: Mapping[str, str | None],
    environ: Mapping[str, str],
    tenant: str | None = None,
    file: str | Path | None = None,
) -> Settings:
    """Return the settings of one tenant.

    Args:
        arguments: The settings given, by the names of `Settings`; None for those not given.
        environ: The environment variables.
        tenant: The name of a tenant in the file; defaults to ``ONEROSTER_TENANT``. Without it, the file is not read.
        file: The configuration file; defaults to ``ONEROSTER_CONFIG``, then to ``oneroster.toml`` in the working
            directory.

    Raises:
        ConfigurationError: Settings are missing or invalid; the message names all of them.
    """
    given: dict[str, str] = {name: value for name, value in arguments.items() if value is not None}
    tenant = tenant or environ.get("ONEROSTER_TENANT")
    if tenant:
        path = Path(file or environ.get("ONEROSTER_CONFIG") or _DEFAULT_FILE)
        stored = _from_file(path, tenant, environ)
    else:
        names = {name: f"ONEROSTER_{name.upper()}" for name in Settings._fields}
        stored = {name: environ[key] for name, key in names.items() if environ.get(key)}
    if _CREDENTIALS & given.keys():
        # Credentials passed as arguments are not combined with stored ones of the other kind.
        other = {"client_id", "client_secret"} if "token" in given else {"token"}
        stored = {name: value for name, value in stored.items() if name not in other}
    found = stored | given
    problems = _problems(found)
    if problems:
        text = "; ".join(problems)
        if tenant:
            raise ConfigurationError(f"Tenant {tenant!r}: {text}.")
        raise ConfigurationError(f"{text}. Set them as options or as ONEROSTER_* environment variables.")
    return Settings(**{**found, "base_url": found["base_url"].rstrip("/")})


def _problems(found: Mapping[str, str]) -> list[str]:
    invalid = [name for name in ("base_url", "token_url") if name in found and not _is_http_url(found[name])]
    problems = [f"{name} must be an http(s) URL without user info" for name in invalid]
    if "base_url" not in found:
        problems.append("base_url is missing")
    elif set("?#") & set(found["base_url"]):
        # The paths of the operations are appended to it.
        problems.append("base_url must have no query and no fragment")
    if "token" in found:
        problems += [] if found["token"].strip() else ["token is empty"]
    else:
        problems += [f"{name} is missing" for name in ("client_id", "client_secret") if not found.get(name)]
    if found.get("client_auth", "basic") not in ("basic", "body"):
        problems.append("client_auth must be basic or body")
    if found.get("oauth1_method", "HMAC-SHA256") not in ("HMAC-SHA256", "HMAC-SHA1"):
        problems.append("oauth1_method must be HMAC-SHA256 or HMAC-SHA1")
    return problems


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


def _from_file(path: Path, tenant: str, environ: Mapping[str, str]) -> dict[str, str]:
    import tomllib

    try:
        data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read as TOML ({type(error).__name__}).") from error
    tenants = data.get("tenants")
    table = tenants.get(tenant) if isinstance(tenants, dict) else None
    if not isinstance(table, dict):
        known = ", ".join(sorted(tenants)) if isinstance(tenants, dict) else "none"
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
