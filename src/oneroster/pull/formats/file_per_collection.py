"""Folders with one file per collection and a manifest: the layout of the Parquet and NDJSON formats."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa

from oneroster.pull.errors import not_a_roster
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.stored_roster import StoredRoster, manifest_to_store
from oneroster.pull.private_files import create_private_file, make_private_folder, read_bytes, sync_to_disk
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["MANIFEST_FILE", "FolderRoster", "read_folder_manifest", "write_collection_files"]

MANIFEST_FILE: Final = "_manifest.json"
"""The name of the manifest. Tools that read all files of a folder skip names with a leading underscore."""

WriteFile = Callable[[Path, pa.Schema, Iterable[pa.RecordBatch]], int]
ReadFile = Callable[[Path, pa.Schema], pa.RecordBatchReader]


def write_collection_files(target: Path, roster: Roster, suffix: str, write_file: WriteFile) -> WriteResult:
    """Write a roster to a new folder.

    Args:
        target: The folder to create.
        roster: The roster to write.
        suffix: The suffix of the files, with the dot.
        write_file: Writes one file and returns its number of rows.
    """
    make_private_folder(target)
    specification = roster.manifest.specification
    rows: dict[str, int] = {}
    for element in roster.elements():
        path = target / f"{collection_name(specification, element)}{suffix}"
        rows[element] = write_file(path, roster.schema(element), roster.read(element))
        sync_to_disk(path)
    with open(create_private_file(target / MANIFEST_FILE), "wb") as file:  # noqa: PTH123  # a descriptor has no path
        file.write(manifest_to_store(roster, rows).to_json())
    sync_to_disk(target / MANIFEST_FILE)
    sync_to_disk(target)
    return WriteResult.of_collections(specification, rows, suffix)


def read_folder_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises:
        DestinationError: The manifest is missing or cannot be read.
    """
    path = folder / MANIFEST_FILE
    if not path.exists() and path.parent.is_dir():
        raise not_a_roster(folder, path.name)
    return Manifest.from_json(read_bytes(path, "the manifest of a pull"), str(path))


class FolderRoster(StoredRoster):
    """A roster stored in a folder.

    Args:
        folder: The folder.
        suffix: The suffix of its files.
        read_file: Reads one of the files.
    """

    def __init__(self, folder: Path, suffix: str, read_file: ReadFile) -> None:
        super().__init__(folder, read_folder_manifest(folder))
        self._suffix, self._read_file = suffix, read_file

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.roster_protocol.Roster.read`."""
        name = f"{collection_name(self.specification, element)}{self._suffix}"
        return self._read_file(self.destination / name, self.schema(element))
