"""SQLite: one file with a table per collection. The primary key is sourcedId, and references are indexed.

Dates and timestamps are stored as ISO 8601 text, booleans as 0 and 1, lists as JSON text for ``json_each``.
"""

# ruff: noqa: S608 - SQL is built from names of the standard only; values are bound.

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import rebatch
from oneroster.pull.formats.sql_helpers import MANIFEST_TABLE, database_error, quoted_identifier, stored_manifest
from oneroster.pull.formats.stored_roster import StoredRoster, manifest_to_store
from oneroster.pull.formats.text_conversion import dates_as_text, lists_as_json, timestamps_as_text, to_arrow
from oneroster.pull.private_files import create_private_file, sync_to_disk
from oneroster.pull.roster.columns import columns_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.roster_protocol import Roster
from oneroster_runtime.specification import Specification

__all__ = ["SqliteFormat"]

_BATCH_ROWS: Final = 8 * 1024
_READ_ROWS: Final = 1024
_LONGEST_VALUE: Final = 64 << 20
"""Bytes of a value that is read, at most."""


class SqliteFormat:
    """See `oneroster.pull.formats.format.Format`."""

    name = "sqlite"
    embeds_manifest = True
    filled = frozenset[str]()

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Format.write`."""
        rows: dict[str, int] = {}
        os.close(create_private_file(target))
        with _connected(target) as database:
            # Nothing reads the file before it is complete, and after a crash it is written again from the start.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            for element in roster.elements():
                rows[element] = _create_table(database, roster, element)
            database.execute(f"CREATE TABLE {MANIFEST_TABLE} (manifest TEXT NOT NULL)")
            database.execute(
                f"INSERT INTO {MANIFEST_TABLE} VALUES (?)", [manifest_to_store(roster, rows).to_json().decode()]
            )
            database.commit()
        sync_to_disk(target)
        return WriteResult.of_collections(roster.manifest.specification, rows)

    def open(self, destination: Path) -> Roster:
        """See `oneroster.pull.formats.format.Format.open`."""
        with _connected(destination, "ro") as database:
            _check_plain_table(database, destination, MANIFEST_TABLE)
            found = database.execute(f"SELECT manifest FROM main.{MANIFEST_TABLE} LIMIT 2").fetchall()
        return _SqliteRoster(destination, stored_manifest(destination, found))


class _SqliteRoster(StoredRoster):
    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.roster_protocol.Roster.read`."""
        schema = self.schema(element)
        names = ", ".join(map(quoted_identifier, schema.names))
        name = collection_name(self.specification, element)
        table = quoted_identifier(name)

        def batches() -> Iterator[pa.RecordBatch]:
            with _connected(self.destination, "ro") as database:
                _check_plain_table(database, self.destination, name)
                cursor = database.execute(f"SELECT {names} FROM main.{table} ORDER BY rowid")
                for rows in _groups(cursor):
                    yield _to_batch(self.destination, schema, rows)

        return pa.RecordBatchReader.from_batches(schema, batches())


def _groups(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows in groups of limited size: a small file can repeat a long value for each row."""
    group: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        group.append(row)
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(group) >= _READ_ROWS or size >= _LONGEST_VALUE:
            yield group
            group, size = [], 0
    if group:
        yield group


def _check_plain_table(database: sqlite3.Connection, destination: Path, name: str) -> None:
    """Check that a name is that of an ordinary table: no view, no virtual table, no column that is computed.

    Raises:
        DestinationError: It is not.
    """
    kinds = database.execute("SELECT type, sql FROM main.sqlite_master WHERE name = ?", [name]).fetchall()
    plain = [kind for kind, sql in kinds if kind == "table" and str(sql).upper().startswith("CREATE TABLE")]
    computed = database.execute("SELECT count(*) FROM pragma_table_xinfo(?) WHERE hidden != 0", [name]).fetchone()
    if len(plain) != 1 or computed[0]:
        raise DestinationError(f"{destination} has no table {name}, so it is not a roster of a pull.")


def _create_table(database: sqlite3.Connection, roster: Roster, element: str) -> int:
    schema = roster.schema(element)
    table = quoted_identifier(collection_name(roster.manifest.specification, element))
    columns = [
        f"{quoted_identifier(field.name)} {_sql_type(field.type)}{'' if field.nullable else ' NOT NULL PRIMARY KEY'}"
        for field in schema
    ]
    database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(schema))})"
    writers = [_writer(field.type) for field in schema]
    rows = 0
    for batch in rebatch(roster.read(element), _BATCH_ROWS):
        values = [write(column) for write, column in zip(writers, batch.columns, strict=True)]
        database.executemany(insert, zip(*values, strict=True))
        rows += batch.num_rows
    for name in _references(roster.manifest.specification, element) & set(schema.names):
        index = quoted_identifier(f"{collection_name(roster.manifest.specification, element)}_{name}")
        database.execute(f"CREATE INDEX {index} ON {table} ({quoted_identifier(name)})")
    return rows


def _references(specification: Specification, element: str) -> set[str]:
    return {
        column.name
        for column in columns_of(specification, element)
        if column.property is not None and column.property.kind == "reference"
    }


@contextmanager
def _connected(path: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """Open a connection to an existing file for the duration of the block.

    Raises:
        DestinationError: SQLite reports an error.
        OSError: The disk is full.
    """
    if mode == "ro":
        _check_finished(path.resolve())
    try:
        # Without `immutable`, SQLite may write files beside one that is only read.
        address = f"{path.resolve().as_uri()}?mode={mode}{'&immutable=1' if mode == 'ro' else ''}"
        # A reader may move between threads, as DuckDB does.
        with closing(sqlite3.connect(address, uri=True, check_same_thread=False)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            if mode == "ro":
                database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            yield database
    except sqlite3.Error as error:
        raise database_error(path, "SQLite", error) from None


def _check_finished(path: Path) -> None:
    """Raise if a file beside the database holds changes that are not in it, of a program that has not finished.

    Raises:
        DestinationError: There is such a file.
    """
    for suffix in ("-journal", "-wal"):
        side = path.with_name(path.name + suffix)
        if side.is_symlink() or (side.is_file() and side.stat().st_size):
            raise DestinationError(
                f"{path} cannot be read: {side.name} holds changes of another program that are not in it. Let that"
                f" program finish, or move {side.name} away."
            )


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return "INTEGER"
    return "REAL" if pa.types.is_floating(kind) else "TEXT"


def _writer(kind: pa.DataType) -> Callable[[pa.Array], Sequence[Any]]:
    if pa.types.is_list(kind):
        return lists_as_json
    if pa.types.is_timestamp(kind):
        return lambda column: timestamps_as_text(column).to_pylist()
    if pa.types.is_date(kind):
        return lambda column: dates_as_text(column).to_pylist()
    return lambda column: column.to_pylist()


def _to_batch(destination: Path, schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = []
    for field, values in zip(schema, zip(*rows, strict=True), strict=True):
        try:
            if pa.types.is_list(field.type):
                values = tuple(None if text is None else json.loads(text) for text in values)
            columns.append(to_arrow(values, field.type))
        except (pa.ArrowException, ValueError, TypeError, OverflowError, RecursionError):
            raise DestinationError(f"{destination}: column {field.name} has a value of the wrong type.") from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)
