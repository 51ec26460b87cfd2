"""The protocol `Roster`, for staged pages, destinations, views of other rosters and tables in memory."""

from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa

from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.pull.roster.manifest import Manifest, StoredCollection

__all__ = ["MemoryRoster", "Roster", "count_rows", "describe_collections", "rows_in_place"]


class Roster(Protocol):
    """Collections of records as Arrow data.

    Attributes:
        manifest: The manifest; its ``specification`` is that of the records.
    """

    @property
    def manifest(self) -> Manifest:
        """The manifest; its ``specification`` is that of the records."""

    def elements(self) -> tuple[str, ...]:
        """Return the schema names of the collections, including empty ones, in load order."""

    def schema(self, element: str) -> pa.Schema:
        """Return the columns of an element."""

    def read(self, element: str) -> pa.RecordBatchReader:
        """Return the rows of an element from the first, in batches of at most some ten thousand rows."""


class MemoryRoster:
    """A roster of tables in memory.

    Args:
        manifest: The manifest.
        tables: The tables by schema name.
    """

    def __init__(self, manifest: Manifest, tables: Mapping[str, pa.Table]) -> None:
        self.manifest = manifest
        self._tables = tables

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return in_load_order(self.manifest.specification, self._tables)

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._tables[element].schema

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        return self._tables[element].to_reader()


def count_rows(roster: Roster, element: str) -> int:
    """Read an element of a roster and return the number of its rows."""
    return sum(batch.num_rows for batch in roster.read(element))


def describe_collections(roster: Roster, rows: Mapping[str, int] | None = None) -> dict[str, StoredCollection]:
    """Return the collections of a roster by wrapper name, with their rows and columns, for its manifest.

    Args:
        roster: The roster.
        rows: The number of rows by element, if it is known.
    """
    if rows is None:
        rows = {element: count_rows(roster, element) for element in roster.elements()}
    return {
        collection_name(roster.manifest.specification, element): StoredCollection(
            element, rows[element], list(roster.schema(element).names)
        )
        for element in roster.elements()
    }


def rows_in_place(roster: Roster) -> dict[str, int]:
    """Return the rows of a stored roster by collection, or by file of another name.

    Raises:
        DestinationError: They must be counted, and the roster cannot be read.
    """
    manifest = roster.manifest
    if manifest.files:
        return manifest.files
    return {
        # Before manifests had the rows as written, that of a CSV bundle had the rows before any were left out.
        collection_name(manifest.specification, element): count_rows(roster, element)
        for element in roster.elements()
    }
