"""Folders with one file per collection and a manifest beside them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa

from oneroster.pull.formats.embedded_manifest import StoredRoster, manifest_of
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.private_files import create_private_file, make_private_folder, read_bytes, sync_to_disk
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster import Roster

__all__ = ["MANIFEST", "FolderRoster", "read_manifest", "write_folder"]

MANIFEST: Final = "_manifest.json"
"""The name of the manifest; with this underscore, tools that read all files of a folder pass it over."""

Write = Callable[[Path, pa.Schema, Iterable[pa.RecordBatch]], int]
Read = Callable[[Path, pa.Schema], pa.RecordBatchReader]


def write_folder(target: Path, roster: Roster, suffix: str, write: Write) -> WriteResult:
    """Write a roster as a folder.

    Args:
        target: The folder to make.
        roster: What to write.
        suffix: Of the files, with the dot.
        write: Writes one file and returns its rows.
    """
    make_private_folder(target)
    rows: dict[str, int] = {}
    for element in roster.elements():
        path = target / f"{collection_name(roster.manifest.specification, element)}{suffix}"
        rows[element] = write(path, roster.schema(element), roster.read(element))
        sync_to_disk(path)
    with open(create_private_file(target / MANIFEST), "wb") as file:  # noqa: PTH123  # a descriptor has no path
        file.write(manifest_of(roster, rows).to_json())
    sync_to_disk(target / MANIFEST)
    sync_to_disk(target)
    return WriteResult(
        {
            f"{collection_name(roster.manifest.specification, element)}{suffix}": number
            for element, number in rows.items()
        }
    )


def read_manifest(place: Path) -> Manifest:
    """The manifest of a folder.

    Raises:
        PlaceError: There is none, or none that can be read.
    """
    return Manifest.from_json(read_bytes(place / MANIFEST, "the manifest of a pull"), str(place / MANIFEST))


class FolderRoster(StoredRoster):
    """A roster in a folder.

    Args:
        place: The folder.
        suffix: Of its files.
        read: Reads one of them.
    """

    def __init__(self, place: Path, suffix: str, read: Read) -> None:
        super().__init__(place, read_manifest(place))
        self._suffix, self._read = suffix, read

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.Roster`."""
        return self._read(
            self.place / f"{collection_name(self.manifest.specification, element)}{self._suffix}", self.schema(element)
        )
