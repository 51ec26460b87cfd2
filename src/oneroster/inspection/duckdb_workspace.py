"""A passing database to compare and count in: bounded in memory, the rest in a folder that goes away with it."""

# ruff: noqa: S608 - the names in its SQL are those of the contract, and values are bound.

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.errors import DestinationError
from oneroster.pull.roster.roster import Roster

if TYPE_CHECKING:
    import duckdb

__all__ = ["DuckDbWorkspace", "quoted", "workbench"]

_MEMORY: Final = "128MB"
ACTIVE: Final = "active"


class DuckDbWorkspace:
    """The database, and what went wrong with what it read."""

    def __init__(self, database: "duckdb.DuckDBPyConnection") -> None:
        self._database = database
        self.failure: DestinationError | None = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The answer to a query."""
        return self._database.execute(query).fetchall()

    def take(
        self, name: str, roster: Roster, element: str, schema: pa.Schema, *, only_active: bool = False
    ) -> list[int]:
        """Let queries read the rows of a roster under a name, once.

        Args:
            name: For the queries.
            roster: Where the rows are.
            element: Which rows; one that the roster does not have has none.
            schema: Its columns there, or in case of none.
            only_active: Whether to leave deleted records out.

        Returns:
            A list of one number, the rows that were read so far.
        """
        count = [0]
        batches = self._batches(roster, element, only_active and "status" in schema.names, count)
        self._database.register(name, pa.RecordBatchReader.from_batches(schema, batches))
        return count

    def _batches(self, roster: Roster, element: str, only_active: bool, count: list[int]) -> Iterator[pa.RecordBatch]:
        if element not in roster.elements():
            return
        try:
            for batch in roster.read(element):
                kept = (
                    batch.filter(pc.equal(pc.fill_null(batch.column("status"), ACTIVE), ACTIVE))
                    if only_active
                    else batch
                )
                count[0] += kept.num_rows
                yield kept
        except DestinationError as error:
            self.failure = error  # DuckDB would tell it as an error of its own
            raise

    def keep(self, table: str, names: Sequence[str], source: str) -> None:
        """Make a table of some columns of a source."""
        self._database.execute(f"CREATE TABLE {quoted(table)} AS SELECT {', '.join(map(quoted, names))} FROM {source}")
        self._database.unregister(source)


@contextmanager
def workbench() -> Iterator[DuckDbWorkspace]:
    """An empty database; what it has no room for in memory lies in a folder for its owner alone.

    Raises:
        PlaceError: It could not do its work. DuckDB's own words are left out, for they may hold values.
    """
    import duckdb

    config = {"memory_limit": _MEMORY, "threads": "2"}
    with TemporaryDirectory(prefix="oneroster-") as folder:
        bench: DuckDbWorkspace | None = None
        try:
            with duckdb.connect(config={**config, "temp_directory": folder}) as database:
                database.execute("SET TimeZone = 'UTC'")
                bench = DuckDbWorkspace(database)
                yield bench
        except duckdb.Error as error:
            if bench is not None and bench.failure is not None:
                raise bench.failure from None
            raise DestinationError(f"The rows cannot be worked on: DuckDB refused ({type(error).__name__}).") from None


def quoted(name: str) -> str:
    """A name as SQL takes it; all of them are the contract's own."""
    return f'"{name}"'
