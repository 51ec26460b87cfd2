"""Write the files of a bundle to a folder or a zip."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Final, Protocol

from oneroster.pull.private_files import create_private_file, make_private_folder, sync_to_disk

__all__ = ["FolderSink", "Sink", "ZipSink"]

_COMPRESSION_LEVEL: Final = 1
"""The fastest deflate level already reduces rosters to a sixth; higher levels take three times as long."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can store."""


class Sink(Protocol):
    """Receives files one at a time."""

    def file(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Create a file that is open for the duration of the block."""


class FolderSink:
    """Writes files to a new folder."""

    def __init__(self, target: Path) -> None:
        self._target = make_private_folder(target)

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """See `Sink.file`."""
        path = self._target / name
        with open(create_private_file(path), "wb") as file:  # noqa: PTH123  # a descriptor has no path
            yield file
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    @contextmanager
    def create(cls, target: Path) -> Iterator["FolderSink"]:
        """Create the folder, and flush it to disk at the end of the block."""
        yield cls(target)
        sync_to_disk(target)


class ZipSink:
    """Writes files to the root of a new zip (1 [A]). Equal rows always give equal bytes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """See `Sink.file`."""
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        with self._archive.open(entry, "w", force_zip64=True) as file:
            yield file

    @classmethod
    @contextmanager
    def create(cls, target: Path) -> Iterator["ZipSink"]:
        """Create the zip, and flush it to disk at the end of the block."""
        stream: BinaryIO
        with open(create_private_file(target), "wb") as stream:  # noqa: PTH123  # a descriptor has no path
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
                yield cls(archive)
            stream.flush()
            os.fsync(stream.fileno())
