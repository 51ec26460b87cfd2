"""Helpers of the DuckDB and SQLite formats: identifiers in SQL, the manifest table, and error messages."""

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from oneroster.pull.errors import DestinationError
from oneroster.pull.roster.manifest import Manifest

__all__ = ["LONGEST_MANIFEST", "MANIFEST_TABLE", "database_error", "quoted_identifier", "stored_manifest"]

MANIFEST_TABLE: Final = "_oneroster"
"""The table with the manifest of the pull: one row, one column."""

LONGEST_MANIFEST: Final = 16 << 20
"""Characters of a manifest that are read."""

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
    if path.is_dir():
        return DestinationError(f"{path} is a folder, and a database of {database} is a file. Name another.")
    return DestinationError(
        f"{path}: {database} cannot read or write it; it may be another kind of file, damaged, or in use."
    )


def stored_manifest(path: Path, found: Sequence[Sequence[Any]]) -> Manifest:
    """Return the manifest of a database file.

    Args:
        path: The file.
        found: The first two rows of the table.

    Raises:
        DestinationError: There is not exactly one row, or it is not a manifest.
    """
    if len(found) != 1:
        raise DestinationError(f"{path}: table {MANIFEST_TABLE} must have one row, not {len(found)}.")
    text = found[0][0]
    if not isinstance(text, str):
        raise DestinationError(f"{path}: table {MANIFEST_TABLE} does not hold the manifest of a pull.")
    return Manifest.from_json(text.encode("utf-8", "surrogatepass"), f"{path}, table {MANIFEST_TABLE}")
