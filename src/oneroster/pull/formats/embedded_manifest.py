"""The manifest that a place keeps inside: what it holds, and in which columns."""

from pathlib import Path

import msgspec
import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.roster.columns import columns_of, schema_of
from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.pull.roster.manifest import Manifest, StoredCollection
from oneroster.pull.roster.roster import Roster
from oneroster_runtime.specification import Specification

__all__ = ["StoredRoster", "manifest_of", "naming_problem"]


def manifest_of(roster: Roster, rows: dict[str, int]) -> Manifest:
    """The manifest of a roster, with the rows and columns that were really written.

    Args:
        roster: What was written.
        rows: Rows by schema name.
    """
    collections = {
        collection_name(roster.manifest.specification, element): StoredCollection(
            element, rows[element], list(roster.schema(element).names)
        )
        for element in rows
    }
    return msgspec.structs.replace(roster.manifest, collections=collections)


class StoredRoster:
    """A roster on disk whose manifest says what it holds; the formats add how rows are read.

    Attributes:
        manifest: See `oneroster.pull.roster.Roster`.
    """

    def __init__(self, place: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.place = place
        self._columns = {held.element: held.columns for held in manifest.collections.values()}
        problem = naming_problem(manifest.specification, self._columns)
        if problem:
            raise DestinationError(f"{place}: its manifest {problem}; this release cannot read it.")

    def elements(self) -> tuple[str, ...]:
        """See `oneroster.pull.roster.Roster`."""
        return in_load_order(self.manifest.specification, self._columns)

    def schema(self, element: str) -> pa.Schema:
        """See `oneroster.pull.roster.Roster`."""
        return schema_of(self.manifest.specification, element, self._columns[element])


def naming_problem(specification: Specification, columns: dict[str, list[str]]) -> str | None:
    """What the contract does not know of these elements and columns; None when it knows all."""
    for element, names in columns.items():
        known = specification.elements.get(element)
        if known is None or known.collection is None:
            return f"names a collection of {element!r}"
        unknown = set(names) - {column.name for column in columns_of(specification, element)}
        if unknown:
            return f"names a column {min(unknown)!r} of {element}"
    return None
