"""Files and folders with owner-only permissions, because rosters hold children's data."""

import errno
import os
import stat
from collections.abc import Callable, Container
from pathlib import Path
from typing import IO, BinaryIO, Final

from oneroster.pull.errors import DestinationError

__all__ = [
    "check_own_folder",
    "create_private_file",
    "lexists",
    "make_private",
    "make_private_folder",
    "open_own_file",
    "open_regular",
    "read_bytes",
    "read_small",
    "sync_to_disk",
    "write_new_file",
]

_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_BLOCK: Final = getattr(os, "O_NONBLOCK", 0)
_BINARY: Final = getattr(os, "O_BINARY", 0)
_OTHERS: Final = 0o077
_MOST_BYTES: Final = 16 << 20
"""The size of a manifest, at most."""


def make_private_folder(path: Path) -> Path:
    """Create a folder that only its owner can read, and return its path."""
    path.mkdir(mode=0o700)
    return path


def create_private_file(path: Path) -> int:
    """Create a file that only its owner can read, and return a descriptor for writing; the caller closes it."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY, 0o600)


def write_new_file(path: Path, content: bytes) -> None:
    """Write a file that does not exist, with owner-only permissions, and flush it to the disk.

    Args:
        path: The file.
        content: The whole content.

    Raises:
        OSError: It exists, or cannot be written.
    """
    descriptor = create_private_file(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def open_own_file(path: Path) -> BinaryIO:
    """Open a file in a folder of ours for appending, or create it. Links are not followed.

    Raises:
        OSError: It cannot be opened, or is a link.
    """
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _NO_FOLLOW | _BINARY, 0o600), "ab")


def lexists(path: Path) -> bool:
    """Return whether a name exists, also as a link to nothing.

    Raises:
        OSError: It cannot be examined.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def check_own_folder(path: Path, is_known: Callable[[str], bool], folders: Container[str] = ()) -> str:
    """Say why a folder is not one that `make_private_folder` made and that only a pull has written to.

    Args:
        path: The folder.
        is_known: Whether a pull gives a file or a folder this name.
        folders: The names of folders; all others are those of regular files.

    Returns:
        The reason; empty if it is such a folder.

    Raises:
        OSError: It cannot be examined.
    """
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return "it is a symbolic link" if stat.S_ISLNK(found.st_mode) else "it is not a folder"
    if os.name != "nt" and found.st_uid != os.geteuid():
        return "it belongs to another user"
    if os.name != "nt" and found.st_mode & _OTHERS:
        return "other users have access to it"
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_symlink():
                return "it has a symbolic link in it"
            regular = entry.is_dir() if entry.name in folders else entry.is_file()
            # A pipe under the name of a file would never end.
            if not regular or not is_known(entry.name):
                return "it has other files in it"
    return ""


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


def open_regular(path: Path) -> BinaryIO:
    """Open a file that somebody else may have written, for reading.

    Raises:
        OSError: It cannot be opened, or is a pipe or a device, which might never end.
    """
    descriptor = os.open(path, os.O_RDONLY | _NO_BLOCK | _BINARY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_bytes(path: Path, what: str) -> bytes:
    """Read a small file of a destination.

    Args:
        path: The file.
        what: What it should be, for the message, as in ``the manifest of a pull``.

    Raises:
        DestinationError: The file is missing, cannot be read, or is too large to be one.
    """
    try:
        with open_regular(path) as file:
            return read_small(file, f"{path}", what)
    except OSError as error:
        raise DestinationError(f"{path} cannot be read as {what}: {error.strerror}.") from None


def read_small(stream: IO[bytes], where: str, what: str) -> bytes:
    """Read a stream to its end, which must come soon.

    Raises:
        DestinationError: It is too large.
    """
    content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise DestinationError(f"{where} cannot be read as {what}: it has more than {_MOST_BYTES >> 20} MB.")
    return content
