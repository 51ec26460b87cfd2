"""The manifest that a place keeps inside: what it holds, and in which columns."""

from pathlib import Path

import msgspec
import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.roster.columns import columns_of, schema_of
from oneroster.pull.roster.manifest import Holding, Manifest
from oneroster.pull.roster.roster import Roster, in_load_order, wrapper_of
from oneroster_v1p1.tables import ELEMENTS

__all__ = ["StoredRoster", "manifest_of", "naming_problem"]


def manifest_of(roster: Roster, rows: dict[str, int]) -> Manifest:
    """The manifest of a roster, with the rows and columns that were really written.

    Args:
        roster: What was written.
        rows: Rows by schema name.
    """
    collections = {
        wrapper_of(element): Holding(element, rows[element], list(roster.schema(element).names)) for element in rows
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
        problem = naming_problem(self._columns)
        if problem:
            raise DestinationError(f"{place}: its manifest {problem}; this release cannot read it.")

    def elements(self) -> tuple[str, ...]:
        """See `oneroster.pull.roster.Roster`."""
        return in_load_order(self._columns)

    def schema(self, element: str) -> pa.Schema:
        """See `oneroster.pull.roster.Roster`."""
        return schema_of(element, self._columns[element])


def naming_problem(columns: dict[str, list[str]]) -> str | None:
    """What the contract does not know of these elements and columns; None when it knows all."""
    for element, names in columns.items():
        if element not in ELEMENTS or ELEMENTS[element].collection is None:
            return f"names a collection of {element!r}"
        unknown = set(names) - {column.name for column in columns_of(element)}
        if unknown:
            return f"names a column {min(unknown)!r} of {element}"
    return None
