"""Where the settings of a tenant come from: arguments, ``ONEROSTER_*`` variables, or a named tenant of a file.

::

    [tenants.springfield]
    base_url = "https://sis.example/ims/oneroster/v1p1"
    token_url = "https://sis.example/oauth/token"
    client_id = "kit"
    client_secret = { env = "SPRINGFIELD_SECRET" }      # or { file = "/run/secrets/springfield" }

An argument outranks everything. Without a named tenant, a variable stands in for an argument that is not given; with
one, variables are not looked at, so that no tenant's secret meets another's address.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from oneroster.errors import ConfigurationError

__all__ = ["Settings", "resolve"]

_SECRETS: Final = frozenset({"client_secret", "token"})
_ACCESS: Final = frozenset({"client_id", "client_secret", "token"})
_DEFAULT_FILE: Final = "oneroster.toml"


class Settings(NamedTuple):
    """One tenant.

    Attributes:
        base_url: Up to and with ``/ims/oneroster/v1p1``.
        token_url: The token endpoint; with it, access goes by OAuth 2, without it by OAuth 1.0a.
        client_id: The client, or consumer key.
        client_secret: Its secret.
        token: A static bearer token, in place of id and secret.
        scopes: OAuth 2 scopes, parted by blanks; None asks for all reads.
        client_auth: ``basic`` or ``body``: where the token endpoint wants id and secret.
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
        """``bearer``, ``oauth2`` or ``oauth1``."""
        if self.token is not None:
            return "bearer"
        return "oauth2" if self.token_url is not None else "oauth1"


def resolve(
    arguments: Mapping[str, str | None],
    environ: Mapping[str, str],
    tenant: str | None = None,
    file: str | Path | None = None,
) -> Settings:
    """The settings of one tenant.

    Args:
        arguments: By the names of `Settings`; None for what is not given.
        environ: The environment.
        tenant: A name in the file; None for ``ONEROSTER_TENANT``, and for none without it.
        file: The file; None for ``ONEROSTER_CONFIG``, and for ``oneroster.toml`` here without it.

    Raises:
        ConfigurationError: A setting is missing or wrong; all that is known to be so is named at once.
    """
    given: dict[str, str] = {name: value for name, value in arguments.items() if value is not None}
    tenant = tenant or environ.get("ONEROSTER_TENANT")
    where = f"tenant {tenant!r}" if tenant else "the arguments or ONEROSTER_* variables"
    if tenant:
        path = Path(file or environ.get("ONEROSTER_CONFIG") or _DEFAULT_FILE)
        stored = _from_file(path, tenant, environ)
    else:
        names = {name: f"ONEROSTER_{name.upper()}" for name in Settings._fields}
        stored = {name: environ[key] for name, key in names.items() if environ.get(key)}
    if _ACCESS & given.keys():
        # Whoever passes credentials does not mean to mix them with others lying around.
        other = {"client_id", "client_secret"} if "token" in given else {"token"}
        stored = {name: value for name, value in stored.items() if name not in other}
    return _checked(stored | given, where)


def _checked(found: dict[str, str], where: str) -> Settings:
    addresses = [name for name in ("base_url", "token_url") if name in found and not _is_web_address(found[name])]
    wrong = [f"{name} is no http(s) address, or holds a user name" for name in addresses]
    if "base_url" not in found:
        wrong.append("base_url is missing")
    elif set("?#") & set(found["base_url"]):
        # Paths are put behind it, so what stands there would swallow them.
        wrong.append("base_url has a query or a fragment")
    if "token" in found:
        wrong += [] if found["token"].strip() else ["token is empty"]
    else:
        wrong += [f"{name} is missing" for name in ("client_id", "client_secret") if not found.get(name)]
    if found.get("client_auth", "basic") not in ("basic", "body"):
        wrong.append("client_auth is neither basic nor body")
    if found.get("oauth1_method", "HMAC-SHA256") not in ("HMAC-SHA256", "HMAC-SHA1"):
        wrong.append("oauth1_method is neither HMAC-SHA256 nor HMAC-SHA1")
    if wrong:
        raise ConfigurationError(f"In {where}: {'; '.join(wrong)}.")
    return Settings(**{**found, "base_url": found["base_url"].rstrip("/")})


def _is_web_address(text: str) -> bool:
    import httpx

    try:
        parts, _ = urlsplit(text), httpx.URL(text)
        # A query may be needed by a token endpoint (7.4: paths are the vendor's), but a user never is.
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
        raise ConfigurationError(f"{path} has no [tenants.{tenant}]; it has {known or 'none'}.")
    unknown = sorted(table.keys() - set(Settings._fields))
    if unknown:
        raise ConfigurationError(f"{path}, tenant {tenant!r}: unknown settings {', '.join(unknown)}.")
    return {name: _value(f"{path}, tenant {tenant!r}: {name}", name, value, environ) for name, value in table.items()}


def _value(place: str, name: str, value: object, environ: Mapping[str, str]) -> str:
    if isinstance(value, str):
        if name in _SECRETS:
            raise ConfigurationError(
                f'{place} stands in the file itself. Name where it is kept: {{ env = "NAME" }} or {{ file = "path" }}.'
            )
        return value
    reference = value if isinstance(value, dict) and len(value) == 1 else {}
    match reference:
        case {"env": str(key)}:
            if not environ.get(key):
                raise ConfigurationError(f"{place}: the variable {key} is not set.")
            return environ[key]
        case {"file": str(path)}:
            try:
                kept = Path(path).read_text("utf-8").strip()
            except (OSError, ValueError) as error:
                raise ConfigurationError(f"{place}: {path} cannot be read ({type(error).__name__}).") from error
            if not kept:
                raise ConfigurationError(f"{place}: {path} is empty.")
            return kept
    raise ConfigurationError(f'{place} must be a string, {{ env = "NAME" }} or {{ file = "path" }}.')
