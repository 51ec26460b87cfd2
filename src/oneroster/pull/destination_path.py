"""What can be a destination, and errors of the operating system as errors of a destination."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from oneroster.errors import OneRosterError
from oneroster.pull.errors import DestinationError

__all__ = ["as_destination_errors", "resolved_destination"]

_MAX_NAME: Final = 255
"""Bytes of a file name, on all common file systems."""
_LONGEST_SUFFIX: Final = ".manifest.json.partial"
"""What is added to the name of a destination for the files beside it, at most."""


def resolved_destination(destination: Path) -> Path:
    """Return the file or folder to replace. A symbolic link is kept, and what it points to is replaced.

    Raises:
        DestinationError: The path cannot be a destination, or cannot be examined.
    """
    try:
        found = destination.resolve() if destination.is_symlink() else destination
    except (OSError, RuntimeError) as error:
        # Before Python 3.13, a loop of links is a RuntimeError.
        reason = getattr(error, "strerror", None) or "the symbolic links form a loop"
        raise DestinationError(f"{destination} cannot be used: {reason}; choose another --to.") from None
    if found.name in ("", ".."):
        raise DestinationError(
            f"{destination} cannot be replaced: it is a folder without a name of its own. Name a file or folder in it,"
            f" as in --to {destination / 'roster.parquet'}."
        )
    if not _is_text(os.fspath(found)):
        raise DestinationError(f"{os.fspath(found)!r} cannot be used: its name is no UTF-8 text; choose another --to.")
    longest = _MAX_NAME - len(_LONGEST_SUFFIX)
    if len(os.fsencode(found.name)) > longest:
        raise DestinationError(
            f"The name {found.name[:20]}… is too long: a destination has at most {longest} bytes, because the files"
            " beside it have longer names. Choose a shorter --to."
        )
    return found


def _is_text(name: str) -> bool:
    """Return whether a path is text that every library can open."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def as_destination_errors(path: Path, action: str) -> Iterator[None]:
    """Translate errors of the operating system.

    Args:
        path: The path to name where the error names none.
        action: What cannot be done, as in ``written``; the existing roster is then unchanged.

    Raises:
        DestinationError: The operating system raised an error.
    """
    try:
        yield
    except OneRosterError:
        raise
    except OSError as error:
        raise DestinationError(
            f"{error.filename or path} cannot be {action}: {error.strerror or type(error).__name__}."
            " The existing roster is unchanged."
        ) from None
