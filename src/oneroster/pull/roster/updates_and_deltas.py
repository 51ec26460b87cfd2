"""Rosters made of two: a roster updated by changes, and the changes between two rosters."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.roster.columns import KEY_COLUMN, MODIFIED_COLUMN, STATUS_COLUMN
from oneroster.pull.roster.elements import in_load_order
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["RosterDelta", "UpdatedRoster"]

_DELETED: Final = "tobedeleted"

_encode: Final = msgspec.json.Encoder().encode


class _MergedRoster(ABC):
    """Base class for a roster made of an old and a new one, with the columns of the new one."""

    def __init__(self, old: Roster, new: Roster, manifest: Manifest) -> None:
        self._old, self._new = old, new
        self.manifest = manifest

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return in_load_order(self.manifest.specification, self._new.elements())

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._new.schema(element)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        batches = (batch for batch in self._batches(element) if batch.num_rows)
        return pa.RecordBatchReader.from_batches(self.schema(element), batches)

    @abstractmethod
    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        """The rows of the result."""

    def _old_batches(self, element: str) -> Iterator[pa.RecordBatch]:
        names, schema = self.schema(element).names, self.schema(element)
        if element in self._old.elements():
            for batch in self._old.read(element):
                yield batch.select(names).cast(schema)


class UpdatedRoster(_MergedRoster):
    """A roster updated by changes: first the unchanged rows of the old roster, then the fetched rows.

    Args:
        old: The old roster, complete.
        fetched: The fetched rows; of some elements only the changes, of others all rows.
        manifest: The manifest of the result.
        complete: The elements that were fetched in full.
        arriving: The fetched rows that the result should include.
    """

    def __init__(
        self, old: Roster, fetched: Roster, manifest: Manifest, complete: Collection[str], arriving: Roster
    ) -> None:
        super().__init__(old, fetched, manifest)
        self._complete, self._arriving = complete, arriving

    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        if element not in self._complete:
            changed = _ids(self._new, element)
            for batch in self._old_batches(element):
                yield batch.filter(pc.invert(pc.is_in(batch.column(KEY_COLUMN), value_set=changed)))
        yield from self._arriving.read(element)


class RosterDelta(_MergedRoster):
    """The changes from one roster to another: new rows, changed rows, and deletions.

    A deleted row keeps its last known values, with the status ``tobedeleted`` and the time of the pull.

    Args:
        old: The old roster, complete.
        fetched: The fetched rows; of some elements only the changes, of others all rows.
        manifest: The manifest of the result.
        complete: The elements that were fetched in full.
        now: The time of the pull.
    """

    def __init__(
        self, old: Roster, fetched: Roster, manifest: Manifest, complete: Collection[str], now: datetime
    ) -> None:
        super().__init__(old, fetched, manifest)
        self._complete, self._now = complete, now

    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        old_rows = {_digest(row) for batch in self._old_batches(element) for row in batch.to_pylist()}
        for batch in self._new.read(element):
            yield batch.filter(pa.array([_digest(row) not in old_rows for row in batch.to_pylist()], pa.bool_()))
        if element in self._complete:
            new_ids = _ids(self._new, element)
            for batch in self._old_batches(element):
                listed = pc.is_in(batch.column(KEY_COLUMN), value_set=new_ids)
                yield self._as_deletions(batch.filter(pc.invert(listed)))

    def _as_deletions(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        names = batch.schema.names
        # Rows that were already marked as deleted are not deleted a second time.
        batch = batch.filter(pc.fill_null(pc.not_equal(batch.column(STATUS_COLUMN), _DELETED), True))
        status, modified = batch.schema.field(STATUS_COLUMN), batch.schema.field(MODIFIED_COLUMN)
        batch = batch.set_column(names.index(status.name), status, pa.array([_DELETED] * batch.num_rows, status.type))
        times = pa.array([self._now] * batch.num_rows, modified.type)
        return batch.set_column(names.index(modified.name), modified, times)


def _ids(roster: Roster, element: str) -> pa.Array:
    chunks = [batch.column(KEY_COLUMN) for batch in roster.read(element)]
    return pa.chunked_array(chunks, pa.string()).combine_chunks()


def _digest(row: dict[str, Any]) -> bytes:
    """A digest of all values of a row; 96 bits, because nothing would show that two rows share one."""
    return blake2b(_encode(row), digest_size=12).digest()
