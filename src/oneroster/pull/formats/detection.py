"""Which format a place has, or shall have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.duckdb_file import DuckDb
from oneroster.pull.formats.folder import MANIFEST, read_manifest
from oneroster.pull.formats.format import Format
from oneroster.pull.formats.ndjson import NdJson
from oneroster.pull.formats.oneroster_csv import Bundle
from oneroster.pull.formats.parquet import Parquet
from oneroster.pull.formats.sqlite_file import Sqlite
from oneroster.pull.roster.roster import Roster

__all__ = ["FORMATS", "format_of", "open_destination"]

_FORMS: Final[tuple[Format, ...]] = (
    Bundle(),
    NdJson(),
    NdJson("gzip"),
    NdJson("zstd"),
    Parquet(),
    DuckDb(),
    Sqlite(),
)

FORMATS: Final[Mapping[str, Format]] = {form.name: form for form in _FORMS}
"""The formats, by the names of ``--format``."""

_ZIP: Final[Format] = Bundle(zipped=True)

_ENDINGS: Final[Mapping[str, Format]] = {
    ".zip": _ZIP,
    **{f".{name}": form for name, form in FORMATS.items()},
    ".sqlite3": FORMATS["sqlite"],
    ".db": FORMATS["sqlite"],
}
_SIGNS: Final = ((0, b"PK", _ZIP), (8, b"DUCK", FORMATS["duckdb"]), (0, b"SQLite format 3\0", FORMATS["sqlite"]))
"""Where in a file which bytes tell its format."""


def format_of(place: Path, name: str | None = None) -> Format:
    """The format of a place.

    Args:
        place: A file or folder; what is there counts, else how it is named.
        name: As ``--format`` names it; outranks both.

    Raises:
        PlaceError: Nothing tells the format.
    """
    if name is not None:
        if name not in FORMATS:
            raise DestinationError(f"There is no format {name!r}; there are {', '.join(FORMATS)}.")
        return _ZIP if name == "csv" and place.suffix.lower() == ".zip" else FORMATS[name]
    found = _by_content(place) or _by_name(place)
    if found is None:
        raise DestinationError(
            f"Neither the name of {place} nor what is there tells a format; give --format, one of {', '.join(FORMATS)},"
            f" or a name that ends in one of {', '.join(_ENDINGS)}."
        )
    return found


def open_destination(place: str | Path, format: str | None = None) -> Roster:  # noqa: A002  # as the command line names it
    """The roster of a place.

    Args:
        place: The file or folder.
        format: Its format; None to go by what is there.

    Raises:
        PlaceError: There is none, or it cannot be read.
    """
    return format_of(Path(place), format).open(Path(place))


def _by_name(place: Path) -> Format | None:
    # The longest first, for .ndjson.gz is more than .gz.
    endings = sorted(_ENDINGS, key=len, reverse=True)
    return next((_ENDINGS[ending] for ending in endings if place.name.lower().endswith(ending)), None)


def _by_content(place: Path) -> Format | None:
    if place.is_dir():
        if (place / "manifest.csv").is_file():
            return FORMATS["csv"]
        return _of_folder(place) if (place / MANIFEST).is_file() else None
    if not place.is_file():
        return None
    try:
        with place.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise DestinationError(f"{place} cannot be read: {error.strerror}.") from None
    return next((form for at, sign, form in _SIGNS if head[at:].startswith(sign)), None)


def _of_folder(place: Path) -> Format | None:
    held = list(read_manifest(place).collections)
    forms = (form for form in _FORMS if all((place / f"{name}.{form.name}").is_file() for name in held))
    return next(forms, None) if held else None
