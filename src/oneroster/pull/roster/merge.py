"""Rosters made of two: a roster brought up to date by changes, and the changes between two rosters."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pagination.id_set import IdSet
from oneroster.pull.roster.columns import KEY, MODIFIED, STATUS
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster import Roster, in_load_order

__all__ = ["Recent", "RosterDelta", "Updated"]

_DELETED: Final = "tobedeleted"

_encode: Final = msgspec.json.Encoder().encode


class _Two(ABC):
    """Two rosters with the same columns."""

    def __init__(self, old: Roster, new: Roster, manifest: Manifest) -> None:
        self._old, self._new = old, new
        self.manifest = manifest

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return in_load_order(self._new.elements())

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._new.schema(element)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        batches = (batch for batch in self._batches(element) if batch.num_rows)
        return pa.RecordBatchReader.from_batches(self.schema(element), batches)

    @abstractmethod
    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        """The rows that are kept of the old roster and the new one."""

    def _before(self, element: str) -> Iterator[pa.RecordBatch]:
        names, schema = self.schema(element).names, self.schema(element)
        if element in self._old.elements():
            for batch in self._old.read(element):
                yield batch.select(names).cast(schema)


class Updated(_Two):
    """A roster brought up to date: the rows of before that did not change, then those that did.

    Args:
        old: The roster of before, whole.
        new: What was fetched; of some elements the changes, of others all rows.
        manifest: What is known of the result.
        whole: The elements of which all rows were fetched.
        arriving: Of what was fetched, the rows that are to stand in the result.
    """

    def __init__(self, old: Roster, new: Roster, manifest: Manifest, whole: Collection[str], arriving: Roster) -> None:
        super().__init__(old, new, manifest)
        self._whole, self._arriving = whole, arriving

    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        if element not in self._whole:
            changed = _ids(self._new, element)
            for batch in self._before(element):
                yield batch.filter(pc.invert(pc.is_in(batch.column(KEY), value_set=changed)))
        yield from self._arriving.read(element)


class RosterDelta(_Two):
    """What changed from one roster to another: rows that are new or different, and deletions.

    A row that is gone is given as it was last known, with the status ``tobedeleted`` and the time of the pull.

    Args:
        old: The roster of before, whole.
        new: What was fetched; of some elements the changes, of others all rows.
        manifest: What is known of the result.
        whole: The elements of which all rows were fetched.
        now: The time of the pull.
    """

    def __init__(self, old: Roster, new: Roster, manifest: Manifest, whole: Collection[str], now: datetime) -> None:
        super().__init__(old, new, manifest)
        self._whole, self._now = whole, now

    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        before, there = IdSet(), IdSet()
        for batch in self._before(element):
            for row in batch.to_pylist():
                before.add(_said(row))
        for batch in self._new.read(element):
            rows = batch.to_pylist()
            for row in rows:
                there.add(row[KEY])
            yield batch.filter(pa.array([_said(row) not in before for row in rows], pa.bool_()))
        if element in self._whole:
            for batch in self._before(element):
                gone = [name not in there for name in batch.column(KEY).to_pylist()]
                yield self._deleted(batch.filter(pa.array(gone, pa.bool_())))

    def _deleted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        names = batch.schema.names
        alive = pc.fill_null(pc.not_equal(batch.column(STATUS), _DELETED), True)
        batch = batch.filter(alive)
        status = pa.array([_DELETED] * batch.num_rows, batch.schema.field(STATUS).type)
        modified = pa.array([self._now] * batch.num_rows, batch.schema.field(MODIFIED).type)
        batch = batch.set_column(names.index(STATUS), batch.schema.field(STATUS), status)
        return batch.set_column(names.index(MODIFIED), batch.schema.field(MODIFIED), modified)


class Recent:
    """The rows of a roster that changed at some time or later; rows without a date count as changed.

    Args:
        roster: The roster.
        since: The time.
    """

    def __init__(self, roster: Roster, since: datetime) -> None:
        self._roster = roster
        self._since = since
        self.manifest = roster.manifest

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return self._roster.elements()

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._roster.schema(element)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        return pa.RecordBatchReader.from_batches(self.schema(element), self._batches(element))

    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        since = pa.scalar(self._since, pa.timestamp("us", "UTC"))
        for batch in self._roster.read(element):
            recent = pc.fill_null(pc.greater_equal(batch.column(MODIFIED), since), True)
            yield batch.filter(recent)


def _ids(roster: Roster, element: str) -> pa.Array:
    chunks = [batch.column(KEY) for batch in roster.read(element)]
    return pa.chunked_array(chunks, pa.string()).combine_chunks()


def _said(row: dict[str, Any]) -> str:
    """A row in one string, alike for equal rows alone."""
    return _encode(row).decode()
