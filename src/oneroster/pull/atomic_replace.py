"""Publish new files and folders under their names: all of them, or none.

A pull prepares them in its staging folder, under ``new``. A record of what will be moved is on the disk before the
first move, so that a pull that is killed half-way is finished by the next one (`recover`). An error half-way is undone.

A file replaces another in one step on every system. Two folders are exchanged in one step where the system can do so
(Linux); elsewhere it takes two.
"""

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from oneroster.pull.private_files import create_private_file, lexists, make_private_folder, sync_to_disk

__all__ = ["NEW", "OLD", "RECORD", "publish", "recover", "remove"]

NEW: Final = "new"
"""The folder of the staging with what is published."""
OLD: Final = "old"
"""The folder of the staging with what was replaced."""
RECORD: Final = "publication.json"
"""The file of the staging that lists what is published, until all of it is."""

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


class _Move(msgspec.Struct, frozen=True):
    """One name to publish.

    Attributes:
        name: The name, in the folder of the destination and in that of the new files.
        inode: The number by which the new file or folder is recognised; None to delete the name.
    """

    name: str
    inode: int | None

    def is_of_a_file(self) -> bool:
        """Return whether the name is that of a file or folder in its folder, and not a path."""
        return self.name not in ("", ".", "..") and Path(self.name).name == self.name

    def is_done(self, target: Path) -> bool:
        """Return whether the new file or folder has the name."""
        return target.lstat().st_ino == self.inode if lexists(target) else self.inode is None


def publish(staging: Path, names: Iterable[str]) -> None:
    """Give new files and folders their names beside the staging folder, and delete names without a new one.

    Args:
        staging: The staging folder, beside the names. The new files are in its folder `NEW`, complete and on the disk.
        names: The names to replace or to delete.

    Raises:
        OSError: Something cannot be moved; all names are as they were.
    """
    moves = [_Move(name, _inode(staging / NEW / name)) for name in names]
    make_private_folder(staging / OLD)
    try:
        _write_record(staging, moves)
        for move in moves:
            _apply(staging, move)
        sync_to_disk(staging.parent)
        (staging / RECORD).unlink()
    except OSError:
        for move in reversed(moves):
            _undo(staging, move)
        (staging / RECORD).unlink(missing_ok=True)
        raise


def recover(staging: Path) -> bool:
    """Finish a publication that a killed pull has begun.

    Returns:
        Whether there was one.

    Raises:
        OSError: Something cannot be moved.
    """
    record = staging / RECORD
    if not lexists(record):
        return False
    with suppress(
        msgspec.MsgspecError, UnicodeDecodeError, RecursionError
    ):  # a record that is torn was not followed by a move
        for move in msgspec.json.decode(record.read_bytes(), type=list[_Move]):
            if move.is_of_a_file() and not move.is_done(staging.parent / move.name):
                _apply(staging, move)
        sync_to_disk(staging.parent)
    record.unlink()
    return True


def _inode(path: Path) -> int | None:
    return path.lstat().st_ino if lexists(path) else None


def _write_record(staging: Path, moves: list[_Move]) -> None:
    with open(create_private_file(staging / RECORD), "wb") as file:  # noqa: PTH123  # a descriptor has no path
        file.write(msgspec.json.encode(moves))
        file.flush()
        os.fsync(file.fileno())
    sync_to_disk(staging)


def _apply(staging: Path, move: _Move) -> None:
    """Give a new file or folder its name, and keep what had the name before."""
    new, target, old = staging / NEW / move.name, staging.parent / move.name, staging / OLD / move.name
    if move.inode is None:
        if lexists(target):
            target.rename(old)
    elif not lexists(target):
        new.rename(target)
    elif _exchange(new, target):
        new.rename(old)
    elif _is_folder(new) or _is_folder(target):
        target.rename(old)
        new.rename(target)
    else:
        old.unlink(missing_ok=True)
        os.link(target, old, follow_symlinks=False)
        new.replace(target)


def _undo(staging: Path, move: _Move) -> None:
    """Give a name back to what had it before, however far `_apply` came."""
    new, target, old = staging / NEW / move.name, staging.parent / move.name, staging / OLD / move.name
    if move.inode is not None and lexists(target) and move.is_done(target):
        if lexists(new):  # exchanged, and not moved aside
            _exchange(new, target)
            return
        if not (lexists(old) and _exchange(old, target)):
            target.rename(new)
    if lexists(old) and not lexists(target):
        old.rename(target)


def remove(path: Path) -> None:
    """Delete a file, a link, or a folder with all that it holds."""
    if _is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step; return False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    status: int = rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE)
    return status == 0
