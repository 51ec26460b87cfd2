"""SQLite: one file with a table per collection, keyed by sourcedId and indexed by its references.

Days and instants are ISO 8601 text, booleans 0 and 1, lists JSON text for ``json_each``.
"""

# ruff: noqa: S608 - the names in its SQL are those of the contract, and values are bound.

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.embedded_manifest import StoredRoster, manifest_of
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import rebatched
from oneroster.pull.formats.sql_common import MANIFEST_TABLE, quoted, refused
from oneroster.pull.formats.text_values import dates_as_text, instants_as_text, lists_as_json, parsed
from oneroster.pull.private_files import create_private_file, sync_to_disk
from oneroster.pull.roster.columns import columns_of, element_of, specification_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster import Roster

__all__ = ["Sqlite"]

_ROWS: Final = 8 * 1024


class Sqlite:
    """The format; see `oneroster.pull.formats.format.Form`."""

    name = "sqlite"
    embeds_manifest = True

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Form`."""
        rows: dict[str, int] = {}
        os.close(create_private_file(target))
        with _connected(target) as database:
            # Until the end nobody reads it, and after a crash it is begun anew.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            for element in roster.elements():
                rows[element] = _fill(database, roster, element)
            database.execute(f"CREATE TABLE {MANIFEST_TABLE} (manifest TEXT NOT NULL)")
            database.execute(f"INSERT INTO {MANIFEST_TABLE} VALUES (?)", [manifest_of(roster, rows).to_json().decode()])
            database.commit()
        sync_to_disk(target)
        return WriteResult(
            {collection_name(roster.manifest.specification, element): number for element, number in rows.items()}
        )

    def open(self, place: Path) -> Roster:
        """See `oneroster.pull.formats.format.Form`."""
        with _connected(place, "ro") as database:
            found = database.execute(f"SELECT manifest FROM {MANIFEST_TABLE}").fetchall()
        if len(found) != 1:
            raise DestinationError(f"{place}: its table {MANIFEST_TABLE} must have one row, not {len(found)}.")
        return _SqliteRoster(place, Manifest.from_json(found[0][0].encode(), f"{place}, table {MANIFEST_TABLE}"))


class _SqliteRoster(StoredRoster):
    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.Roster`."""
        schema = self.schema(element)
        names = ", ".join(map(quoted, schema.names))
        table = quoted(collection_name(self.manifest.specification, element))

        def batches() -> Iterator[pa.RecordBatch]:
            with _connected(self.place, "ro") as database:
                cursor = database.execute(f"SELECT {names} FROM {table} ORDER BY rowid")
                while rows := cursor.fetchmany(_ROWS):
                    yield _batch(self.place, schema, rows)

        return pa.RecordBatchReader.from_batches(schema, batches())


def _fill(database: sqlite3.Connection, roster: Roster, element: str) -> int:
    schema = roster.schema(element)
    table = quoted(collection_name(roster.manifest.specification, element))
    columns = [
        f"{quoted(field.name)} {_sql_type(field.type)}{'' if field.nullable else ' NOT NULL PRIMARY KEY'}"
        for field in schema
    ]
    database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(schema))})"
    writers = [_writer(field.type) for field in schema]
    rows = 0
    for batch in rebatched(roster.read(element), _ROWS):
        values = [write(column) for write, column in zip(writers, batch.columns, strict=True)]
        database.executemany(insert, zip(*values, strict=True))
        rows += batch.num_rows
    for name in _references(schema) & set(schema.names):
        index = quoted(f"{collection_name(roster.manifest.specification, element)}_{name}")
        database.execute(f"CREATE INDEX {index} ON {table} ({quoted(name)})")
    return rows


def _references(schema: pa.Schema) -> set[str]:
    return {
        column.name
        for column in columns_of(specification_of(schema), element_of(schema))
        if column.property is not None and column.property.kind == "reference"
    }


@contextmanager
def _connected(path: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """A connection to a file that exists, closed behind the block.

    Raises ``DestinationError`` or ``OSError`` for whatever SQLite refuses.
    """
    try:
        # Who reads may do so from one thread after the other, as DuckDB does.
        address = f"{path.resolve().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(address, uri=True, check_same_thread=False)) as database:
            yield database
    except sqlite3.Error as error:
        raise refused(path, "SQLite", error) from None


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return "INTEGER"
    return "REAL" if pa.types.is_floating(kind) else "TEXT"


def _writer(kind: pa.DataType) -> Callable[[pa.Array], Sequence[Any]]:
    if pa.types.is_list(kind):
        return lists_as_json
    if pa.types.is_timestamp(kind):
        return lambda column: instants_as_text(column).to_pylist()
    if pa.types.is_date(kind):
        return lambda column: dates_as_text(column).to_pylist()
    return lambda column: column.to_pylist()


def _batch(place: Path, schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = []
    for field, values in zip(schema, zip(*rows, strict=True), strict=True):
        try:
            if pa.types.is_list(field.type):
                values = tuple(None if text is None else json.loads(text) for text in values)
            columns.append(parsed(values, field.type))
        except (pa.ArrowException, ValueError, TypeError):
            raise DestinationError(f"{place}: column {field.name} holds what it cannot have.") from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)
