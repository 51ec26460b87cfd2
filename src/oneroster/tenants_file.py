"""The configuration file of tenants: read, with references to secrets resolved."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from oneroster.bounded_files import read_at_most
from oneroster.errors import ConfigurationError
from oneroster.setting_values import (
    FLAGS,
    HEADERS,
    SECRETS,
    SERVICE_URLS,
    Headers,
    read_flag,
    read_reference,
    read_service_urls,
)

__all__ = ["read_setting", "read_tenants", "tenant_from_file", "unknown_settings"]

_MOST_NAMES: Final = 20
"""How many tenants an error names."""

_MOST_BYTES: Final = 32 << 20
_MOST_DOTS: Final = 500
"""Dots in one line: the parser takes time in proportion to the square of the parts of a key."""


def read_tenants(path: Path) -> dict[str, Any]:
    """Return the tables of all tenants of a configuration file by name, unresolved.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    try:
        # Editors of Windows may begin a file with a byte order mark, which TOML does not allow.
        tenants = _parsed(read_at_most(path, _MOST_BYTES).decode("utf-8-sig")).get("tenants")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}); name the file with --config (in pytest --oneroster-config)."
        ) from None
    except (ValueError, RecursionError) as error:
        # The rest of the message may quote a secret.
        place = re.search(r"\(at (?:(line \d+)|end of document)", str(error))
        where = f": error {f'in {place[1]}' if place[1] else 'at its end'}" if place else ""
        raise ConfigurationError(f"{path} cannot be read as TOML{where}.") from None
    return tenants if isinstance(tenants, dict) else {}


@lru_cache(4)
def _parsed(text: str) -> dict[str, Any]:
    """Return the content of a file, which is parsed once for all of its tenants."""
    import tomllib

    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise ValueError
    return tomllib.loads(text)


def tenant_from_file(path: Path, tenant: str, known: Collection[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of one tenant of a file, with the secrets that it refers to.

    Args:
        path: The file.
        tenant: The name of the tenant.
        known: The names of all settings.
        environ: The environment variables.

    Raises:
        ConfigurationError: The file cannot be read, has no such tenant, or holds a setting that cannot be used.
    """
    tenants = read_tenants(path)
    table = tenants.get(tenant)
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path} has no [tenants.{tenant}]. Tenants in the file: {_some_names(tenants)}.")
    unknown = sorted(table.keys() - set(known))
    if unknown:
        raise ConfigurationError(f"{path}, tenant {tenant!r}: {unknown_settings(unknown, known)}")
    label = f"{path}, tenant {tenant!r}: "
    return {name: read_setting(f"{label}{name}", name, value, environ) for name, value in table.items()}


def _some_names(tenants: Collection[str]) -> str:
    names = sorted(tenants)
    others = f" and {len(names) - _MOST_NAMES} others" if len(names) > _MOST_NAMES else ""
    return (", ".join(names[:_MOST_NAMES]) or "none") + others


def unknown_settings(unknown: Collection[str], known: Collection[str]) -> str:
    """Return the sentence that refuses names which are no settings, with the known names that are most like them."""
    from oneroster_runtime.specification.vocabulary import nearest

    return f"unknown settings {', '.join(unknown)}{''.join(nearest(name, list(known)) for name in unknown) or '.'}"


def read_setting(label: str, name: str, value: object, environ: Mapping[str, str]) -> Any:
    """Return the value of a setting as written in a file, with the secret that it refers to.

    Args:
        label: The place of the setting, for errors.
        name: The setting.
        value: What is written.
        environ: The environment variables.

    Raises:
        ConfigurationError: It cannot be used.
    """
    if name == HEADERS:
        return _headers(label, value, environ)
    if name == SERVICE_URLS:
        return read_service_urls(label, value if isinstance(value, dict) else None)
    if name in FLAGS:
        return read_flag(label, _text(label, value, environ) if isinstance(value, dict) else value)
    return _text(label, value, environ, secret=name in SECRETS)


def _headers(label: str, value: object, environ: Mapping[str, str]) -> Headers:
    if not isinstance(value, dict):
        raise ConfigurationError(f'{label} must be a table, as in {{ x-key = {{ env = "NAME" }} }}.')
    return tuple((name.lower(), _text(f"{label}.{name}", each, environ, secret=True)) for name, each in value.items())


def _text(label: str, value: object, environ: Mapping[str, str], *, secret: bool = False) -> str:
    if isinstance(value, str) and not secret:
        return value
    if isinstance(value, str):
        raise ConfigurationError(
            f'{label}: a secret must not be in this file. Refer to it by {{ env = "NAME" }} or {{ file = "path" }}.'
        )
    match value:
        case {"env": str(place), **rest} if not rest:
            return read_reference(label, "env", place, environ)
        case {"file": str(place), **rest} if not rest:
            return read_reference(label, "file", place, environ)
    raise ConfigurationError(f'{label} must be a string, {{ env = "NAME" }} or {{ file = "path" }}.')
