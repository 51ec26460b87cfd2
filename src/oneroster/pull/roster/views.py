"""Views of a roster, without a copy: fewer columns, fewer rows, another manifest."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.roster.columns import KEY_COLUMN, MODIFIED_COLUMN, STATUS_COLUMN, schema_of
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.roster.spelling import is_deleted

__all__ = ["RosterView", "active_only", "changed_since", "with_columns", "with_manifest"]

BatchFilter = Callable[[str, pa.RecordBatch], pa.RecordBatch]


class RosterView:
    """A roster whose batches are filtered as they are read.

    Args:
        roster: The underlying roster.
        filter_batch: Returns the rows to keep of a batch of an element; None to keep all.
        schemas: The schemas of elements with fewer columns.
        manifest: Another manifest; None for that of the underlying roster.
    """

    def __init__(
        self,
        roster: Roster,
        filter_batch: BatchFilter | None = None,
        schemas: Mapping[str, pa.Schema] | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self._roster, self._filter_batch, self._schemas = roster, filter_batch, schemas or {}
        self.manifest = manifest or roster.manifest

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return self._roster.elements()

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._schemas.get(element) or self._roster.schema(element)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        return pa.RecordBatchReader.from_batches(self.schema(element), self._batches(element))

    def _batches(self, element: str) -> Iterator[pa.RecordBatch]:
        schema = self.schema(element)
        for batch in self._roster.read(element):
            filtered = batch if self._filter_batch is None else self._filter_batch(element, batch)
            if filtered.num_rows:
                yield filtered.select(schema.names)


def active_only(roster: Roster) -> Roster:
    """Return a view without the records that are marked as deleted."""

    def filter_batch(_element: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.filter(pc.invert(is_deleted(batch.column(STATUS_COLUMN))))

    return RosterView(roster, filter_batch)


def changed_since(roster: Roster, since: datetime) -> Roster:
    """Return a view of the rows that changed at or after a time, and of those without a date."""
    earliest = pa.scalar(since, pa.timestamp("us", "UTC"))

    def filter_batch(_element: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.filter(pc.fill_null(pc.greater_equal(batch.column(MODIFIED_COLUMN), earliest), True))

    return RosterView(roster, filter_batch)


def with_columns(roster: Roster, columns: Mapping[str, tuple[str, ...]]) -> Roster:
    """Return a view with only these columns of some elements; sourcedId, status and dateLastModified are included."""
    required = {KEY_COLUMN, STATUS_COLUMN, MODIFIED_COLUMN}
    schemas = {
        element: schema_of(
            roster.manifest.specification, element, {*required, *names} & set(roster.schema(element).names)
        )
        for element, names in columns.items()
        if element in roster.elements()
    }
    return RosterView(roster, schemas=schemas)


def with_manifest(roster: Roster, manifest: Manifest) -> Roster:
    """Return a view with another manifest."""
    return RosterView(roster, manifest=manifest)
