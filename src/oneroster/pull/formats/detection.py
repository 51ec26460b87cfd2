"""Detect the format of a destination, and open the roster stored there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from oneroster.pull.errors import DestinationError, UnknownFormatError
from oneroster.pull.formats.duckdb_file import DuckDbFormat
from oneroster.pull.formats.file_per_collection import MANIFEST_FILE, read_folder_manifest
from oneroster.pull.formats.format import Format
from oneroster.pull.formats.ndjson import NdJsonFormat
from oneroster.pull.formats.oneroster_csv import OneRosterCsvFormat
from oneroster.pull.formats.parquet import ParquetFormat
from oneroster.pull.formats.sqlite_file import SqliteFormat
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["FORMATS", "format_of", "open_destination"]

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
        DestinationError: The destination cannot be read.
    """
    if name is not None:
        if name not in FORMATS:
            raise UnknownFormatError(f"Unknown format {name!r}; formats: {', '.join(FORMATS)}.")
        return _ZIP if name == "csv" and destination.suffix.lower() == ".zip" else FORMATS[name]
    detected = _by_content(destination) or _by_suffix(destination)
    if detected is None:
        raise UnknownFormatError(
            f"The format of {destination} cannot be detected. Pass --format with one of {', '.join(FORMATS)},"
            f" or use a name that ends in one of {', '.join(_SUFFIXES)}."
        )
    return detected


def open_destination(destination: str | Path, format: str | None = None) -> Roster:  # noqa: A002  # the option's name
    """Open the roster stored at a destination.

    Args:
        destination: The file or folder.
        format: Its format; None to detect it.

    Raises:
        DestinationError: There is no roster, or it cannot be read.
    """
    return format_of(Path(destination), format).open(Path(destination))


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
