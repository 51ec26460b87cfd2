"""The base class of rosters that are read from disk by their manifest, and the manifest that is stored with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.roster.columns import columns_of, schema_of
from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.pull.roster.manifest import Manifest, StoredCollection
from oneroster.pull.roster.roster_protocol import Roster
from oneroster_runtime.specification import Specification

__all__ = ["StoredRoster", "manifest_to_store"]


def manifest_to_store(roster: Roster, rows: Mapping[str, int]) -> Manifest:
    """Return the manifest of a roster with the rows and columns that were written.

    Args:
        roster: The roster that was written.
        rows: Number of rows by schema name.
    """
    specification = roster.manifest.specification
    collections = {
        collection_name(specification, element): StoredCollection(element, number, list(roster.schema(element).names))
        for element, number in rows.items()
    }
    files = {name: stored.rows for name, stored in collections.items()}
    return msgspec.structs.replace(roster.manifest, collections=collections, files=files)


class StoredRoster:
    """A roster on disk whose manifest lists its collections and columns. Subclasses read the rows.

    Attributes:
        manifest: See `oneroster.pull.roster.roster_protocol.Roster`.
        specification: The specification of its version of the standard.
        destination: The file or folder.
    """

    def __init__(self, destination: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.specification = manifest.specification
        self.destination = destination
        self._columns = {stored.element: stored.columns for stored in manifest.collections.values()}
        problem = _unknown_name(self.specification, self._columns)
        if problem:
            raise DestinationError(f"{destination}: the manifest {problem}, which this release cannot read.")

    def elements(self) -> tuple[str, ...]:
        """See `oneroster.pull.roster.roster_protocol.Roster.elements`."""
        return in_load_order(self.specification, self._columns)

    def schema(self, element: str) -> pa.Schema:
        """See `oneroster.pull.roster.roster_protocol.Roster.schema`."""
        return schema_of(self.specification, element, self._columns[element])


def _unknown_name(specification: Specification, columns_by_element: Mapping[str, Sequence[str]]) -> str | None:
    """Describe the first element or column that the standard does not define; None when all are known."""
    for element, names in columns_by_element.items():
        known = specification.elements.get(element)
        if known is None or known.collection is None:
            return f"lists a collection of {element!r}"
        unknown = set(names) - {column.name for column in columns_of(specification, element)}
        if unknown:
            return f"lists a column {min(unknown)!r} of {element}"
    return None
