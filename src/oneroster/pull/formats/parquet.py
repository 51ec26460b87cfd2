"""Parquet: one typed file per collection, compressed with zstd."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.file_per_collection import FolderRoster, write_collection_files
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import cast_batches, group_batches
from oneroster.pull.private_files import create_private_file
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["ParquetFormat"]

_SUFFIX: Final = ".parquet"
_ROW_GROUP: Final = 64 * 1024
"""Rows of a row group: what a writer keeps in memory, and what a reader can skip."""
_READ_ROWS: Final = 16 * 1024


class ParquetFormat:
    """See `oneroster.pull.formats.format.Format`."""

    name = "parquet"
    embeds_manifest = True

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

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            with parquet.ParquetFile(path) as file:
                if file.schema_arrow.names != schema.names:
                    raise DestinationError(f"The columns of {path} differ from those in the manifest of its folder.")
                yield from file.iter_batches(_READ_ROWS)
        except (OSError, pa.ArrowException) as error:
            # Arrow's message may quote values from the file.
            raise DestinationError(f"{path} cannot be read as Parquet ({type(error).__name__}).") from None

    return cast_batches(schema, batches())
