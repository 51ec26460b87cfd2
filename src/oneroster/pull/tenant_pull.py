"""Pull one of many tenants: to a destination named after it, with an outcome in place of an error, once per run."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from oneroster.errors import ConfigurationError
from oneroster.pull.destination_path import as_destination_errors
from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.detection import open_destination
from oneroster.pull.job import pull
from oneroster.pull.options import PullOptions
from oneroster.pull.outcomes import is_transient
from oneroster.pull.report import PullReport
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.store_location import is_store_uri
from oneroster.pull.tenant import Tenant

__all__ = ["DEFAULT_FORMAT", "TenantOutcome", "check_tenant_name", "pull_tenant", "tenant_destination"]

DEFAULT_FORMAT: Final = "parquet"
_DEFAULT_OPTIONS: Final = PullOptions()


@dataclass(frozen=True)
class TenantOutcome:
    """The outcome of the pull of one tenant.

    Attributes:
        tenant: The name of the tenant.
        destination: Where its roster is; after an error, that of an earlier pull, if any.
        run_id: The name of the run.
        rows: The number of rows of the roster; 0 after an error.
        collections: The rows by collection.
        fetched: The number of rows fetched; after an incremental pull, fewer than the roster has.
        requests: The number of requests sent, retries included; 0 after an error.
        retries: The number of requests sent again.
        received: The bytes of all response bodies.
        seconds: The duration.
        watermark: The time from which the next changes must be requested.
        rejects: The number of problems with single records.
        not_offered: The collections that the server does not offer.
        notes: Sentences about anything unusual.
        skipped: Whether this run had already written the roster, so that nothing was requested.
        error: Why the roster was not written, in words; None if it was.
        error_type: The class of the error.
        transient: Whether the error may pass by itself, so that a later attempt may succeed.
    """

    tenant: str
    destination: str
    run_id: str = ""
    rows: int = 0
    collections: Mapping[str, int] = field(default_factory=dict)
    fetched: int = 0
    requests: int = 0
    retries: int = 0
    received: int = 0
    seconds: float = 0.0
    watermark: str | None = None
    rejects: int = 0
    not_offered: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: bool = False
    error: str | None = None
    error_type: str | None = None
    transient: bool = False


def check_tenant_name(name: str, where: str = "") -> str:
    """Return the name of a tenant, which becomes a file name.

    Args:
        name: The name.
        where: The start of the message.

    Raises:
        ConfigurationError: It cannot be one.
    """
    if not name or name.startswith(".") or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigurationError(
            f"{where}tenant {name!r} cannot be used as a file name; use letters, digits, '-' and '_'."
        )
    return name


def tenant_destination(folder: str | Path, tenant: str, options: PullOptions) -> str | Path:
    """Return the destination of a tenant's roster in a folder of this machine, or its URI on an object store."""
    name = options.format or DEFAULT_FORMAT
    if is_store_uri(folder):
        uri, mark, query = str(folder).partition("?")
        return f"{uri.rstrip('/')}/{tenant}.{name}{mark}{query}"
    return Path(folder) / f"{tenant}.{'zip' if name == 'csv' else name}"


def pull_tenant(tenant: Tenant, to: str | Path, options: PullOptions = _DEFAULT_OPTIONS) -> TenantOutcome:
    """Pull the roster of one tenant to a destination named after it; an error becomes part of the outcome.

    A tenant that failed keeps the roster it had. If the roster in place was written by the run that `options` names,
    nothing is requested: a task that is repeated goes on where it ended.

    Args:
        tenant: The tenant.
        to: The folder for the destinations, created if needed, or the URI of one on an object store.
        options: The options of the pull. The default format is Parquet.

    Raises:
        ConfigurationError: The name of the tenant cannot be a file name.
    """
    name, began = check_tenant_name(tenant.name), time.monotonic()
    options = options._replace(format=options.format or DEFAULT_FORMAT)
    destination = tenant_destination(to, name, options)
    if options.run_id and (written := _written_by(destination, options)) is not None:
        return _skipped(name, destination, written)
    try:
        if isinstance(destination, Path):
            with as_destination_errors(destination.parent, "created"):
                destination.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tenant.open() as client:
            return _outcome(name, pull(client, destination, options), options)
    except Exception as error:  # one tenant's failure, of any kind, must not end the other pulls
        return TenantOutcome(
            name,
            _shown(destination),
            options.run_id,
            seconds=time.monotonic() - began,
            error=str(error) or type(error).__name__,
            error_type=type(error).__name__,
            transient=is_transient(error),
        )


def _shown(destination: str | Path) -> str:
    """Return what outcomes call a destination: a URI without its query, which may hold a signature."""
    return str(destination).partition("?")[0] if is_store_uri(destination) else str(destination)


def _written_by(destination: str | Path, options: PullOptions) -> Manifest | None:
    """Return the manifest of the roster in place, if the run of the options wrote it."""
    with suppress(DestinationError, OSError):
        manifest = open_destination(destination, options.format).manifest
        return manifest if manifest.run_id == options.run_id else None
    return None


def _skipped(name: str, destination: str | Path, manifest: Manifest) -> TenantOutcome:
    rows = {collection: stored.rows for collection, stored in manifest.collections.items()}
    return TenantOutcome(
        name,
        _shown(destination),
        manifest.run_id,
        rows=sum(rows.values()),
        collections=rows,
        watermark=manifest.watermark,
        not_offered=tuple(manifest.not_offered),
        skipped=True,
    )


def _outcome(name: str, report: PullReport, options: PullOptions) -> TenantOutcome:
    rows = {collection: stored.rows for collection, stored in report.manifest.collections.items()}
    return TenantOutcome(
        name,
        str(report.destination),
        options.run_id,
        rows=sum(rows.values()),
        collections=rows,
        fetched=sum(report.fetched.values()),
        requests=report.requests,
        retries=report.retries,
        received=report.received,
        seconds=report.seconds,
        watermark=report.manifest.watermark,
        rejects=sum(report.rejects.values()),
        not_offered=tuple(report.manifest.not_offered),
        notes=report.notes,
    )
