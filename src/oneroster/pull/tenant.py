"""A tenant as a value: picklable, without secrets, opened where it is used."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oneroster.base_client import SyncClient
from oneroster.client import client_class
from oneroster.detection import detect_standard
from oneroster.errors import ConfigurationError
from oneroster.settings import Settings, resolve_settings
from oneroster.tenants_file import read_setting, unknown_settings

__all__ = ["Tenant", "open_tenant"]


@dataclass(frozen=True)
class Tenant:
    """A tenant that another process can open.

    ::

        Tenant("springfield", config="oneroster.toml")
        Tenant("springfield", values={"base_url": "https://…", "token": {"env": "SPRINGFIELD_TOKEN"}})
        Tenant("springfield", resolve=read_from_vault)     # a function of a module, which takes the name

    A pickled tenant holds names of secrets and no secret. They are read where the tenant is opened.

    Attributes:
        name: The name.
        config: The configuration file that describes the tenant.
        values: The settings of the tenant, as in a configuration file: secrets and headers are references.
        resolve: Returns the settings of the tenant by its name, secrets included.
    """

    name: str
    config: str | Path | None = None
    values: Mapping[str, Any] | None = field(default=None, repr=False)
    resolve: Callable[[str], Mapping[str, Any]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check that the settings are from one place.

        Raises:
            ConfigurationError: They are from several places or from none, or a setting does not exist.
        """
        if sum(given is not None for given in (self.config, self.values, self.resolve)) != 1:
            raise ConfigurationError(f"Tenant {self.name!r}: give one of config, values and resolve.")
        _check_names(self.name, self.values or {})

    def open(self, **options: Any) -> SyncClient:
        """Return a client of the tenant, for the version of the standard that it speaks.

        Args:
            options: Further arguments of the client, as in ``retry``.

        Raises:
            ConfigurationError: A setting is missing or invalid, or a secret cannot be read.
        """
        if self.config is not None:
            return open_tenant({}, self.name, self.config, **options)
        if self.resolve is not None:
            found = dict(self.resolve(self.name))
            _check_names(self.name, found)
            return open_tenant(found, **options)
        label = f"Tenant {self.name!r}: "
        values = self.values or {}
        found = {name: read_setting(f"{label}{name}", name, value, os.environ) for name, value in values.items()}
        mappings: dict[str, Any] = {name: dict(found[name]) for name in ("headers", "service_urls") if name in found}
        return open_tenant({**found, **mappings}, **options)


def open_tenant(
    arguments: Mapping[str, Any], name: str | None = None, config: str | Path | None = None, **options: Any
) -> SyncClient:
    """Return a client of a tenant, for the version of the standard that it speaks.

    Args:
        arguments: The settings given.
        name: The name of the tenant in a configuration file.
        config: The configuration file.
        options: Further arguments of the client.

    Raises:
        ConfigurationError: A setting is missing or invalid.
    """
    settings = resolve_settings(arguments, os.environ, name, config, quiet=True)
    standard = detect_standard(settings).standard
    return client_class(standard)(**arguments, tenant=name, config=config, **options)


def _check_names(tenant: str, values: Mapping[str, Any]) -> None:
    known = set(Settings._fields) - {"profile", "overlay"}
    if unknown := sorted(values.keys() - known):
        raise ConfigurationError(f"Tenant {tenant!r}: {unknown_settings(unknown, sorted(known))}")
