"""Putting a new file or folder where an old one is: the place holds the old or the new one whole, never a mixture.

A file takes the name of another in one step on every system. Two folders change names in one step where the system can
(Linux); elsewhere in two, and should a kill come between them, `recover` puts the old one back.
"""

import ctypes
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from oneroster.pull.private_files import settled

__all__ = ["put", "recover"]

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


def put(new: Path, place: Path) -> None:
    """Move a new file or folder to the place, in place of what is there.

    Args:
        new: On the same file system as the place, all of it written.
        place: Where it belongs.

    Raises:
        OSError: It cannot be moved; the place is then as it was.
    """
    if not place.exists() or (new.is_file() and place.is_file()):
        new.replace(place)
    elif _exchange(new, place):
        _remove(new)
    else:
        aside = _aside(place)
        _remove(aside)
        place.rename(aside)
        try:
            new.rename(place)
        except OSError:
            aside.rename(place)
            raise
        _remove(aside)
    settled(place.parent)


def recover(place: Path) -> bool:
    """Put back what a kill in the middle of `put` left aside; whether there was something to put back.

    Raises:
        OSError: It cannot be moved.
    """
    aside = _aside(place)
    if not aside.exists():
        return False
    if place.exists():
        _remove(aside)
        return False
    aside.rename(place)
    return True


def _aside(place: Path) -> Path:
    return place.with_name(f".{place.name}.old")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change names in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    done: int = rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return done == 0
