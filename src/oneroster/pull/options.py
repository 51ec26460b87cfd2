"""How a pull goes."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from oneroster.pagination.walk import Paging
from oneroster.pull.incremental.watermark import OVERLAP
from oneroster.pull.plan import RosterSelection
from oneroster.pull.sanity_checks import SanityLimits

__all__ = ["PullOptions"]


class PullOptions(NamedTuple):
    """How a pull goes.

    Attributes:
        format: One of ``csv``, ``ndjson``, ``ndjson.gz``, ``ndjson.zst``, ``parquet``, ``duckdb``, ``sqlite``; None to
            go by the name of the place.
        profile: The dialect of the tenant.
        choice: What of the roster is wanted.
        since: Fetch only what changed: a time in ISO 8601, or ``last`` for the watermark of the roster at the place,
            or of the base. None fetches all.
        overlap: How much further back changes are asked for.
        base: A whole roster of before, to compare with and to bring up to date; None for the one at the place, when
            its format can serve.
        only_changes: Put the changes alone in the place. A CSV bundle of changes always holds them alone.
        bounds: How wrong the roster may look.
        accept_shrink: Put it in place however much smaller it is than before.
        resume: Go on where an earlier pull to this place ended.
        workers: Requests on their way at once, at most.
        rate: Requests a second, at most; None for no bound.
        paging: How collections are read; None for pages of a thousand rows, as many at once as there are workers.
    """

    format: str | None = None
    profile: str = "standard"
    choice: RosterSelection = RosterSelection()
    since: str | None = None
    overlap: timedelta = OVERLAP
    base: Path | None = None
    only_changes: bool = False
    bounds: SanityLimits = SanityLimits()
    accept_shrink: bool = False
    resume: bool = False
    workers: int = 4
    rate: float | None = None
    paging: Paging | None = None
