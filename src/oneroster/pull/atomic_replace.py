"""Atomic replacement of a file or folder: the destination holds the old or the new one in full, never a mixture.

A file replaces another in one step on every system. Two folders are exchanged in one step where the system can do so
(Linux). Elsewhere it takes two steps, and if the process is killed between them, `recover` restores the old folder.
"""

import ctypes
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from oneroster.pull.private_files import sync_to_disk

__all__ = ["recover", "replace"]

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


def replace(new: Path, destination: Path) -> None:
    """Move a new file or folder to the destination, replacing what is there.

    Args:
        new: A complete file or folder on the file system of the destination.
        destination: The path to replace.

    Raises:
        OSError: It cannot be moved; the destination is unchanged.
    """
    if not destination.exists() or (new.is_file() and destination.is_file()):
        new.replace(destination)
    elif _exchange(new, destination):
        _remove(new)
    else:
        backup = _backup_of(destination)
        _remove(backup)
        destination.rename(backup)
        try:
            new.rename(destination)
        except OSError:
            backup.rename(destination)
            raise
        _remove(backup)
    sync_to_disk(destination.parent)


def recover(destination: Path) -> bool:
    """Restore the backup that `replace` leaves when the process is killed in the middle of it.

    Returns:
        Whether a backup was restored.

    Raises:
        OSError: The backup cannot be moved.
    """
    backup = _backup_of(destination)
    if not backup.exists():
        return False
    if destination.exists():
        _remove(backup)
        return False
    backup.rename(destination)
    return True


def _backup_of(destination: Path) -> Path:
    return destination.with_name(f".{destination.name}.old")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step; return False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    status: int = rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE)
    return status == 0
