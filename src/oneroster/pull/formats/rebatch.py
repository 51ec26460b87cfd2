"""Record batches of a size that suits a writer."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

__all__ = ["conformed", "grouped", "rebatched"]


def rebatched(batches: Iterable[pa.RecordBatch], rows: int, size: int = 16 << 20) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at most so many, and of about so many bytes; none is empty.

    Args:
        batches: Of one schema.
        rows: Rows of a batch at most.
        size: Bytes of a batch, as far as one row is not larger.
    """
    for together in grouped(batches, rows, size):
        yield _joined(together)


def grouped(batches: Iterable[pa.RecordBatch], rows: int, size: int = 16 << 20) -> Iterator[list[pa.RecordBatch]]:
    """The same as `rebatched`, without the copy that makes one batch of several."""
    waiting: list[pa.RecordBatch] = []
    held = heavy = 0
    for whole in batches:
        for batch in _pieces(whole, rows, size):
            if waiting and (held + batch.num_rows > rows or heavy + batch.nbytes > size):
                yield waiting
                waiting, held, heavy = [], 0, 0
            waiting.append(batch)
            held += batch.num_rows
            heavy += batch.nbytes
    if waiting:
        yield waiting


def _pieces(batch: pa.RecordBatch, rows: int, size: int) -> Iterator[pa.RecordBatch]:
    per_piece = max(1, min(rows, batch.num_rows * size // max(batch.nbytes, 1)))
    for start in range(0, batch.num_rows, per_piece):
        yield batch.slice(start, per_piece)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def conformed(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    """A reader of batches that are cast to a schema, whose names they have in the same order."""

    def cast() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_arrays(
                [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)], schema=schema
            )

    return pa.RecordBatchReader.from_batches(schema, cast())
