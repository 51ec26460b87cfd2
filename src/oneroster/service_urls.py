"""The base URL of each service of a tenant, formed from the one that is set."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from oneroster.errors import ConfigurationError
from oneroster.standard import Standard

if TYPE_CHECKING:
    from oneroster.settings import Settings

__all__ = ["check_standard", "service_urls", "version_in_url"]

_VERSION: Final = re.compile(r"v(\d{1,3})p(\d{1,3})")


def service_urls(settings: "Settings", standard: Standard) -> Mapping[str, str]:
    """Return the base URL of each service, by name.

    A version with one service has the base URL of the settings. With several, that URL is their root, with or without
    the path that they share, or the base URL of one of them; the setting ``service_urls`` has those elsewhere.

    Raises:
        ConfigurationError: The settings name a service that the version does not have, or another version.
    """
    services = standard.specification.services
    given = dict(settings.service_urls)
    if unknown := sorted(given.keys() - services.keys()):
        raise ConfigurationError(
            f"service_urls: OneRoster {standard.version} has no service {', '.join(unknown)}; it has"
            f" {', '.join(services)}."
        )
    _check_version(settings.base_url, standard)
    if len(services) == 1:
        return MappingProxyType({name: given.get(name, settings.base_url) for name in services})
    root = _root(settings.base_url, services)
    return MappingProxyType({name: given.get(name, root + path) for name, path in services.items()})


def check_standard(settings: "Settings", standard: Standard) -> None:
    """Check that the setting ``standard`` is the version of a client.

    Raises:
        ConfigurationError: It is another version.
    """
    if settings.standard not in (None, standard.version):
        raise ConfigurationError(
            f"The tenant is set to standard {settings.standard} (--standard, ONEROSTER_STANDARD), and this client"
            f" speaks OneRoster {standard.version}. Use the client class of that version, or correct the setting."
        )


def version_in_url(url: str) -> str | None:
    """Return the version that the path of a URL names, as 1.2 in ``/ims/oneroster/rostering/v1p2``; None if none."""
    found = [match for part in urlsplit(url).path.split("/") if (match := _VERSION.fullmatch(part))]
    return f"{int(found[-1][1])}.{int(found[-1][2])}" if found else None


def _check_version(base_url: str, standard: Standard) -> None:
    named = version_in_url(base_url)
    if named in Standard.versions() and named != standard.version:
        raise ConfigurationError(
            f"base_url {base_url} is that of OneRoster {named}, and this client speaks {standard.version}. Set standard"
            f" to {named} (--standard, ONEROSTER_STANDARD), use the client class of that version, or correct base_url."
        )


def _root(base_url: str, services: Mapping[str, str]) -> str:
    shared = _shared_path(services)
    for path in (*services.values(), shared):
        if path and base_url.endswith(path):
            return base_url.removesuffix(path)
    return base_url


def _shared_path(services: Mapping[str, str]) -> str:
    """Return the path with which those of all services begin."""
    first, *others = (path.split("/") for path in services.values())
    length = min(len(first), *map(len, others))
    same = next((at for at in range(length) if any(other[at] != first[at] for other in others)), length)
    return "/".join(first[:same])
