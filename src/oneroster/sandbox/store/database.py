"""Generate the database of a district, keep it in a cache folder, and connect to it."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from platformdirs import user_cache_path

from oneroster.sandbox.district.conforming_records import ConformingRecords
from oneroster.sandbox.district.entity_types import Person
from oneroster.sandbox.district.generator import district_entities
from oneroster.sandbox.district.mapping import DistrictMapping, source_of
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.store.scope_sql import indexed_columns
from oneroster.sandbox.store.table_layout import TableLayout, column
from oneroster_runtime.specification import Specification

DISTRICT: Final = "district"
"""The name of the SQLite schema that holds the generated records."""

Progress = Callable[[int, int], None]
"""Called with the number of users generated so far and in total."""

_ROWS_PER_INSERT: Final = 2_000
_USERS_PER_PROGRESS_CALL: Final = 500
_SETTINGS: Final = ("page_size = 16384", "journal_mode = OFF", "synchronous = OFF", "cache_size = -65536")
_STORING_MODULES: Final = ("store/database.py", "store/table_layout.py", "query/timestamps.py")


def default_cache() -> Path | None:
    """Return the user's folder for generated districts; None for a user without a home."""
    folder = user_cache_path("oneroster-kit") / "districts"
    return folder if folder.is_absolute() else None


def open_district(
    size: Size,
    seed: int,
    specification: Specification,
    mapping: DistrictMapping,
    cache: Path | None,
    progress: Progress | None = None,
) -> sqlite3.Connection:
    """Return a connection with an empty private database and the district attached, generated if necessary.

    Args:
        size: The size of the district.
        seed: Any number; each gives another district.
        specification: The version of the standard, which defines the tables.
        mapping: Turns the district into the elements of that version.
        cache: The folder that keeps generated districts; None generates a temporary one, as does a folder that cannot
            be used.
        progress: Called with the number of users generated so far and in total.
    """
    generation = _Generation(size, seed, specification, mapping, progress)
    if cache is not None:
        with suppress(OSError, sqlite3.Error):
            return _cached(cache, generation, size, seed, specification, mapping)
    connection = _connection()
    connection.execute(f"ATTACH '' AS {DISTRICT}")  # a temporary database, which SQLite may spill to disk
    generation.fill(connection)
    return connection


def _cached(
    cache: Path,
    generation: "_Generation",
    size: Size,
    seed: int,
    specification: Specification,
    mapping: DistrictMapping,
) -> sqlite3.Connection:
    """Return a connection to a district in a folder, generated if necessary.

    Raises:
        OSError: The folder cannot be written.
        sqlite3.Error: The file cannot be written or read.
    """
    path = cache / f"{size}-{seed}-v{specification.version}-{_digest(specification, mapping)}.sqlite"
    if not path.exists():
        _build(path, generation)
    try:
        return _attached(path)
    except sqlite3.DatabaseError:  # damaged, for example by a full disk; generate it again
        _build(path, generation)
        return _attached(path)


def record_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of records of each element in the district."""
    return dict(connection.execute(f"SELECT element, rows FROM {DISTRICT}.about"))


def create_indexes(connection: sqlite3.Connection, schema: str, element: str, specification: Specification) -> None:
    """Create the indexes of an element's table: on the id, and on the columns that nested collections search by."""
    table = column(element)
    connection.execute(f"CREATE UNIQUE INDEX {schema}.{column(element + ' id')} ON {table} ({column('sourcedId')})")
    for name in sorted(indexed_columns(specification, element)):
        connection.execute(f"CREATE INDEX {schema}.{column(f'{element} {name}')} ON {table} ({column(name)})")


def _connection() -> sqlite3.Connection:
    # The store runs one statement at a time under its lock, so the connection need not be bound to one thread.
    connection = sqlite3.connect("file::memory:", uri=True, isolation_level=None, check_same_thread=False)
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    return connection


def _casefold(value: Any) -> str | None:
    return None if value is None else str(value).casefold()


