"""Pull a whole roster, every row exactly once, to files, a database, or Arrow.

::

    from oneroster import OneRoster
    from oneroster.pull import collection_reader, pull

    with OneRoster(base_url="https://sis.example/ims/oneroster/v1p1", token="...") as client:
        report = pull(client, "roster.duckdb")
        users = collection_reader(client, "users").read_all().to_pandas()

The package needs the extra ``pull``.
"""

from typing import TYPE_CHECKING, Any

from oneroster.extras import import_with_extra

if TYPE_CHECKING:
    from oneroster.pull.dry_run import CollectionPreview, preview
    from oneroster.pull.errors import (
        DestinationError,
        GuardError,
        NothingOfferedError,
        PullError,
        RejectsWarning,
        StagingError,
    )
    from oneroster.pull.extraction import Extract, collection_schema, extract
    from oneroster.pull.formats.detection import open_destination
    from oneroster.pull.incremental.watermark import KnownState
    from oneroster.pull.job import pull
    from oneroster.pull.options import PullOptions
    from oneroster.pull.outcomes import CollectionOutcome, is_transient
    from oneroster.pull.plan import RosterSelection
    from oneroster.pull.progress import Progress
    from oneroster.pull.report import PullReport
    from oneroster.pull.roster.rejects import Reject, Rejects
    from oneroster.pull.roster.roster_protocol import Roster
    from oneroster.pull.sanity_checks import SanityLimits
    from oneroster.pull.store_location import StoreLocation
    from oneroster.pull.tenant import Tenant
    from oneroster.pull.tenant_arrow_stream import collection_reader
    from oneroster.pull.tenant_pull import TenantOutcome, pull_tenant
    from oneroster.pull.tenants import pull_tenants

__all__ = [
    "CollectionOutcome",
    "CollectionPreview",
    "DestinationError",
    "Extract",
    "GuardError",
    "KnownState",
    "NothingOfferedError",
    "Progress",
    "PullError",
    "PullOptions",
    "PullReport",
    "Reject",
    "Rejects",
    "RejectsWarning",
    "Roster",
    "RosterSelection",
    "SanityLimits",
    "StagingError",
    "StoreLocation",
    "Tenant",
    "TenantOutcome",
    "collection_reader",
    "collection_schema",
    "extract",
    "is_transient",
    "open_destination",
    "preview",
    "pull",
    "pull_tenant",
    "pull_tenants",
]

_MODULES = {
    "SanityLimits": "sanity_checks",
    "RosterSelection": "plan",
    "Progress": "progress",
    "CollectionOutcome": "outcomes",
    "CollectionPreview": "dry_run",
    "Extract": "extraction",
    "KnownState": "incremental.watermark",
    "Reject": "roster.rejects",
    "Rejects": "roster.rejects",
    "StoreLocation": "store_location",
    "Tenant": "tenant",
    "collection_schema": "extraction",
    "extract": "extraction",
    "is_transient": "outcomes",
    "PullReport": "report",
    "Roster": "roster.roster_protocol",
    "PullOptions": "options",
    "open_destination": "formats.detection",
    "preview": "dry_run",
    "TenantOutcome": "tenant_pull",
    "pull": "job",
    "pull_tenant": "tenant_pull",
    "pull_tenants": "tenants",
    "collection_reader": "tenant_arrow_stream",
}


def __getattr__(name: str) -> Any:
    # Import on first use, so that --help does not load Arrow.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_with_extra(f"{__name__}.{_MODULES.get(name, 'errors')}", "pull"), name)
