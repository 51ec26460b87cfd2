"""A folder on an object store, or on any other filesystem of pyarrow or fsspec."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from oneroster.errors import ConfigurationError
from oneroster.pull.errors import DestinationError
from oneroster.pull.private_files import make_private

__all__ = ["StoreLocation", "is_store_uri", "location_of"]

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_SCHEMES: Final = ("s3", "gs", "gcs", "abfs", "abfss", "file")
_BLOCK: Final = 8 << 20
_ATOMIC_WRITES: Final = ("s3", "gcs", "abfs")
"""Filesystems on which a file appears as a whole when it is closed. On others it is renamed."""


class StoreLocation:
    """A folder on a filesystem of pyarrow.

    Args:
        path: The folder, as the filesystem names it: ``bucket/rosters/springfield.parquet``.
        filesystem: A filesystem of pyarrow or fsspec.
        label: What messages call it; empty for the path.

    Attributes:
        path: The folder.
        name: Its last part.
    """

    def __init__(self, path: str, filesystem: Any, label: str = "") -> None:
        self.path = path.rstrip("/")
        self.name = self.path.rpartition("/")[2]
        if not self.name or self.name in (".", ".."):
            raise ConfigurationError(f"{label or path!r} names no folder; name one, as in s3://bucket/roster.parquet.")
        self._label = label or self.path
        self._fs = filesystem if isinstance(filesystem, fs.FileSystem) else _of_fsspec(filesystem)

    @classmethod
    def from_uri(cls, uri: str) -> "StoreLocation":
        """Return the location that a URI names. Credentials come from the environment, as the store's tools take them.

        Raises:
            ConfigurationError: It is not the URI of a store that pyarrow knows, or it holds credentials.
        """
        parts = urlsplit(uri)
        label = f"{parts.scheme}://{parts.hostname or ''}{parts.path}".rstrip("/")
        if parts.scheme.lower() not in _SCHEMES:
            raise ConfigurationError(
                f"{parts.scheme}:// is not supported; use s3://, gs:// or abfss://, or give a filesystem in Python."
            )
        if parts.password or (parts.username and not parts.scheme.lower().startswith("abfs")):
            raise ConfigurationError(
                f"The URI of {label} holds credentials, which must not be on a command line or in a log. Give them in"
                " the environment."
            )
        try:
            filesystem, path = fs.FileSystem.from_uri(uri)
        except (pa.ArrowException, ValueError, OSError) as error:
            # The message may quote the URI.
            raise ConfigurationError(
                f"{label} cannot be opened by pyarrow ({type(error).__name__}); check the name, and the region and"
                " the credentials in the environment."
            ) from None
        return cls(path, filesystem, label)

    def __str__(self) -> str:
        return self._label

    def __repr__(self) -> str:
        return f"StoreLocation({self._label!r})"

    def __truediv__(self, name: str) -> "StoreLocation":
        return StoreLocation(f"{self.path}/{name}", self._fs, f"{self._label}/{name}")

    @property
    def _is_google(self) -> bool:
        return bool(self._fs.type_name == "gcs")

    @property
    def identity(self) -> str:
        """What tells this location from those of other stores."""
        return f"{self._fs.type_name} {self.path}"

    def names(self) -> dict[str, int | None]:
        """Return the names in the folder with the sizes of files, None for folders; nothing if there is no folder.

        Raises:
            DestinationError: The store cannot be read.
        """
        with _errors(self, "read"):
            found = self._fs.get_file_info(fs.FileSelector(self.path, recursive=self._is_google, allow_not_found=True))
        sizes: dict[str, int | None] = {}
        for info in found:
            # Google's store has no folders; they show by the files in them.
            name, _, below = info.path.removeprefix(f"{self.path}/").partition("/")
            if self._is_google and below:
                sizes[name] = None
            else:
                sizes[info.base_name] = info.size if info.is_file else None
        return sizes

    def read(self, most: int) -> bytes | None:
        """Return the content of a file; None if there is no such file.

        Args:
            most: How many bytes it may have.

        Raises:
            DestinationError: It cannot be read, or is larger.
        """
        with _errors(self, "read"):
            if not self._fs.get_file_info(self.path).is_file:
                return None
            with self._fs.open_input_stream(self.path, compression=None, buffer_size=0) as stream:
                content: bytes = stream.read(most + 1)
        if len(content) > most:
            raise DestinationError(f"{self} cannot be read: it has more than {most >> 20} MB.")
        return content

    def download(self, target: IO[bytes]) -> None:
        """Copy a file to a local one.

        Raises:
            DestinationError: It cannot be read.
        """
        with _errors(self, "read"), self._fs.open_input_stream(self.path, compression=None, buffer_size=0) as stream:
            while block := stream.read(_BLOCK):
                target.write(block)

    def upload(self, source: Path) -> None:
        """Write a file from a local one.

        Raises:
            DestinationError: It cannot be written.
        """
        with _errors(self, "written"), source.open("rb") as file:
            self._make_folder()
            with self._fs.open_output_stream(self.path, compression=None) as stream:
                self._make_private(self.path)
                while block := file.read(_BLOCK):
                    stream.write(block)

    def replace(self, content: bytes) -> None:
        """Write a small file, or replace it in one step.

        Raises:
            DestinationError: It cannot be written; an existing one is unchanged.
        """
        atomic = self._fs.type_name in _ATOMIC_WRITES
        target = self.path if atomic else f"{self.path}.partial"
        with _errors(self, "written"):
            self._make_folder()
            with self._fs.open_output_stream(target, compression=None) as stream:
                self._make_private(target)
                stream.write(content)
            if not atomic:
                self._fs.move(target, self.path)

    def delete(self) -> None:
        """Delete a folder with all that it holds.

        Raises:
            DestinationError: It cannot be deleted.
        """
        with _errors(self, "deleted"):
            if not self._is_google:
                self._fs.delete_dir(self.path)
                return
            # pyarrow looks for the folder, and fails.
            for info in self._fs.get_file_info(fs.FileSelector(self.path, recursive=True)):
                self._fs.delete_file(info.path)

    def _make_folder(self) -> None:
        # Object stores have no folders; creating one may need a right that writing a file does not.
        if self._fs.type_name not in _ATOMIC_WRITES:
            self._fs.create_dir(self.path.rpartition("/")[0] or "/", recursive=True)

    def _make_private(self, path: str) -> None:
        # A store has rights of its own; files of this machine are for their owner only.
        if self._fs.type_name == "local":
            make_private(Path(path))


def is_store_uri(destination: object) -> bool:
    """Return whether a destination is the URI of a store, and not a path."""
    return isinstance(destination, str) and _SCHEME.match(destination) is not None


def location_of(destination: "str | Path | StoreLocation", filesystem: Any = None) -> StoreLocation | None:
    """Return where on a store a destination is; None for a path of this machine.

    Args:
        destination: A path, a URI or a location.
        filesystem: The filesystem of the caller, which the destination is a path of; None for none.

    Raises:
        ConfigurationError: The URI cannot be used.
    """
    if isinstance(destination, StoreLocation):
        return destination
    if filesystem is not None:
        return StoreLocation(str(destination), filesystem)
    return StoreLocation.from_uri(str(destination)) if is_store_uri(destination) else None


def _of_fsspec(filesystem: Any) -> fs.FileSystem:
    if not all(hasattr(filesystem, name) for name in ("open", "find", "protocol")):
        raise ConfigurationError("filesystem must be a filesystem of pyarrow or fsspec.")
    return fs.PyFileSystem(fs.FSSpecHandler(filesystem))


@contextmanager
def _errors(location: StoreLocation, action: str) -> Iterator[None]:
    """Translate errors of a store. Their messages may quote credentials or signed URLs, so only the kind is named."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        reason = type(error).__name__
        if isinstance(error, OSError) and error.errno:
            reason = os.strerror(error.errno)
        if code := re.search(r"AWS Error ([A-Z_]+)|HTTP status (?:code: )?(\d{3})", str(error)):
            reason = next(filter(None, code.groups()))
        raise DestinationError(
            f"{location} cannot be {action}: {reason}. Check the name, the credentials in the environment and their"
            " rights. The existing roster is unchanged."
        ) from None
