"""Rejects: problems with single records, counted, and listed by id and never by value."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

import msgspec

__all__ = [
    "DUPLICATE",
    "EMPTY_REFERENCE",
    "MAX_LISTED",
    "MISSING",
    "REPEATED",
    "UNREADABLE",
    "UNRESOLVED",
    "WITHOUT_ZONE",
    "Reject",
    "Rejects",
    "rejects_path",
]

UNREADABLE: Final = "unreadable"
REPEATED: Final = "repeated or lost"
MISSING: Final = "missing"
UNRESOLVED: Final = "unresolved"
WITHOUT_ZONE: Final = "without a time zone, read as UTC"
EMPTY_REFERENCE: Final = "empty reference, read as none"
DUPLICATE: Final = "duplicate"
"""A row with the sourcedId of another and different content, which is left out."""

MAX_LISTED: Final = 10_000
"""The number of rejects to list for each collection and reason; the others are counted."""


class Reject(NamedTuple):
    """A problem with a record.

    Attributes:
        collection: The wrapper name, as in ``users``, or the file of a CSV bundle.
        sourced_id: The record; None when its id cannot be read.
        field: The field; None for the record as a whole.
        reason: A word or sentence, without a value of the record.
        kept: Whether the roster includes the record.
        refers_to: The id that an unresolved reference points to.
    """

    collection: str
    sourced_id: str | None
    field: str | None
    reason: str
    kept: bool = False
    refers_to: str | None = None

    def kind(self) -> str:
        """Return reason and field as one text, by which rejects that are not listed are counted."""
        return f"{self.reason}\n{self.field or ''}"


class Rejects:
    """Counts all rejects, and lists the first ten thousand of each collection and reason. Threads may share it.

    Attributes:
        counts: The number of rejects by collection and reason.
        fields: The number of rejects by collection, field and reason; the field of whole records is empty.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.fields: Counter[tuple[str, str, str]] = Counter()
        self._listed: list[Reject] = []
        self._lock = Lock()

    def add(self, rejects: Iterable[Reject]) -> None:
        """Count rejects, and list them up to the limit."""
        with self._lock:
            for reject in rejects:
                self.count(reject.collection, reject.reason, field=reject.field or "")
                if self.counts[reject.collection, reject.reason] <= MAX_LISTED:
                    self._listed.append(reject)

    def count(self, collection: str, reason: str, number: int = 1, field: str = "") -> None:
        """Count rejects of a field, or of whole records, without listing them."""
        self.counts[collection, reason] += number
        self.fields[collection, field, reason] += number

    def of(self, collection: str, reason: str) -> int:
        """Return the number of rejects of a collection for a reason."""
        return self.counts[collection, reason]

    def __iter__(self) -> Iterator[Reject]:
        return iter(self._listed)

    def as_ndjson(self) -> bytes:
        """Return the list as NDJSON; empty without rejects."""
        lines = ({k: v for k, v in reject._asdict().items() if v is not None} for reject in self._listed)
        return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def rejects_path(destination: Path) -> Path:
    """Return the path of the file beside a destination that lists its rejects."""
    return destination.with_name(f"{destination.name}.rejects.ndjson")
