"""The options of a pull."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from oneroster.pagination.walk import Paging
from oneroster.pull.incremental.watermark import DEFAULT_OVERLAP
from oneroster.pull.plan import RosterSelection
from oneroster.pull.sanity_checks import SanityLimits

__all__ = ["PullOptions"]


class PullOptions(NamedTuple):
    """The options of a pull.

    Attributes:
        format: ``csv``, ``ndjson``, ``ndjson.gz``, ``ndjson.zst``, ``parquet``, ``duckdb`` or ``sqlite``; None to
            detect the format from the destination.
        profile: The dialect of the tenant.
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
        paging: How collections are read; None for pages of 1,000 rows, with as many page requests at once as workers.
    """

    format: str | None = None
    profile: str = "standard"
    selection: RosterSelection = RosterSelection()
    since: str | None = None
    overlap: timedelta = DEFAULT_OVERLAP
    base: Path | None = None
    delta: bool = False
    limits: SanityLimits = SanityLimits()
    accept_shrink: bool = False
    resume: bool = False
    workers: int = 4
    rate: float | None = None
    paging: Paging | None = None
