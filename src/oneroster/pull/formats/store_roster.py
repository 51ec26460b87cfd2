"""A roster on an object store: its manifest is read at once, its data when it is needed, into a temporary folder."""

import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.file_per_collection import MANIFEST_FILE
from oneroster.pull.formats.format import Format
from oneroster.pull.private_files import create_private_file, make_private_folder, write_new_file
from oneroster.pull.roster.elements import in_load_order
from oneroster.pull.roster.manifest import Manifest, manifest_path
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.store_location import StoreLocation

__all__ = ["DATA_FOLDER", "StoreRoster", "read_store_manifest"]

DATA_FOLDER: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}")
"""The names of the folders with the data of one pull: the time at which it began, in UTC, and random digits."""

_FILE: Final = re.compile(r"[A-Za-z_]\w*\.(?:csv|ndjson|ndjson\.gz|ndjson\.zst|parquet|json)")
_LARGEST_MANIFEST: Final = 16 << 20


def read_store_manifest(location: StoreLocation) -> Manifest | None:
    """Return the manifest of the roster at a location; None if there is no roster.

    Raises:
        DestinationError: It cannot be read, or is not one of a pull to a store.
    """
    place = location / MANIFEST_FILE
    content = place.read(_LARGEST_MANIFEST)
    if content is None:
        return None
    manifest = Manifest.from_json(content, str(place))
    if not DATA_FOLDER.fullmatch(manifest.data_folder):
        raise DestinationError(f"{place} names no folder with data, so it is not the manifest of a pull to a store.")
    return manifest


class StoreRoster:
    """A roster on a store. The manifest names the folder with its data, and nothing else is read.

    Args:
        location: Where it is.
        manifest: Its manifest, from `read_store_manifest`.
        data_format: The format of the data.

    Attributes:
        manifest: See `oneroster.pull.roster.roster_protocol.Roster`.
    """

    def __init__(self, location: StoreLocation, manifest: Manifest, data_format: Format) -> None:
        self._location, self._format, self.manifest = location, data_format, manifest
        self._local: Roster | None = None

    def elements(self) -> tuple[str, ...]:
        """See `oneroster.pull.roster.roster_protocol.Roster.elements`."""
        collections = self.manifest.collections.values()
        return in_load_order(self.manifest.specification, [stored.element for stored in collections])

    def schema(self, element: str) -> pa.Schema:
        """See `oneroster.pull.roster.roster_protocol.Roster.schema`."""
        return self.local().schema(element)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.roster_protocol.Roster.read`."""
        schema = self.schema(element)

        def batches() -> Iterator[pa.RecordBatch]:
            # A reader keeps this roster, and so its files.
            yield from self.local().read(element)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def local(self) -> Roster:
        """Return the roster after its files have been copied to a temporary folder, which is deleted with this object.

        Raises:
            DestinationError: A file is missing or cannot be read.
        """
        if self._local is None:
            folder = Path(tempfile.mkdtemp(prefix="oneroster-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            target = make_private_folder(folder / self._location.name)
            data = self._location / self.manifest.data_folder
            names = [name for name, size in data.names().items() if size is not None and _FILE.fullmatch(name)]
            if not names:
                raise DestinationError(f"{data} has no files, although the manifest names it; pull again.")
            for name in names:
                with open(create_private_file(target / name), "wb") as file:  # noqa: PTH123  # a descriptor has no path
                    (data / name).download(file)
            if not self._format.embeds_manifest:
                write_new_file(manifest_path(target), self.manifest.to_json())
            self._local = self._format.open(target)
        return self._local
