"""What a pull says when it is over."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from oneroster.pull.roster.manifest import Manifest

__all__ = ["PullReport"]


class PullReport(NamedTuple):
    """A pull that is over and whose roster is in place.

    Attributes:
        place: Where the roster is.
        manifest: What is known of it: rows by collection, what is not offered, the watermark.
        fetched: By collection, the rows that were fetched; fewer than there are after a pull of changes.
        requests: Requests sent.
        retries: Requests sent again.
        received: Bytes of bodies.
        seconds: From begin to end.
        notes: Sentences about what was unusual.
        rejects: By collection and reason, how many.
        rejects_file: Where they are listed; None when there are none.
        resumed: Whether an earlier pull was gone on with.
    """

    place: Path
    manifest: Manifest
    fetched: Mapping[str, int]
    requests: int
    retries: int
    received: int
    seconds: float
    notes: tuple[str, ...]
    rejects: Mapping[tuple[str, str], int]
    rejects_file: Path | None
    resumed: bool
