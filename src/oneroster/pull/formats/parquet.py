"""Parquet: one typed file per collection, compressed with zstd."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.error_words import words_of
from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.file_per_collection import FolderRoster, write_collection_files
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import cast_batches, group_batches
from oneroster.pull.private_files import create_private_file, open_regular
from oneroster.pull.roster.roster_protocol import Roster

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

__all__ = ["ParquetFormat"]

_SUFFIX: Final = ".parquet"
_ROW_GROUP: Final = 64 * 1024
"""Rows of a row group: what a writer keeps in memory, and what a reader can skip."""
_READ_ROWS: Final = 16 * 1024
_MOST_BYTES: Final = 64 << 20
"""Bytes of the texts of a batch, unless a single row has more."""
_LARGEST_GROUP: Final = 512 << 20
_THRIFT_LIMITS: Final = {"thrift_string_size_limit": 16 << 20, "thrift_container_size_limit": 1 << 20}
"""Bounds of what describes a file."""


class ParquetFormat:
    """See `oneroster.pull.formats.format.Format`."""

    name = "parquet"
    embeds_manifest = True
    filled = frozenset[str]()

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Format.write`."""
        return write_collection_files(target, roster, _SUFFIX, _write)

    def open(self, destination: Path) -> Roster:
        """See `oneroster.pull.formats.format.Format.open`."""
        return FolderRoster(destination, _SUFFIX, _read)


def _write(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    from pyarrow import parquet

    rows = 0
    descriptor = create_private_file(path)
    with open(descriptor, "wb") as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:  # noqa: PTH123  # a descriptor has no path
        for group in group_batches(batches, _ROW_GROUP):
            table = pa.Table.from_batches(group)
            writer.write_table(table, row_group_size=_ROW_GROUP)
            rows += table.num_rows
    return rows


def _read(path: Path, schema: pa.Schema) -> pa.RecordBatchReader:
    from pyarrow import parquet

    # Texts are read as the values of a dictionary, because a small file can repeat a long one for each row.
    texts = [field.name for field in schema if pa.types.is_string(field.type)]

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            with (
                open_regular(path) as source,
                parquet.ParquetFile(source, read_dictionary=texts, **_THRIFT_LIMITS) as file,
            ):
                if file.schema_arrow.names != schema.names:
                    raise DestinationError(f"The columns of {path} differ from those in the manifest of its folder.")
                _check_sizes(path, file.metadata)
                # pyarrow 18 fails on a file without rows.
                for batch in file.iter_batches(_READ_ROWS) if file.metadata.num_rows else ():
                    yield from _bounded(batch)
        except (OSError, pa.ArrowException) as error:
            # Arrow's message may quote values from the file.
            raise DestinationError(f"{path} cannot be read as Parquet ({words_of(error)}).") from None

    return cast_batches(schema, batches(), path)


def _check_sizes(path: Path, metadata: "FileMetaData") -> None:
    """Check how much memory a row group takes, before it is read.

    Raises:
        DestinationError: It is more than any that a pull writes.
    """
    for number in range(metadata.num_row_groups):
        if metadata.row_group(number).total_byte_size > _LARGEST_GROUP:
            raise DestinationError(
                f"{path} cannot be read: a row group has more than {_LARGEST_GROUP >> 20} MB, as no pull writes."
            )


def _bounded(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a batch in parts whose texts take limited memory."""
    size = sum(
        pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0
        for column in batch.columns
        if pa.types.is_dictionary(column.type)
    )
    if size > _MOST_BYTES and batch.num_rows > 1:
        half = batch.num_rows // 2
        yield from _bounded(batch.slice(0, half))
        yield from _bounded(batch.slice(half))
    else:
        yield batch
