"""Files and folders with owner-only permissions, because rosters hold children's data."""

import os
from pathlib import Path

from oneroster.pull.errors import DestinationError

__all__ = ["create_private_file", "make_private", "make_private_folder", "read_bytes", "sync_to_disk"]


def make_private_folder(path: Path) -> Path:
    """Create a folder that only its owner can read, and return its path."""
    path.mkdir(mode=0o700)
    return path


def create_private_file(path: Path) -> int:
    """Create a file that only its owner can read, and return a descriptor for writing; the caller closes it."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)


def make_private(path: Path) -> None:
    """Restrict a file that a library has created to its owner."""
    path.chmod(0o600)


def sync_to_disk(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders, and keeps their entries without it
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bytes(path: Path, what: str) -> bytes:
    """Read a small file of a destination.

    Args:
        path: The file.
        what: What it should be, for the message, as in ``the manifest of a pull``.

    Raises:
        DestinationError: The file is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DestinationError(f"{path} cannot be read as {what}: {error.strerror}.") from None
