"""Detect the format of a destination, and open the roster stored there."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from oneroster.errors import ConfigurationError
from oneroster.pull.errors import DestinationError, UnknownFormatError
from oneroster.pull.formats.duckdb_file import DuckDbFormat
from oneroster.pull.formats.file_per_collection import MANIFEST_FILE, read_folder_manifest
from oneroster.pull.formats.format import Format
from oneroster.pull.formats.ndjson import NdJsonFormat
from oneroster.pull.formats.oneroster_csv import OneRosterCsvFormat
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS
from oneroster.pull.formats.parquet import ParquetFormat
from oneroster.pull.formats.sqlite_file import SqliteFormat
from oneroster.pull.formats.store_roster import StoreRoster, read_store_manifest
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.store_location import StoreLocation, location_of

__all__ = ["FORMATS", "check_version", "format_of", "open_destination", "open_store", "store_format"]

_ALL_FORMATS: Final[tuple[Format, ...]] = (
    OneRosterCsvFormat(),
    NdJsonFormat(),
    NdJsonFormat("gzip"),
    NdJsonFormat("zstd"),
    ParquetFormat(),
    DuckDbFormat(),
    SqliteFormat(),
)

FORMATS: Final[Mapping[str, Format]] = {format_.name: format_ for format_ in _ALL_FORMATS}
"""The formats, by the value of ``--format``."""

_SINGLE_FILES: Final = {
    "duckdb": "DuckDB changes it in place",
    "sqlite": "SQLite changes it in place",
}
"""The formats of one file that a store cannot hold, and why."""

_ZIP: Final[Format] = OneRosterCsvFormat(zipped=True)

_SUFFIXES: Final[Mapping[str, Format]] = {
    ".zip": _ZIP,
    **{f".{name}": format_ for name, format_ in FORMATS.items()},
    ".sqlite3": FORMATS["sqlite"],
    ".db": FORMATS["sqlite"],
}
_MAGIC_BYTES: Final = (
    (0, b"PK", _ZIP),
    (8, b"DUCK", FORMATS["duckdb"]),
    (0, b"SQLite format 3\0", FORMATS["sqlite"]),
)
"""Offset, bytes and format: how the content of a file identifies its format."""


def format_of(destination: Path, name: str | None = None) -> Format:
    """Return the format of a destination.

    Args:
        destination: A file or folder. Existing content decides; otherwise the suffix of the name does.
        name: The value of ``--format``. It takes precedence over content and suffix.

    Raises:
        UnknownFormatError: The format is unknown or cannot be detected.
        DestinationError: The destination cannot be read, or is a pipe or a device.
    """
    _check_kind(destination)
    if name is not None:
        if name not in FORMATS:
            raise UnknownFormatError(f"Unknown format {name!r}; formats: {', '.join(FORMATS)}.")
        return _ZIP if name == "csv" and destination.suffix.lower() == ".zip" else FORMATS[name]
    detected = _detected(destination)
    if detected is None:
        raise UnknownFormatError(
            f"The format of {destination} cannot be detected. Pass --format with one of {', '.join(FORMATS)},"
            f" or use a name that ends in one of {', '.join(_SUFFIXES)}."
        )
    return detected


def check_version(format_: Format, version: str) -> None:
    """Check that a format can hold the rosters of a version of OneRoster, before anything is fetched.

    Raises:
        ConfigurationError: It cannot.
    """
    if format_.name == OneRosterCsvFormat.name and version not in BINDINGS:
        raise ConfigurationError(
            f"The tenant speaks OneRoster {version}, and the CSV format supports {', '.join(BINDINGS)} only. Use"
            f" another format: {', '.join(name for name in FORMATS if name != format_.name)} (--format)."
        )


def store_format(location: StoreLocation | str, name: str | None = None) -> Format | None:
    """Return the format of a roster that is written to an object store; None if neither option nor name shows it.

    Args:
        location: Where, or the URI of that.
        name: The value of ``--format``.

    Raises:
        UnknownFormatError: The format is unknown.
        ConfigurationError: A store cannot hold it.
    """
    if name is not None and name not in FORMATS:
        raise UnknownFormatError(f"Unknown format {name!r}; formats: {', '.join(FORMATS)}.")
    found = _by_suffix(Path(str(location))) if name is None else FORMATS[name]
    if found is not None and (found is _ZIP or found.name in _SINGLE_FILES):
        kind = "zip" if found is _ZIP else found.name
        raise ConfigurationError(
            f"{location} cannot be {kind}: a single file on a store cannot be changed together with what describes it,"
            f" and {_SINGLE_FILES.get(kind, 'its readers need it on this machine')}. Use parquet, ndjson or csv there"
            " (--format), or pull to this machine."
        )
    return found


def open_store(location: StoreLocation) -> Roster | None:
    """Open the roster at a location of an object store; None without one. Its data is read on demand.

    Raises:
        DestinationError: It cannot be read.
    """
    manifest = read_store_manifest(location)
    if manifest is None:
        return None
    if manifest.data_format not in FORMATS or manifest.data_format in _SINGLE_FILES:
        raise DestinationError(
            f"{location}: the manifest names the format {manifest.data_format!r}; update oneroster-kit."
        )
    return StoreRoster(location, manifest, FORMATS[manifest.data_format])


def open_destination(
    destination: str | Path | StoreLocation,
    format: str | None = None,  # noqa: A002  # the option's name
    filesystem: Any = None,
) -> Roster:
    """Open the roster stored at a destination.

    Args:
        destination: The file or folder, or the URI of a folder on an object store.
        format: Its format; None to detect it.
        filesystem: A filesystem of pyarrow or fsspec, which the destination is a path of; None for none.

    Raises:
        ConfigurationError: The URI cannot be used.
        DestinationError: There is no roster, or it cannot be read.
    """
    location = location_of(destination, filesystem)
    if location is None:
        path = Path(str(destination))
        # A damaged symbolic link is there, and what opens it says what is wrong.
        if not os.path.lexists(path):
            raise DestinationError(f"{path} does not exist; name a roster that was pulled.")
        return _format_in_place(path, format).open(path)
    found = open_store(location)
    if found is None:
        raise DestinationError(f"{location} has no roster: there is no manifest of a pull.")
    return found


def _format_in_place(path: Path, name: str | None) -> Format:
    """Return the format of a roster that is there; the commands that read one have no option for it."""
    if name is None and path.exists() and _detected(path) is None:
        kind = f"it has neither manifest.csv nor {MANIFEST_FILE}" if path.is_dir() else "its form is none of a pull"
        raise UnknownFormatError(f"{path} is no roster: {kind}. Name a roster that was pulled.")
    return format_of(path, name)


def _detected(path: Path) -> Format | None:
    return _by_content(path) or _by_suffix(path)


def _check_kind(destination: Path) -> None:
    try:
        mode = destination.stat().st_mode
    except OSError:
        return  # what opens it says why
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise DestinationError(f"{destination} is neither a file nor a folder; name another.")


def _by_suffix(destination: Path) -> Format | None:
    # Longest suffix first: .ndjson.gz must match before a shorter one could.
    suffixes = sorted(_SUFFIXES, key=len, reverse=True)
    return next((_SUFFIXES[suffix] for suffix in suffixes if destination.name.lower().endswith(suffix)), None)


def _by_content(destination: Path) -> Format | None:
    try:
        if destination.is_dir():
            if (destination / "manifest.csv").is_file():
                return FORMATS["csv"]
            return _folder_format(destination) if (destination / MANIFEST_FILE).is_file() else None
        if not destination.is_file():
            return None
        with destination.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise DestinationError(f"{destination} cannot be read: {error.strerror}.") from None
    return next((format_ for offset, magic, format_ in _MAGIC_BYTES if head[offset:].startswith(magic)), None)


def _folder_format(destination: Path) -> Format | None:
    names = list(read_folder_manifest(destination).collections)
    matching = (
        format_ for format_ in _ALL_FORMATS if all((destination / f"{name}.{format_.name}").is_file() for name in names)
    )
    return next(matching, None) if names else None
