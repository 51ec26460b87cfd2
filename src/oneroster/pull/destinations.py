"""The two kinds of destinations of a pull: files of this machine, and a folder on an object store.

Either is prepared, asked for the roster in place, and published to. Rows are staged and written on this machine for
both; a store then gets the files, and its manifest last.
"""

import secrets
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec
from platformdirs import user_cache_path

from oneroster.errors import ConfigurationError
from oneroster.pull import atomic_replace
from oneroster.pull.destination_path import as_destination_errors, resolved_destination
from oneroster.pull.errors import DestinationError, UnknownFormatError
from oneroster.pull.fetch.staging import Staging, finish_publication
from oneroster.pull.formats import FORMATS, Format, format_of
from oneroster.pull.formats.detection import open_store, store_format
from oneroster.pull.formats.file_per_collection import MANIFEST_FILE
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS
from oneroster.pull.formats.oneroster_csv.file_definitions import MANIFEST_FILE as CSV_MANIFEST
from oneroster.pull.formats.store_roster import DATA_FOLDER
from oneroster.pull.options import PullOptions
from oneroster.pull.private_files import lexists, sync_to_disk, write_new_file
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest, manifest_path
from oneroster.pull.roster.rejects import rejects_path
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.store_location import StoreLocation, is_store_uri, location_of
from oneroster.standard import Standard

__all__ = ["Destination", "LocalDestination", "StoreDestination", "destination_of", "staged_path"]

REJECTS_FILE: Final = "_rejects.ndjson"
"""The list of rejects in the data folder of a store."""
_SIDE_FILES: Final = {"duckdb": (".wal",), "sqlite": ("-journal", "-wal", "-shm")}
"""What is added to the name of a database for the files in which it keeps changes that are not finished."""

_TIME: Final = "%Y%m%dT%H%M%SZ"


class Destination(Protocol):
    """Where a pull writes.

    Attributes:
        format: The format to write.
        path: The file or folder; for a store, the one of this machine that is staged in its place.
    """

    format: Format
    path: Path

    def existing(self) -> Roster | None:
        """Return the roster in place, after finishing what a killed pull has begun to publish.

        Raises:
            DestinationError: It holds something else than a roster, which must not be replaced.
        """

    def publish(self, staging: Staging, manifest: Manifest, rejects: bytes) -> "Manifest":
        """Replace the roster in place by the one in the staging, as a whole, and return its manifest.

        Args:
            staging: The staging, whose folder `atomic_replace.NEW` holds the new file or folder.
            manifest: The manifest.
            rejects: The list of rejects; empty for none.
        """

    def shown(self) -> "Path | StoreLocation":
        """Return what reports call the destination."""

    def rejects_file(self) -> "Path | StoreLocation":
        """Return the file with the list of rejects of the roster in place."""


class LocalDestination:
    """A file or folder of this machine. See `Destination`.

    Args:
        path: The path.
        format_name: The value of ``--format``.
    """

    def __init__(self, path: Path, format_name: str | None) -> None:
        self.path = resolved_destination(path)
        self.format = format_of(self.path, format_name)

    def existing(self) -> Roster | None:
        """See `Destination.existing`."""
        finish_publication(self.path)
        if not self.path.parent.is_dir():
            raise DestinationError(f"{self.path.parent} is not a folder; create it first.")
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return None
        found = self.format.open(self.path)
        if self.path.is_dir() and (others := _names_of_others(self.path)):
            shown = ", ".join(others[:5]) + (" and others" if len(others) > 5 else "")
            raise DestinationError(
                f"{self.path} also holds {shown}, which would be lost: a roster is replaced as a whole. Move what"
                " is not of the roster, or name another folder."
            )
        return found

    def publish(self, staging: Staging, manifest: Manifest, rejects: bytes) -> Manifest:
        """See `Destination.publish`."""
        folder = staging.folder / atomic_replace.NEW
        beside = (manifest_path(self.path).name, rejects_path(self.path).name)
        with as_destination_errors(self.path, "written"):
            if not self.format.embeds_manifest:
                write_new_file(folder / beside[0], manifest.to_json())
            if rejects:
                write_new_file(folder / beside[1], rejects)
            sync_to_disk(folder)
            atomic_replace.publish(staging.folder, (*self._left_beside(), self.path.name, *beside))
        return manifest

    def _left_beside(self) -> list[str]:
        """Return the names of files with unfinished changes to the old database, which would change the new one."""
        found = [self.path.with_name(self.path.name + suffix) for suffix in _SIDE_FILES.get(self.format.name, ())]
        return [side.name for side in found if lexists(side) and (side.is_symlink() or not side.is_dir())]

    def shown(self) -> Path:
        """See `Destination.shown`."""
        return self.path

    def rejects_file(self) -> Path:
        """See `Destination.rejects_file`."""
        return rejects_path(self.path)


def _names_of_others(folder: Path) -> list[str]:
    """Return the names in the folder of a roster that no pull writes."""
    specifications = [Standard.of(version).specification for version in Standard.versions()]
    known = {
        collection_name(each, element)
        for each in specifications
        for element in each.elements
        if each.elements[element].collection
    }
    known |= {Path(name).stem for binding in BINDINGS.values() for name in binding.files}
    names = sorted(entry.name for entry in folder.iterdir())
    return [name for name in names if name not in (MANIFEST_FILE, CSV_MANIFEST) and name.partition(".")[0] not in known]


