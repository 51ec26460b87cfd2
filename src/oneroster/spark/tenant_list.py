"""The tenants of a pull: from a configuration file, or from a table with references to their secrets."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from oneroster.errors import ConfigurationError
from oneroster.pull.tenant import Tenant
from oneroster.pull.tenant_pull import check_tenant_name
from oneroster.pull.tenants import tenant_names
from oneroster.setting_values import HEADERS, SECRETS
from oneroster.settings import read_tenants

__all__ = ["hosts_of", "tenants"]

_NAME: Final = "tenant"

Resolve = Callable[[str], Mapping[str, Any]]


def tenants(source: Any, *, resolve: Resolve | None = None, **secrets: Mapping[str, str]) -> list[Tenant]:
    """Return the tenants of a configuration file or of a table. They hold names of secrets, and no secret.

    ::

        tenants("oneroster.toml")
        tenants(spark.table("k12.tenants"), token={"env": "ONEROSTER_{TENANT}"})
        tenants(spark.table("k12.tenants"), resolve=read_from_vault)

    Args:
        source: The path of a configuration file; or a DataFrame, or an iterable of mappings, with a column ``tenant``.
            Its other columns are settings, as in ``base_url``; nulls are ignored.
        resolve: A function that takes the name of a tenant and returns further settings, secrets included. It is called
            where the tenant is opened.
        secrets: References to the secrets, by setting: ``{"env": …}`` or ``{"file": …}``. ``{tenant}`` in them is the
            name of the tenant, and ``{TENANT}`` the name in capitals with ``_`` for other characters.

    Raises:
        ConfigurationError: The file cannot be read; the table has a column with secrets, an unknown column, a row
            without a name or two rows of one name.
    """
    if isinstance(source, str | Path):
        if resolve is not None or secrets:
            raise ConfigurationError(
                "A configuration file refers to the secrets itself; leave out the other arguments."
            )
        # Tasks may run in another folder, or on another machine that has the file at the same path.
        config = Path(source).absolute()
        return [Tenant(name, config=config) for name in tenant_names(config)]
    rows: Iterable[Any] = source.collect() if hasattr(source, "collect") else source
    found = [_tenant(row.asDict() if hasattr(row, "asDict") else dict(row), resolve, secrets) for row in rows]
    if repeated := sorted({one.name for one in found if sum(one.name == other.name for other in found) > 1}):
        raise ConfigurationError(f"Tenants in several rows: {', '.join(repeated)}.")
    return found


def hosts_of(listed: Iterable[Tenant]) -> dict[str, str]:
    """Return the host of each tenant by its name.

    Raises:
        ConfigurationError: A host cannot be told without opening the tenant, which reads its secrets.
    """
    files: dict[Path, dict[str, Any]] = {}
    hosts = {}
    for tenant in listed:
        values: Mapping[str, Any] = tenant.values or {}
        if isinstance(tenant.resolve, _Resolver):
            values = tenant.resolve.values
        elif tenant.config is not None:
            path = Path(tenant.config)
            values = files.setdefault(path, read_tenants(path)).get(tenant.name, {})
        found = re.match(r"https?://([^/?#]+)", str(values.get("base_url", "")))
        if found is None:
            raise ConfigurationError(
                f"Tenant {tenant.name!r}: host_rate needs base_url in the configuration file or in the table."
            )
        hosts[tenant.name] = found[1].lower()
    return hosts


@dataclass(frozen=True)
class _Resolver:
    """Adds what a function returns to the settings of a table; a value that can be pickled."""

    values: Mapping[str, Any] = field(repr=False)
    resolve: Resolve = field(repr=False)

    def __call__(self, name: str) -> Mapping[str, Any]:
        return {**self.values, **self.resolve(name)}


def _tenant(row: Mapping[str, Any], resolve: Resolve | None, secrets: Mapping[str, Mapping[str, str]]) -> Tenant:
    values = {name: value for name, value in row.items() if name != _NAME and value is not None}
    if in_table := sorted(set(row) & {*SECRETS, HEADERS}):
        raise ConfigurationError(
            f"The table of tenants has the column {', '.join(in_table)}. A table must not hold secrets: give a"
            ' reference, as in token={"env": "ONEROSTER_{TENANT}"}, or resolve=.'
        )
    name = check_tenant_name(str(row.get(_NAME) or ""), "Table of tenants: ")
    if resolve is None:
        return Tenant(name, values={**values, **_references(name, secrets)})
    if secrets:
        raise ConfigurationError("Give either references to secrets or resolve=.")
    Tenant(name, values=values)  # checks the names of the columns
    return Tenant(name, resolve=_Resolver(values, resolve))


def _references(name: str, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    words = {"{tenant}": name, "{TENANT}": re.sub(r"[^A-Z0-9]", "_", name.upper())}

    def filled(text: str) -> str:
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    return {setting: {kind: filled(text) for kind, text in given.items()} for setting, given in secrets.items()}
