"""Helpers of the DuckDB and SQLite formats: identifiers in SQL, the manifest table, and error messages."""

import errno
from pathlib import Path
from typing import Final

from oneroster.pull.errors import DestinationError

__all__ = ["MANIFEST_TABLE", "database_error", "quoted_identifier"]

MANIFEST_TABLE: Final = "_oneroster"
"""The table with the manifest of the pull: one row, one column."""

_DISK_FULL: Final = ("no space left", "disk is full")


def quoted_identifier(name: str) -> str:
    """Quote the name of a table or column for SQL."""
    return '"' + name.replace('"', '""') + '"'


def database_error(path: Path, database: str, error: Exception) -> Exception:
    """Return the exception to raise for a database error, without its message, which may quote a record's value.

    Args:
        path: The database file.
        database: The name of the database system.
        error: The error that it raised.
    """
    message = str(error).lower()
    if any(phrase in message for phrase in _DISK_FULL):
        return OSError(errno.ENOSPC, f"{database} reports a full disk", str(path))
    return DestinationError(f"{path}: {database} failed ({type(error).__name__}).")
