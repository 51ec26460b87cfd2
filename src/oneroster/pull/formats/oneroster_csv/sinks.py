"""Where the files of a bundle go: into a folder, or into a zip."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Final, Protocol

from oneroster.pull.private_files import create_private_file, make_private_folder, sync_to_disk

__all__ = ["FolderSink", "Sink", "ZipSink"]

_LEVEL: Final = 1
"""Rosters shrink to a sixth already by the quickest deflate, and the better ones take three times as long."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class Sink(Protocol):
    """Takes files, one after the other."""

    def file(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A new file, open until the end of the block."""


class FolderSink:
    """A new folder."""

    def __init__(self, target: Path) -> None:
        self._target = make_private_folder(target)

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """See `Sink`."""
        path = self._target / name
        with open(create_private_file(path), "wb") as file:  # noqa: PTH123  # a descriptor has no path
            yield file
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    @contextmanager
    def made(cls, target: Path) -> Iterator["FolderSink"]:
        """The folder, safe on the disk behind the block."""
        yield cls(target)
        sync_to_disk(target)


class ZipSink:
    """A zip with all files at its root (1 [A]). The same rows give the same bytes, whenever they are written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """See `Sink`."""
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        with self._archive.open(entry, "w", force_zip64=True) as file:
            yield file

    @classmethod
    @contextmanager
    def made(cls, target: Path) -> Iterator["ZipSink"]:
        """The zip, safe on the disk behind the block."""
        stream: BinaryIO
        with open(create_private_file(target), "wb") as stream:  # noqa: PTH123  # a descriptor has no path
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
                yield cls(archive)
            stream.flush()
            os.fsync(stream.fileno())
