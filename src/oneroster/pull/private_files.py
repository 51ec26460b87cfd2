"""Files and folders that only their owner can read, for they hold children's data."""

import os
from pathlib import Path

from oneroster.pull.errors import DestinationError

__all__ = ["make_folder", "opened", "protected", "read_bytes", "settled"]


def make_folder(path: Path) -> Path:
    """Make a folder for the owner alone."""
    path.mkdir(mode=0o700)
    return path


def opened(path: Path) -> int:
    """A new file for the owner alone, open for writing; the caller closes the descriptor."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)


def protected(path: Path) -> None:
    """Take all others their rights on a file that a library has made."""
    path.chmod(0o600)


def settled(path: Path) -> None:
    """Have a file, or the names in a folder, safe on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # folders cannot be opened there, and their entries are safe without
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bytes(path: Path, what: str) -> bytes:
    """A small file of a place.

    Raises:
        PlaceError: It is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DestinationError(f"{path} is {what} no more, or was never one: {error.strerror}.") from None
