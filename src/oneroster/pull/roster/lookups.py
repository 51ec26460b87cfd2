"""Look up a column of the records that references lead to, as in the school of the class of a line item."""

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.roster.columns import KEY_COLUMN
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["Lookups"]


class Lookups:
    """Columns of a roster by sourcedId. Each is read once, and fits into memory.

    Args:
        roster: The roster.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._known: dict[tuple[str, str], tuple[pa.Array, pa.Array]] = {}

    def has(self, element: str, name: str) -> bool:
        """Return whether the roster has a column of an element."""
        return element in self._roster.elements() and name in self._roster.schema(element).names

    def values(self, element: str, name: str, ids: pa.Array) -> pa.Array:
        """Return the values of a column for the records with these ids; null where there is no such record.

        Args:
            element: The schema name of the records.
            name: The column.
            ids: The sourcedIds of the records.
        """
        keys, values = self._column(element, name)
        return values.take(pc.index_in(ids, value_set=keys))

    def _column(self, element: str, name: str) -> tuple[pa.Array, pa.Array]:
        if (element, name) not in self._known:
            kind = self._roster.schema(element).field(name).type
            pairs = [(batch.column(KEY_COLUMN), batch.column(name)) for batch in self._roster.read(element)]
            self._known[element, name] = (
                pa.concat_arrays([*(keys for keys, _ in pairs), pa.array([], pa.string())]),
                pa.concat_arrays([*(values for _, values in pairs), pa.array([], kind)]),
            )
        return self._known[element, name]
