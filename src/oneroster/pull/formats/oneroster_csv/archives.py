"""Open a zip that somebody else may have written: its directory, methods and total size are bounded first."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from oneroster.pull.errors import DestinationError
from oneroster.pull.private_files import open_regular

__all__ = ["UNREADABLE_ARCHIVE", "opened_archive"]

UNREADABLE_ARCHIVE: Final = (OSError, EOFError, struct.error, zipfile.BadZipFile, zlib.error)
"""What `zipfile` raises for a damaged or hostile file."""

_LARGEST_DIRECTORY: Final = 1 << 20
"""Bytes of the list of entries, at most; a bundle has fourteen."""
_MOST_ENTRIES: Final = 1000
_FREE_BYTES: Final = 1 << 30
_LARGEST_RATIO: Final = 100
"""What all files together may be expanded to: 1 GB, or so many times the size of the zip if that is more."""
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _BoundedReads:
    """A file that refuses to read more at once than the list of entries may have, until it is told otherwise."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.bounded = True

    def read(self, size: int = -1) -> bytes:
        if not self.bounded:
            return self._file.read(size)
        found = self._file.read(size if 0 <= size <= _LARGEST_DIRECTORY else _LARGEST_DIRECTORY + 1)
        if len(found) > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip for the duration of the block.

    Raises:
        DestinationError: It has too many entries, two of one name, an unusual method, or would expand too much.
        OSError: It cannot be opened, or one of `UNREADABLE_ARCHIVE`.
    """
    with open_regular(path) as file:
        bounded = _BoundedReads(file)
        try:
            archive = zipfile.ZipFile(bounded)
        # zipfile raises NotImplementedError for a method or a version that it does not know.
        except (ValueError, OverflowError, NotImplementedError) as error:
            raise zipfile.BadZipFile from error
        with archive:
            bounded.bounded = False
            _check(path, archive)
            yield archive


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    expanded = sum(entry.file_size for entry in entries)
    most = max(_FREE_BYTES, _LARGEST_RATIO * path.stat().st_size)
    reason = ""
    if len(entries) > _MOST_ENTRIES:
        reason = f"it has {len(entries)} entries, and a bundle has fourteen"
    elif len(set(names)) < len(names):
        reason = "it has two entries of one name"
    elif any(entry.flag_bits & 1 for entry in entries):
        reason = "it is encrypted"
    elif any(entry.compress_type not in _METHODS for entry in entries):
        reason = "it is compressed by another method than deflate"
    elif expanded > most:
        reason = f"its files have {expanded >> 20} MB, more than {_LARGEST_RATIO} times its own size"
    if reason:
        raise DestinationError(f"{path} cannot be read as a bundle: {reason}.")
