"""Resize record batches to suit a writer, and cast them to a schema."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from oneroster.pull.errors import DestinationError

__all__ = ["cast_batches", "group_batches", "rebatch"]


def rebatch(batches: Iterable[pa.RecordBatch], max_rows: int, max_bytes: int = 16 << 20) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in batches of limited size. No batch is empty.

    Args:
        batches: Batches of one schema.
        max_rows: Maximum rows of a batch.
        max_bytes: Approximate maximum bytes of a batch; a single larger row still becomes a batch.
    """
    for group in group_batches(batches, max_rows, max_bytes):
        yield _concatenated(group)


def group_batches(
    batches: Iterable[pa.RecordBatch], max_rows: int, max_bytes: int = 16 << 20
) -> Iterator[list[pa.RecordBatch]]:
    """Yield groups of batches within the limits of `rebatch`, without copying them into one batch."""
    group: list[pa.RecordBatch] = []
    group_rows = group_bytes = 0
    for whole in batches:
        for batch in _slices(whole, max_rows, max_bytes):
            if group and (group_rows + batch.num_rows > max_rows or group_bytes + batch.nbytes > max_bytes):
                yield group
                group, group_rows, group_bytes = [], 0, 0
            group.append(batch)
            group_rows += batch.num_rows
            group_bytes += batch.nbytes
    if group:
        yield group


def _slices(batch: pa.RecordBatch, max_rows: int, max_bytes: int) -> Iterator[pa.RecordBatch]:
    per_slice = max(1, min(max_rows, batch.num_rows * max_bytes // max(batch.nbytes, 1)))
    for start in range(0, batch.num_rows, per_slice):
        yield batch.slice(start, per_slice)


def _concatenated(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def cast_batches(schema: pa.Schema, batches: Iterable[pa.RecordBatch], where: Path) -> pa.RecordBatchReader:
    """Return a reader of batches cast to a schema. Their columns have the names and the order of the schema.

    Args:
        schema: The schema.
        batches: The batches.
        where: Their file, for the message.

    Raises:
        DestinationError: On reading, if a column cannot be cast.
    """

    def cast() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            columns = []
            for column, field in zip(batch.columns, schema, strict=True):
                try:
                    columns.append(column.cast(field.type))
                except pa.ArrowException:
                    raise DestinationError(f"{where}: column {field.name} has values of the wrong type.") from None
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, cast())
