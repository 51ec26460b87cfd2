"""Where a roster can be put, and read from again: OneRoster CSV, NDJSON, Parquet, DuckDB, SQLite."""

from oneroster.pull.formats.detection import FORMATS, format_of
from oneroster.pull.formats.format import Format, WriteResult

__all__ = ["FORMATS", "Format", "WriteResult", "format_of"]
