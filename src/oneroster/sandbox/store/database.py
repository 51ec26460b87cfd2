"""Making a district's database once, finding it again, and connecting to it."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from platformdirs import user_cache_path

from oneroster.sandbox.district import Size, records
from oneroster.sandbox.store.scope_sql import looked_up
from oneroster.sandbox.store.table_mapping import column, layout_of
from oneroster_v1p1.tables import ELEMENTS, ENUMERATIONS

DISTRICT: Final = "district"
"""The schema that holds the generated records."""

Progress = Callable[[int, int], None]
"""Told how many users of how many are made."""

_ROWS_AT_ONCE: Final = 2_000
_USERS_BETWEEN_CALLS: Final = 500
_SETTINGS: Final = ("page_size = 16384", "journal_mode = OFF", "synchronous = OFF", "cache_size = -65536")


def default_cache() -> Path:
    """The folder of the user in which built districts are kept for the next start."""
    return user_cache_path("oneroster-kit") / "districts"


def connect(size: Size, seed: int, cache: Path | None, progress: Progress | None = None) -> sqlite3.Connection:
    """A connection with an empty private database and the district attached, built first if it has to be.

    Raises:
        OSError: the folder cannot be written.
    """
    if cache is None:
        connection = _connection()
        connection.execute(f"ATTACH '' AS {DISTRICT}")  # a passing database, which may spill to disk
        _fill(connection, size, seed, progress)
        return connection
    kept = cache / f"{size}-{seed}-{_version()}.sqlite"
    if not kept.exists():
        _build(kept, size, seed, progress)
    try:
        return _attached(kept)
    except sqlite3.DatabaseError:  # damaged by a full disk or by another hand; it can always be made again
        _build(kept, size, seed, progress)
        return _attached(kept)


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many records of each element the district has."""
    return dict(connection.execute(f"SELECT element, rows FROM {DISTRICT}.about"))


def index(connection: sqlite3.Connection, schema: str, element: str) -> None:
    """Make the indexes of an element's table: the id, and what nested collections look up."""
    table = column(element)
    connection.execute(f"CREATE UNIQUE INDEX {schema}.{column(element + ' id')} ON {table} ({column('sourcedId')})")
    for name in sorted(looked_up(element)):
        connection.execute(f"CREATE INDEX {schema}.{column(f'{element} {name}')} ON {table} ({column(name)})")


def _connection() -> sqlite3.Connection:
    # Statements come one at a time under the store's lock, so the connection need not be bound to one thread.
    connection = sqlite3.connect("file::memory:", uri=True, isolation_level=None, check_same_thread=False)
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    return connection


def _casefold(value: Any) -> str | None:
    return None if value is None else str(value).casefold()


def _attached(kept: Path) -> sqlite3.Connection:
    connection = _connection()
    try:
        # Immutable: the file is only ever replaced as a whole, so nothing need be locked.
        connection.execute(f"ATTACH ? AS {DISTRICT}", (f"{kept.absolute().as_uri()}?mode=ro&immutable=1",))
        counts(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _build(kept: Path, size: Size, seed: int, progress: Progress | None) -> None:
    """Build beside the place and move there when whole, so that a broken run, or a second one, harms nobody."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{kept.stem}-", suffix=".part", dir=kept.parent)
    os.close(handle)
    part = Path(name)
    try:
        connection = _connection()
        try:
            connection.execute(f"ATTACH ? AS {DISTRICT}", (part.absolute().as_uri(),))
            _fill(connection, size, seed, progress)
        finally:
            connection.close()
        part.replace(kept)
    finally:
        part.unlink(missing_ok=True)
    for old in kept.parent.glob(f"{size}-{seed}-*.sqlite"):  # of other versions: nothing will open them again
        if old != kept:
            old.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, size: Size, seed: int, progress: Progress | None) -> None:
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {DISTRICT}.{setting}")
    connection.execute("BEGIN")
    with connection:
        made = dict.fromkeys((name for name, element in ELEMENTS.items() if element.collection), 0)
        for element in made:
            connection.execute(layout_of(element).create(DISTRICT))
        for element, rows in _batches(size, seed, progress):
            marks = ", ".join("?" * len(rows[0]))
            for position, row in enumerate(rows, made[element] + 1):
                row[0] = position
            connection.executemany(f"INSERT INTO {DISTRICT}.{column(element)} VALUES ({marks})", rows)
            made[element] += len(rows)
        for element in made:
            index(connection, DISTRICT, element)
        connection.execute(f"CREATE TABLE {DISTRICT}.about (element TEXT PRIMARY KEY, rows INTEGER)")
        connection.executemany(f"INSERT INTO {DISTRICT}.about VALUES (?, ?)", made.items())


def _batches(size: Size, seed: int, progress: Progress | None) -> Iterator[tuple[str, list[list[Any]]]]:
    """The rows of the district in portions, each of one element."""
    waiting: dict[str, list[list[Any]]] = {}
    users = 0
    for element, record in records(size, seed):
        rows = waiting.setdefault(element, [])
        rows.append(layout_of(element).split(record))
        if len(rows) == _ROWS_AT_ONCE:
            yield element, waiting.pop(element)
        if progress and element == "User":
            users += 1
            if users % _USERS_BETWEEN_CALLS == 0 or users == size.users:
                progress(users, size.users)
    yield from waiting.items()


def _version() -> str:
    """Changes with the code that makes and keeps the records, and with the contract that both follow."""
    home = files("oneroster.sandbox")
    makers = [entry for entry in home.joinpath("district").iterdir() if entry.name.endswith(".py")]
    keepers = [
        home.joinpath(*name.split("/"))
        for name in ("store/database.py", "store/table_mapping.py", "query/timestamps.py")
    ]
    digest = sha256()
    for module in (*sorted(makers, key=lambda entry: entry.name), *keepers):
        digest.update(module.read_bytes())
    for name, element in ELEMENTS.items():
        if element.collection:
            digest.update(f"{layout_of(name).create(DISTRICT)} {sorted(looked_up(name))}".encode())
    digest.update(repr(sorted(ENUMERATIONS.items())).encode())
    return digest.hexdigest()[:16]
