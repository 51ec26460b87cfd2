"""Put the rows of a file that has parts of records together again, as a column of the records."""

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.formats.oneroster_csv.csv_file import KEY

__all__ = ["NestedValues"]

_ROW: Final = "row"


class NestedValues:
    """The parts of records, by the id of their record. They fit into memory.

    Args:
        nested: The columns that hold them, from the outermost.
        kind: The type of the outermost column.
        columns: The columns of the file in batches, by source; `KEY` has the ids of the records.
    """

    def __init__(self, nested: Sequence[str], kind: pa.DataType, columns: Mapping[str, list[pa.Array]]) -> None:
        self._nested, self._kind = nested, kind
        table = pa.table({source: pa.chunked_array(batches) for source, batches in columns.items() if batches})
        if not table.num_rows:
            table = pa.table({KEY: pa.array([], pa.string())})
        # By owner, and then in the order of the file.
        table = table.append_column(_ROW, pa.array(range(table.num_rows), pa.int64()))
        table = table.sort_by([(KEY, "ascending"), (_ROW, "ascending")]).drop_columns([_ROW])
        self._rows = table.drop_columns([KEY]).combine_chunks()
        runs = pc.run_end_encode(table.column(KEY).combine_chunks())
        self._owners, self._ends = runs.values, runs.run_ends.to_pylist()

    def of(self, ids: pa.Array) -> pa.Array:
        """Return the column for the records with these ids; null for records without parts."""
        places = pc.index_in(ids, value_set=self._owners).to_pylist()
        ranges = [range(0) if at is None else range(self._ends[at - 1] if at else 0, self._ends[at]) for at in places]
        rows = iter(self._rows.take(pa.array(list(chain.from_iterable(ranges)), pa.int64())).to_pylist())
        return pa.array([self._value(list(islice(rows, len(found)))) for found in ranges], self._kind)

    def _value(self, rows: list[dict[str, Any]]) -> Any:
        if not rows:
            return None
        found = _items(rows, self._nested[0], self._nested[1:])
        return found if pa.types.is_list(self._kind) else found[0]


def _items(rows: list[dict[str, Any]], source: str, inner: Sequence[str]) -> list[Any]:
    """Return the items at a source. Rows with equal outer fields are parts of one item."""
    if source in rows[0]:
        return [row[source] for row in rows]
    prefix = f"{source}."
    own = [name for name in rows[0] if name.startswith(prefix) and "." not in name.removeprefix(prefix)]
    if inner and f"{prefix}{inner[0]}" in own:
        own.remove(f"{prefix}{inner[0]}")
    if not inner:
        return [{name.removeprefix(prefix): row[name] for name in own} for row in rows]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in own), []).append(row)
    return [
        {name.removeprefix(prefix): value for name, value in zip(own, values, strict=True)}
        | {inner[0]: _items(some, f"{prefix}{inner[0]}", inner[1:])}
        for values, some in groups.items()
    ]
