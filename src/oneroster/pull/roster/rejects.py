"""What was wrong with single records: counted, and listed by id, never by value."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

import msgspec

__all__ = ["MISSING", "MOST", "REPEATED", "UNREADABLE", "UNRESOLVED", "Reject", "Rejects", "beside"]

UNREADABLE: Final = "unreadable"
REPEATED: Final = "repeated or lost"
MISSING: Final = "missing"
UNRESOLVED: Final = "unresolved"

MOST: Final = 10_000
"""Of each collection and reason, as many are listed; the rest is counted."""


class Reject(NamedTuple):
    """One thing wrong with one record.

    Attributes:
        collection: The wrapper name, as in ``users``, or the file of a CSV bundle.
        sourced_id: The record; None when it has no readable id.
        field: The field, None when it is the record as a whole.
        reason: One word or sentence, without a value of the record.
        kept: Whether the record is in the roster all the same.
        refers_to: The id that leads nowhere, for an unresolved reference.
    """

    collection: str
    sourced_id: str | None
    field: str | None
    reason: str
    kept: bool = False
    refers_to: str | None = None


class Rejects:
    """Counts all and keeps the first ten thousand of each collection and reason. Threads may share it."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._kept: list[Reject] = []
        self._lock = Lock()

    def add(self, rejects: Iterable[Reject]) -> None:
        """Take some more."""
        with self._lock:
            for reject in rejects:
                self.count(reject.collection, reject.reason)
                if self.counts[reject.collection, reject.reason] <= MOST:
                    self._kept.append(reject)

    def count(self, collection: str, reason: str, number: int = 1) -> None:
        """Count without keeping."""
        self.counts[collection, reason] += number

    def of(self, collection: str, reason: str) -> int:
        """How often a collection has that."""
        return self.counts[collection, reason]

    def __iter__(self) -> Iterator[Reject]:
        return iter(self._kept)

    def write(self, path: Path) -> None:
        """Write them as lines of JSON, readable to the owner alone; without any, an older file is removed.

        Raises:
            OSError: It cannot be written.
        """
        if not self._kept:
            path.unlink(missing_ok=True)
            return
        partial = path.with_name(f"{path.name}.partial")
        partial.touch(0o600)
        with partial.open("wb") as file:
            for reject in self._kept:
                file.write(msgspec.json.encode({k: v for k, v in reject._asdict().items() if v is not None}) + b"\n")
        partial.replace(path)


def beside(place: Path) -> Path:
    """Where the rejects of a place are listed."""
    return place.with_name(f"{place.name}.rejects.ndjson")
