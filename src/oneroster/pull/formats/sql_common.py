"""What both databases need: names in SQL, and their refusals in words of our own."""

import errno
from pathlib import Path
from typing import Final

from oneroster.pull.errors import DestinationError

__all__ = ["MANIFEST_TABLE", "quoted", "refused"]

MANIFEST_TABLE: Final = "_oneroster"
"""The table with the manifest of the pull: one row, one column."""

_FULL: Final = ("no space left", "disk is full")


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def refused(path: Path, database: str, error: Exception) -> Exception:
    """The error to raise for one of a database, whose own words may hold a value of a record."""
    words = str(error).lower()
    if any(sign in words for sign in _FULL):
        return OSError(errno.ENOSPC, f"{database} found the disk full", str(path))
    return DestinationError(f"{path}: {database} refused it ({type(error).__name__}).")