def _attached(path: Path) -> sqlite3.Connection:
    connection = _connection()
    try:
        # Immutable, because the file is only ever replaced as a whole: SQLite then needs no locks.
        connection.execute(f"ATTACH ? AS {DISTRICT}", (f"{path.absolute().as_uri()}?mode=ro&immutable=1",))
        record_counts(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _build(path: Path, generation: "_Generation") -> None:
    """Generate into a temporary file and rename it, so that an interrupted or a second run does no harm."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{path.stem}-", suffix=".part", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        connection = _connection()
        try:
            connection.execute(f"ATTACH ? AS {DISTRICT}", (part.absolute().as_uri(),))
            generation.fill(connection)
        finally:
            connection.close()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    for outdated in path.parent.glob(f"{path.stem.rpartition('-')[0]}-*.sqlite"):
        if outdated != path:
            outdated.unlink(missing_ok=True)


class _Generation:
    """Fills a database with the records of one district."""

    def __init__(
        self, size: Size, seed: int, specification: Specification, mapping: DistrictMapping, progress: Progress | None
    ) -> None:
        self._size = size
        self._seed = seed
        self._specification = specification
        self._mapping = mapping
        self._progress = progress
        self._layouts = _layouts(specification)

    def fill(self, connection: sqlite3.Connection) -> None:
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {DISTRICT}.{setting}")
        connection.execute("BEGIN")
        with connection:
            counts = dict.fromkeys(self._layouts, 0)
            for layout in self._layouts.values():
                connection.execute(layout.create_statement(DISTRICT))
            for element, rows in self._batches():
                marks = ", ".join("?" * len(rows[0]))
                for position, row in enumerate(rows, counts[element] + 1):
                    row[0] = position
                connection.executemany(f"INSERT INTO {DISTRICT}.{column(element)} VALUES ({marks})", rows)
                counts[element] += len(rows)
            for element in counts:
                create_indexes(connection, DISTRICT, element, self._specification)
            connection.execute(f"CREATE TABLE {DISTRICT}.about (element TEXT PRIMARY KEY, rows INTEGER)")
            connection.executemany(f"INSERT INTO {DISTRICT}.about VALUES (?, ?)", counts.items())

    def _batches(self) -> Iterator[tuple[str, list[list[Any]]]]:
        """Yield the rows of the district in batches, each of one element."""
        pending: dict[str, list[list[Any]]] = {}
        conforming, users = ConformingRecords(self._specification), 0
        for entity in district_entities(self._size, self._seed):
            for element, record in self._mapping(entity):
                rows = pending.setdefault(element, [])
                rows.append(self._layouts[element].to_row(conforming.conform(element, record)))
                if len(rows) == _ROWS_PER_INSERT:
                    yield element, pending.pop(element)
            if self._progress and isinstance(entity, Person):
                users += 1
                if users % _USERS_PER_PROGRESS_CALL == 0 or users == self._size.users:
                    self._progress(users, self._size.users)
        yield from pending.items()


def _layouts(specification: Specification) -> dict[str, TableLayout]:
    """Return the layouts of all elements that have a collection."""
    return {name: TableLayout(element) for name, element in specification.elements.items() if element.collection}


def _digest(specification: Specification, mapping: DistrictMapping) -> str:
    """Return a digest of all that determines the database: the code, the mapping and the specification."""
    package = files("oneroster.sandbox")
    generating = [entry for entry in package.joinpath("district").iterdir() if entry.name.endswith(".py")]
    storing = [package.joinpath(*name.split("/")) for name in _STORING_MODULES]
    digest = sha256(specification.version.encode())
    for module in (*sorted(generating, key=lambda entry: entry.name), *storing):
        digest.update(module.read_bytes())
    digest.update(source_of(mapping))
    for name, layout in _layouts(specification).items():
        indexed = sorted(indexed_columns(specification, name))
        digest.update(f"{layout.create_statement(DISTRICT)} {indexed}".encode())
    digest.update(repr(sorted(specification.enumerations.items())).encode())
    digest.update(repr([element.properties for element in specification.elements.values()]).encode())
    return digest.hexdigest()[:16]
