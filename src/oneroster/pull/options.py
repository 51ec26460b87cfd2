"""The options of a pull."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from oneroster.pagination.walk import Paging
from oneroster.pull.fetch.rate_limit import RateLimit
from oneroster.pull.incremental.watermark import DEFAULT_OVERLAP
from oneroster.pull.plan import RosterSelection
from oneroster.pull.sanity_checks import SanityLimits

if TYPE_CHECKING:
    from oneroster.base_client import SyncClient
    from oneroster.pull.store_location import StoreLocation

__all__ = ["PullOptions"]


class PullOptions(NamedTuple):
    """The options of a pull.

    Attributes:
        format: ``csv``, ``ndjson``, ``ndjson.gz``, ``ndjson.zst``, ``parquet``, ``duckdb`` or ``sqlite``; None to
            detect the format from the destination.
        profile: The dialect of the tenant; empty for that of its settings, if the document defines it, or the standard.
        selection: The part of the roster to pull.
        since: Fetch only records changed since this time in ISO 8601, or since the watermark of the existing roster
            (``last``). None fetches everything.
        overlap: How much earlier than ``since`` changes are requested.
        base: A complete roster to compare with and to update; None for the one at the destination, if its format can
            be updated.
        delta: Write only the changes to the destination. A CSV bundle of changes is always a delta.
        limits: The sanity limits.
        accept_shrink: Publish the roster even if it lost more rows than the limit allows.
        resume: Resume an unfinished pull to this destination.
        workers: The maximum number of concurrent requests.
        rate: The maximum number of requests per second; None for no limit.
        staging: The folder of this machine in which rows are staged for an object store; None for that of the user.
        prune: On an object store, delete the data of earlier pulls that began longer ago than this; None deletes none.
        as_standard: The version of OneRoster to write the roster in, as in ``1.1``; None for that of the tenant. What
            has no form in that version is left out and counted.
        paging: How collections are read; None for pages of 1,000 rows, with as many page requests at once as workers.
        shared_rate: A limit on requests per second that several pulls share, as of tenants on one host.
        run_id: The name of the run that this pull belongs to, for the manifest: a repeated run can see which rosters
            it has already written.
    """

    format: str | None = None
    profile: str = ""
    selection: RosterSelection = RosterSelection()
    since: str | None = None
    overlap: timedelta = DEFAULT_OVERLAP
    base: "str | Path | StoreLocation | None" = None
    delta: bool = False
    limits: SanityLimits = SanityLimits()
    accept_shrink: bool = False
    resume: bool = False
    workers: int = 4
    rate: float | None = None
    paging: Paging | None = None
    shared_rate: RateLimit | None = None
    run_id: str = ""
    staging: Path | None = None
    prune: timedelta | None = None
    as_standard: str | None = None

    def of_client(self, client: "SyncClient") -> "PullOptions":
        """Return these options with the dialect of a tenant."""
        stored = client.session.settings.profile
        # The contract kit knows more dialects; they differ in details, not in the collections that are served.
        known = stored if stored in client.standard.specification.profiles else None
        return self._replace(profile=self.profile or known or "standard")
