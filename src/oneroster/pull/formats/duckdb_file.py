"""DuckDB: one file with a typed table per collection. The primary key is sourcedId."""

# ruff: noqa: S608 - SQL is built from names of the standard only; values are bound.

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import cast_batches, rebatch
from oneroster.pull.formats.sql_helpers import (
    LONGEST_MANIFEST,
    MANIFEST_TABLE,
    database_error,
    quoted_identifier,
    stored_manifest,
)
from oneroster.pull.formats.stored_roster import StoredRoster, manifest_to_store
from oneroster.pull.private_files import lexists, make_private, sync_to_disk
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.roster_protocol import Roster

if TYPE_CHECKING:
    import duckdb

__all__ = ["DuckDbFormat"]

_BATCH_ROWS: Final = 64 * 1024
_READ_ROWS: Final = 2048
_MEMORY: Final = "128MB"
"""DuckDB's memory limit; it spills the rest to a folder next to the file."""

_Config = dict[str, str | bool | int | float | list[str]]
_TRUSTED: Final[_Config] = {"memory_limit": _MEMORY, "threads": "2"}
_UNTRUSTED: Final[_Config] = {
    **_TRUSTED,
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
"""How a file that others may have written is opened: it reaches no other file and no network."""


class DuckDbFormat:
    """See `oneroster.pull.formats.format.Format`."""

    name = "duckdb"
    embeds_manifest = True
    filled = frozenset[str]()

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Format.write`."""
        rows: dict[str, int] = {}
        with _connected(target, read_only=False) as database:
            make_private(target)
            for element in roster.elements():
                rows[element] = _create_table(database, roster, element)
            database.execute(f"CREATE TABLE {MANIFEST_TABLE} (manifest VARCHAR NOT NULL)")
            database.execute(
                f"INSERT INTO {MANIFEST_TABLE} VALUES (?)", [manifest_to_store(roster, rows).to_json().decode()]
            )
        sync_to_disk(target)
        return WriteResult.of_collections(roster.manifest.specification, rows)

    def open(self, destination: Path) -> Roster:
        """See `oneroster.pull.formats.format.Format.open`."""
        with _connected(destination, read_only=True) as database:
            _check_base_table(database, destination, MANIFEST_TABLE)
            found = database.execute(
                f"SELECT CAST(left(manifest, {LONGEST_MANIFEST}) AS VARCHAR) FROM main.{MANIFEST_TABLE} LIMIT 2"
            ).fetchall()
        return _DuckDbRoster(destination, stored_manifest(destination, found))


class _DuckDbRoster(StoredRoster):
    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.roster_protocol.Roster.read`."""
        schema = self.schema(element)
        names = ", ".join(map(quoted_identifier, schema.names))
        name = collection_name(self.specification, element)
        table = quoted_identifier(name)

        def batches() -> Iterator[pa.RecordBatch]:
            with _connected(self.destination, read_only=True) as database:
                _check_base_table(database, self.destination, name)
                found = database.sql(f"SELECT {names} FROM main.{table}")
                # The method has a new name since DuckDB 1.5.
                read = getattr(found, "to_arrow_reader", None) or found.fetch_record_batch
                yield from read(_READ_ROWS)

        return cast_batches(schema, batches(), self.destination)


def _check_base_table(database: "duckdb.DuckDBPyConnection", destination: Path, name: str) -> None:
    """Check that a name is that of a table with stored columns: a view could run anything its author likes.

    Raises:
        DestinationError: It is not.
    """
    kinds = database.execute(
        "SELECT table_type FROM information_schema.tables WHERE table_schema = 'main' AND table_name = ?", [name]
    ).fetchall()
    if kinds != [("BASE TABLE",)]:
        raise DestinationError(f"{destination} has no table {name}, so it is not a roster of a pull.")


def _create_table(database: "duckdb.DuckDBPyConnection", roster: Roster, element: str) -> int:
    schema = roster.schema(element)
    table = quoted_identifier(collection_name(roster.manifest.specification, element))
    columns = [
        f"{quoted_identifier(field.name)} {_sql_type(field.type)}{'' if field.nullable else ' PRIMARY KEY'}"
        for field in schema
    ]
    database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    rows = 0
    for batch in rebatch(roster.read(element), _BATCH_ROWS):
        database.register("batch", pa.Table.from_batches([batch]))
        database.execute(f"INSERT INTO {table} SELECT * FROM batch")
        database.unregister("batch")
        rows += batch.num_rows
    return rows


@contextmanager
def _connected(path: Path, *, read_only: bool) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Open a connection for the duration of the block.

    Raises:
        DestinationError: DuckDB reports an error.
        OSError: The disk is full.
    """
    import duckdb

    side = path.resolve().with_name(f"{path.resolve().name}.wal")
    if read_only and lexists(side) and (side.is_symlink() or not side.is_file()):
        # DuckDB would follow a link, or wait for a pipe.
        raise DestinationError(f"{path} cannot be read: {side.name} is not a regular file. Move it away.")
    try:
        config = _UNTRUSTED if read_only else _TRUSTED
        with duckdb.connect(str(path), read_only=read_only, config=config) as database:
            database.execute("SET TimeZone = 'UTC'")
            database.execute("SET lock_configuration = true")
            yield database
    except duckdb.Error as error:
        raise database_error(path, "DuckDB", error) from None


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        fields = ", ".join(f"{quoted_identifier(field.name)} {_sql_type(field.type)}" for field in kind)
        return f"STRUCT({fields})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ"
    return {
        pa.string(): "VARCHAR",  # also for JSON: DuckDB's JSON type rejects some text that other parsers accept
        pa.bool_(): "BOOLEAN",
        pa.date32(): "DATE",
        pa.float64(): "DOUBLE",
        pa.int64(): "BIGINT",
        pa.int16(): "SMALLINT",
    }[kind]
