"""The report of a finished pull."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from oneroster.pull.outcomes import CollectionOutcome
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.store_location import StoreLocation

__all__ = ["PullReport"]


class PullReport(NamedTuple):
    """The result of a pull whose roster was published.

    Attributes:
        destination: The file or folder with the roster.
        manifest: The manifest of the roster: rows by collection, collections not offered, the watermark.
        fetched: The rows fetched by collection; after an incremental pull, fewer than the roster has.
        requests: The number of requests sent.
        retries: The number of requests sent again.
        received: The bytes of all response bodies.
        seconds: The duration of the pull.
        notes: Sentences about anything unusual.
        rejects: The number of rejects by collection and reason.
        rejects_file: The file that lists them; None without any.
        resumed: Whether the pull resumed an earlier one.
        written: The rows by file or table as written, as in ``users.csv``.
        outcomes: The outcome of each collection.
        without_form: The values without a form in the version of ``as_standard``, by collection and column, and the
            records without one, by collection under ``rows``. They are left out on purpose.
    """

    destination: Path | StoreLocation
    manifest: Manifest
    fetched: Mapping[str, int]
    requests: int
    retries: int
    received: int
    seconds: float
    notes: tuple[str, ...]
    rejects: Mapping[tuple[str, str], int]
    rejects_file: Path | StoreLocation | None
    resumed: bool
    written: Mapping[str, int] = {}  # never written to
    outcomes: tuple[CollectionOutcome, ...] = ()
    without_form: Mapping[str, Mapping[str, int]] = {}  # never written to
