"""Rosters made of another roster, without a copy: fewer columns, fewer rows."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.roster.columns import KEY, MODIFIED, STATUS, schema_of
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster import Roster

__all__ = ["View", "active_only", "with_columns", "with_manifest"]

_ACTIVE: Final = "active"

Narrow = Callable[[str, pa.RecordBatch], pa.RecordBatch]


class View:
    """A roster whose batches are narrowed as they are read.

    Args:
        roster: The roster underneath.
        narrow: Makes the batch of an element that is wanted of one that is there.
        schemas: By element, where columns are left out.
        manifest: What is known of it; None for the same.
    """

    def __init__(
        self,
        roster: Roster,
        narrow: Narrow | None = None,
        schemas: Mapping[str, pa.Schema] | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self._roster, self._narrow, self._schemas = roster, narrow, schemas or {}
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
            narrowed = batch if self._narrow is None else self._narrow(element, batch)
            if narrowed.num_rows:
                yield narrowed.select(schema.names)


def active_only(roster: Roster) -> Roster:
    """Without the records whose status is neither absent nor ``active``."""

    def narrow(_element: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        status = batch.column(STATUS)
        return batch.filter(pc.or_(pc.is_null(status), pc.equal(status, _ACTIVE)).fill_null(True))

    return View(roster, narrow)


def with_columns(roster: Roster, columns: Mapping[str, tuple[str, ...]]) -> Roster:
    """With these columns alone of some elements; sourcedId, status and dateLastModified always come along."""
    schemas = {
        element: schema_of(element, {KEY, STATUS, MODIFIED, *names} & set(roster.schema(element).names))
        for element, names in columns.items()
        if element in roster.elements()
    }
    return View(roster, schemas=schemas)


def with_manifest(roster: Roster, manifest: Manifest) -> Roster:
    """The same with something else known of it."""
    return View(roster, manifest=manifest)
