"""DuckDB: one file with a typed table per collection, keyed by sourcedId."""

# ruff: noqa: S608 - the names in its SQL are those of the contract, and values are bound.

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.embedded_manifest import StoredRoster, manifest_of
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import conformed, rebatched
from oneroster.pull.formats.sql_common import MANIFEST_TABLE, quoted, refused
from oneroster.pull.private_files import make_private, sync_to_disk
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster import Roster

if TYPE_CHECKING:
    import duckdb

__all__ = ["DuckDb"]

_ROWS: Final = 64 * 1024
_MEMORY: Final = "128MB"
"""What DuckDB may hold; beyond that it writes to a folder beside the file."""


class DuckDb:
    """The format; see `oneroster.pull.formats.format.Form`."""

    name = "duckdb"
    embeds_manifest = True

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Form`."""
        rows: dict[str, int] = {}
        with _connected(target, read_only=False) as database:
            make_private(target)
            for element in roster.elements():
                rows[element] = _fill(database, roster, element)
            database.execute(f"CREATE TABLE {MANIFEST_TABLE} (manifest VARCHAR NOT NULL)")
            database.execute(f"INSERT INTO {MANIFEST_TABLE} VALUES (?)", [manifest_of(roster, rows).to_json().decode()])
        sync_to_disk(target)
        return WriteResult(
            {collection_name(roster.manifest.specification, element): number for element, number in rows.items()}
        )

    def open(self, place: Path) -> Roster:
        """See `oneroster.pull.formats.format.Form`."""
        with _connected(place, read_only=True) as database:
            found = database.execute(f"SELECT manifest FROM {MANIFEST_TABLE}").fetchall()
        if len(found) != 1:
            raise DestinationError(f"{place}: its table {MANIFEST_TABLE} must have one row, not {len(found)}.")
        return _DuckDbRoster(place, Manifest.from_json(found[0][0].encode(), f"{place}, table {MANIFEST_TABLE}"))


class _DuckDbRoster(StoredRoster):
    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.Roster`."""
        schema = self.schema(element)
        names = ", ".join(map(quoted, schema.names))

        def batches() -> Iterator[pa.RecordBatch]:
            with _connected(self.place, read_only=True) as database:
                found = database.sql(
                    f"SELECT {names} FROM {quoted(collection_name(self.manifest.specification, element))}"
                )
                yield from pa.RecordBatchReader.from_stream(found)

        return conformed(schema, batches())


def _fill(database: "duckdb.DuckDBPyConnection", roster: Roster, element: str) -> int:
    schema = roster.schema(element)
    table = quoted(collection_name(roster.manifest.specification, element))
    columns = [
        f"{quoted(field.name)} {_sql_type(field.type)}{'' if field.nullable else ' PRIMARY KEY'}" for field in schema
    ]
    database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    rows = 0
    for batch in rebatched(roster.read(element), _ROWS):
        database.register("batch", pa.Table.from_batches([batch]))
        database.execute(f"INSERT INTO {table} SELECT * FROM batch")
        database.unregister("batch")
        rows += batch.num_rows
    return rows


@contextmanager
def _connected(path: Path, *, read_only: bool) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A connection, closed behind the block.

    Raises ``DestinationError`` or ``OSError`` for whatever DuckDB refuses.
    """
    import duckdb

    try:
        with duckdb.connect(
            str(path), read_only=read_only, config={"memory_limit": _MEMORY, "threads": "2"}
        ) as database:
            database.execute("SET TimeZone = 'UTC'")
            yield database
    except duckdb.Error as error:
        raise refused(path, "DuckDB", error) from None


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        inside = ", ".join(f"{quoted(field.name)} {_sql_type(field.type)}" for field in kind)
        return f"STRUCT({inside})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ"
    return {
        pa.string(): "VARCHAR",  # also JSON: the type of that name refuses some that others take
        pa.bool_(): "BOOLEAN",
        pa.date32(): "DATE",
        pa.float64(): "DOUBLE",
        pa.int64(): "BIGINT",
        pa.int16(): "SMALLINT",
    }[kind]
