"""The options of ``spark.read.format("oneroster")``, checked before anything is planned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from oneroster.errors import ConfigurationError
from oneroster.pull.extraction import collection_schema
from oneroster.pull.plan import RosterSelection
from oneroster.pull.tenants import tenant_names
from oneroster.setting_values import SECRETS, read_flag

__all__ = ["ERROR_COLUMN", "TENANT_COLUMN", "SourceOptions"]

TENANT_COLUMN: Final = "tenant"
ERROR_COLUMN: Final = "_error"

_FAILFAST: Final = "FAILFAST"
_PERMISSIVE: Final = "PERMISSIVE"
_USE: Final = 'spark.read.format("oneroster").option("tenants", "oneroster.toml").load("users")'


@dataclass(frozen=True)
class SourceOptions:
    """The options of a read. They hold names of tenants, and no secret.

    Attributes:
        collection: The collection, as in ``users``: the argument of ``load``.
        tenants: The configuration file of the tenants, which all executors can read.
        tenant: The tenants to read, separated by commas; empty for all of the file.
        columns: The columns to read, separated by commas; empty for all but passwords.
        filter: A filter to send to each tenant.
        since: A time; only records changed since then are read.
        active: Whether to leave out records that are not active.
        drop_personal: Whether to leave out all columns that the document marks as personal.
        profile: The dialect.
        standard: The version of OneRoster that the tenants speak; None for the default.
        rate: The maximum number of requests per second to each tenant.
        workers: The maximum number of concurrent requests to each tenant.
        mode: ``FAILFAST``, where a tenant that fails fails the job; or ``PERMISSIVE``, where it becomes a row with an
            error and no data.
    """

    collection: str
    tenants: Path
    tenant: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filter: str | None = field(default=None, repr=False)
    since: str | None = None
    active: bool = False
    drop_personal: bool = False
    profile: str = "standard"
    standard: str | None = None
    rate: float | None = None
    workers: int = 4
    mode: str = _FAILFAST

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "SourceOptions":
        """Return the options as Spark gives them: text by name, and the argument of ``load`` as ``path``.

        Raises:
            ConfigurationError: An option does not exist, is missing or invalid.
        """
        texts = {name.lower(): text for name, text in given.items()}
        texts["collection"] = texts.pop("path", "")
        if unknown := sorted(texts.keys() - _READ.keys()):
            hint = "Secrets are named by the configuration file. " if SECRETS & set(unknown) else ""
            known = ", ".join(sorted(_READ.keys() - {"collection"}))
            raise ConfigurationError(f"Unknown options {', '.join(unknown)}. {hint}Options: {known}.")
        if not texts["collection"] or "tenants" not in texts:
            raise ConfigurationError(f"Name the collection and the configuration file of the tenants, as in {_USE}.")
        return cls(**{name: _READ[name](name, text) for name, text in texts.items()})

    @property
    def permissive(self) -> bool:
        """Whether a tenant that fails becomes a row with an error."""
        return self.mode == _PERMISSIVE

    @property
    def selection(self) -> RosterSelection:
        """What to read of the collection."""
        return RosterSelection(
            only=[self.collection],
            active=self.active,
            drop_personal=self.drop_personal,
            columns={self.collection: self.columns} if self.columns else {},
            filters={} if self.filter is None else {self.collection: self.filter},
        )

    def names(self) -> list[str]:
        """Return the names of the tenants to read.

        Raises:
            ConfigurationError: The file cannot be read, or has no such tenant.
        """
        known = tenant_names(self.tenants)
        if missing := sorted(set(self.tenant) - set(known)):
            raise ConfigurationError(f"{self.tenants} has no tenant {', '.join(missing)}.")
        return [name for name in known if not self.tenant or name in self.tenant]

    def rows_schema(self) -> pa.Schema:
        """Return the schema of the rows of a tenant, without the columns that are added to them.

        Raises:
            ConfigurationError: The collection or a column does not exist.
        """
        return collection_schema(self.collection, self.selection, profile=self.profile, standard=self.standard)

    def schema(self) -> pa.Schema:
        """Return the schema of the DataFrame.

        Raises:
            ConfigurationError: The collection or a column does not exist.
        """
        fields = [pa.field(TENANT_COLUMN, pa.string(), nullable=False), *self.rows_schema()]
        if self.permissive:
            # A row with an error has no data.
            fields = [fields[0], *(one.with_nullable(True) for one in fields[1:]), pa.field(ERROR_COLUMN, pa.string())]
        return pa.schema(fields)


def _text(_name: str, text: str) -> str:
    return text


def _path(_name: str, text: str) -> Path:
    # Tasks may run in another folder.
    return Path(text).absolute()


def _list(_name: str, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _mode(_name: str, text: str) -> str:
    if text.upper() not in (_FAILFAST, _PERMISSIVE):
        raise ConfigurationError(f"mode is {_FAILFAST} or {_PERMISSIVE}, not {text!r}.")
    return text.upper()


def _number(kind: Callable[[str], Any]) -> Callable[[str, str], Any]:
    def read(name: str, text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < float("inf"):
            raise ConfigurationError(f"{name} must be a number above zero, not {text!r}.")
        return value

    return read


_READ: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "collection": _text,
    "tenants": _path,
    "tenant": _list,
    "columns": _list,
    "filter": _text,
    "since": _text,
    "active": read_flag,
    "drop_personal": read_flag,
    "profile": _text,
    "standard": _text,
    "rate": _number(float),
    "workers": _number(int),
    "mode": _mode,
}
"""How the text of each option is read."""