class StoreDestination:
    """A folder on an object store. See `Destination`.

    Its data is in a new folder for each pull, and a manifest names one of them. The manifest is written last, in one
    step: of two pulls at once the last one wins whole.

    Args:
        location: Where.
        format_name: The value of ``--format``.
        staging: The folder of this machine in which rows are staged; None for that of the user.
        prune: Delete the data of pulls that began longer ago than this, and that the manifest does not name.
    """

    def __init__(
        self, location: StoreLocation, format_name: str | None, staging: Path | None, prune: timedelta | None
    ) -> None:
        self._location, self._prune = location, prune
        self._in_place: Roster | None = None
        self._data = ""
        found = store_format(location, format_name)
        if found is None:
            self._in_place = open_store(location)
            if self._in_place is None:
                raise UnknownFormatError(
                    f"The format of {location} cannot be told by its name. Pass --format, or use a name that ends in"
                    " one of .parquet, .ndjson, .ndjson.gz, .ndjson.zst and .csv."
                )
            found = FORMATS[self._in_place.manifest.data_format]
        self.format = found
        self.path = _store_staging(location, staging)

    def existing(self) -> Roster | None:
        """See `Destination.existing`."""
        self._in_place = self._in_place or open_store(self._location)
        return self._in_place

    def publish(self, staging: Staging, manifest: Manifest, rejects: bytes) -> Manifest:
        """See `Destination.publish`."""
        self._data = f"{datetime.now(UTC).strftime(_TIME)}-{secrets.token_hex(6)}"
        folder = staging.folder / atomic_replace.NEW / self.path.name
        manifest = msgspec.structs.replace(manifest, data_folder=self._data, data_format=self.format.name)
        if rejects:
            with as_destination_errors(folder, "written"):
                write_new_file(folder / REJECTS_FILE, rejects)
        data = self._location / self._data
        try:
            files = {path.name: path for path in sorted(folder.iterdir())}
            for name, path in files.items():
                (data / name).upload(path)
            self._check_uploaded(data, {name: path.stat().st_size for name, path in files.items()})
            (self._location / MANIFEST_FILE).replace(manifest.to_json())
        except DestinationError:
            with suppress(DestinationError):
                data.delete()
            raise
        if self._prune is not None:
            self._delete_older(self._prune)
        return manifest

    @staticmethod
    def _check_uploaded(data: StoreLocation, sizes: dict[str, int]) -> None:
        if data.names() != sizes:
            raise DestinationError(
                f"{data} does not hold the files that were written to it; another program may have deleted them. The"
                " existing roster is unchanged."
            )

    def _delete_older(self, age: timedelta) -> None:
        oldest = (datetime.now(UTC) - age).strftime(_TIME)
        current = open_store(self._location)
        kept = {self._data, current.manifest.data_folder if current is not None else ""}
        for name, size in self._location.names().items():
            if size is None and DATA_FOLDER.fullmatch(name) and name not in kept and name.partition("-")[0] <= oldest:
                (self._location / name).delete()

    def shown(self) -> StoreLocation:
        """See `Destination.shown`."""
        return self._location

    def rejects_file(self) -> StoreLocation:
        """See `Destination.rejects_file`."""
        return self._location / self._data / REJECTS_FILE


def destination_of(
    destination: "str | Path | StoreLocation", options: PullOptions, filesystem: Any = None
) -> Destination:
    """Return the destination that a path, a URI or a location names.

    Args:
        destination: What names it.
        options: The options of the pull.
        filesystem: The filesystem of the caller, which the destination is a path of; None for none.

    Raises:
        ConfigurationError: It cannot be used, or options do not apply to it.
        DestinationError: It cannot be examined.
    """
    if is_store_uri(destination):
        # Wrong usage is reported before the store is looked for; the rest of a URI may hold credentials.
        store_format(Path(urlsplit(str(destination)).path).name, options.format)
    location = location_of(destination, filesystem)
    if location is not None:
        return StoreDestination(location, options.format, options.staging, options.prune)
    if options.prune is not None or options.staging is not None:
        raise ConfigurationError(
            "--prune and --staging apply to object stores only, as in --to s3://bucket/roster.parquet."
        )
    return LocalDestination(Path(str(destination)), options.format)


def staged_path(destination: "str | Path | StoreLocation", staging: Path | None = None) -> Path:
    """Return the path of this machine beside which a pull to a destination stages its rows.

    Raises:
        ConfigurationError: The destination cannot be used.
        DestinationError: It cannot be examined.
    """
    location = location_of(destination)
    return resolved_destination(Path(str(destination))) if location is None else _store_staging(location, staging)


def _store_staging(location: StoreLocation, staging: Path | None = None) -> Path:
    """Return the path of this machine that is staged in place of a location; its folder exists.

    Without a folder that can be used, it is a temporary one, from which no later pull can resume.

    Args:
        location: Where on a store.
        staging: The folder to use; None for the cache of the user.

    Raises:
        DestinationError: The given folder cannot be used.
    """
    parent = (staging or user_cache_path("oneroster-kit") / "pulls") / sha256(location.identity.encode()).hexdigest()[
        :24
    ]
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if staging is not None:
            raise DestinationError(f"{staging} cannot be used as the staging folder: {error.strerror}.") from None
        parent = Path(tempfile.mkdtemp(prefix="oneroster-"))
    return resolved_destination(parent / location.name)
