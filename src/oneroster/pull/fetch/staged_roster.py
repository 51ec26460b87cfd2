"""The rows of a staging folder, as a roster."""

from collections.abc import Mapping

import pyarrow as pa

from oneroster.pull.fetch.staging import Staging
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.elements import in_load_order
from oneroster.pull.roster.manifest import Manifest

__all__ = ["StagedRoster"]


class StagedRoster:
    """The rows of a staging folder, as a roster.

    Args:
        staging: The staging.
        manifest: The manifest of the roster.
        columns: The fetched columns by element.
    """

    def __init__(self, staging: Staging, manifest: Manifest, columns: Mapping[str, tuple[str, ...]]) -> None:
        self.manifest = manifest
        self._staging = staging
        specification = manifest.specification
        self._schemas = {element: schema_of(specification, element, names) for element, names in columns.items()}

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return in_load_order(self.manifest.specification, self._schemas)

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._schemas[element]

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        batches = (batch for segment in self._staging.segments(element) for batch in self._staging.batches(segment))
        return pa.RecordBatchReader.from_batches(self._schemas[element], batches)
