"""The formats of a pulled roster: OneRoster CSV, NDJSON, Parquet, DuckDB and SQLite. Each can be written and read."""

from oneroster.pull.formats.detection import FORMATS, format_of
from oneroster.pull.formats.format import Format, LeftOut, WriteResult, WrittenFile

__all__ = ["FORMATS", "Format", "LeftOut", "WriteResult", "WrittenFile", "format_of"]
