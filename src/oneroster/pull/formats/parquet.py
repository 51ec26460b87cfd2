"""Parquet: one file per collection, typed, compressed by zstd."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.folder import FolderRoster, write_folder
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import conformed, grouped
from oneroster.pull.private_files import create_private_file
from oneroster.pull.roster.roster import Roster

__all__ = ["Parquet"]

_SUFFIX: Final = ".parquet"
_ROWS: Final = 64 * 1024
"""Rows of a row group: what a writer holds in memory, and a reader can skip."""
_READ_ROWS: Final = 16 * 1024


class Parquet:
    """The format; see `oneroster.pull.formats.format.Form`."""

    name = "parquet"
    embeds_manifest = True

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Form`."""
        return write_folder(target, roster, _SUFFIX, _write)

    def open(self, place: Path) -> Roster:
        """See `oneroster.pull.formats.format.Form`."""
        return FolderRoster(place, _SUFFIX, _read)


def _write(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    from pyarrow import parquet

    rows = 0
    descriptor = create_private_file(path)
    with open(descriptor, "wb") as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:  # noqa: PTH123  # a descriptor has no path
        for group in grouped(batches, _ROWS):
            table = pa.Table.from_batches(group)
            writer.write_table(table, row_group_size=_ROWS)
            rows += table.num_rows
    return rows


def _read(path: Path, schema: pa.Schema) -> pa.RecordBatchReader:
    from pyarrow import parquet

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            with parquet.ParquetFile(path) as file:
                if file.schema_arrow.names != schema.names:
                    raise DestinationError(f"{path} has other columns than the manifest of its folder says.")
                yield from file.iter_batches(_READ_ROWS)
        except (OSError, pa.ArrowException) as error:
            # Arrow's own words may hold what it met in the file.
            raise DestinationError(f"{path} cannot be read as Parquet ({type(error).__name__}).") from None

    return conformed(schema, batches())
