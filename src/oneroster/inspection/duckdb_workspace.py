"""A temporary DuckDB database with bounded memory, for comparing and counting the rows of rosters."""

# ruff: noqa: S608 - SQL is built from names of the standard only; values are bound.

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.sql_helpers import quoted_identifier
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.roster.spelling import is_active

if TYPE_CHECKING:
    import duckdb

__all__ = ["DuckDbWorkspace", "open_workspace"]

_MEMORY: Final = "128MB"


class DuckDbWorkspace:
    """A temporary DuckDB database.

    Attributes:
        failure: The error of the roster that a query was reading, if any. DuckDB replaces it with its own error.
    """

    def __init__(self, database: "duckdb.DuckDBPyConnection") -> None:
        self._database = database
        self.failure: DestinationError | None = None

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        return self._database.execute(sql).fetchall()

    def register(
        self, name: str, roster: Roster, element: str, schema: pa.Schema, *, only_active: bool = False
    ) -> list[int]:
        """Make the rows of a roster available to one query.

        Args:
            name: The name of the table in queries.
            roster: The roster.
            element: The schema name of the rows. If the roster does not have the element, the table is empty.
            schema: The columns of the rows.
            only_active: Leave out deleted records.

        Returns:
            A list of one number: the rows read so far.
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
                selected = _active_rows(batch) if only_active else batch
                count[0] += selected.num_rows
                yield selected
        except DestinationError as error:
            self.failure = error
            raise

    def create_table(self, table: str, names: Sequence[str], source: str) -> None:
        """Create a table with some columns of a registered source, and unregister the source."""
        columns = ", ".join(map(quoted_identifier, names))
        self._database.execute(f"CREATE TABLE {quoted_identifier(table)} AS SELECT {columns} FROM {source}")
        self._database.unregister(source)


def _active_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.filter(is_active(batch.column("status")))


@contextmanager
def open_workspace() -> Iterator[DuckDbWorkspace]:
    """Open an empty database for the duration of the block. It spills to a temporary folder that only the owner reads.

    Raises:
        DestinationError: A roster cannot be read, or DuckDB failed. Its message is omitted, as it may quote values.
    """
    import duckdb

    config = {"memory_limit": _MEMORY, "threads": "2", "autoload_known_extensions": "false"}
    with TemporaryDirectory(prefix="oneroster-") as folder:
        workspace: DuckDbWorkspace | None = None
        try:
            with duckdb.connect(config={**config, "temp_directory": folder}) as database:
                database.execute("SET TimeZone = 'UTC'")
                workspace = DuckDbWorkspace(database)
                yield workspace
        except duckdb.Error as error:
            if workspace is not None and workspace.failure is not None:
                raise workspace.failure from None
            raise DestinationError(f"The rows cannot be processed: DuckDB failed ({type(error).__name__}).") from None
