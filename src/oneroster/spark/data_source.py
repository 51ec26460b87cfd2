"""The data source ``oneroster``: one collection of many tenants as a typed DataFrame."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from oneroster.errors import ConfigurationError, OneRosterError
from oneroster.pull.errors import NothingOfferedError
from oneroster.pull.extraction import extract
from oneroster.pull.tenant import Tenant
from oneroster.spark.source_options import ERROR_COLUMN, TENANT_COLUMN, SourceOptions

__all__ = ["OneRosterDataSource"]


class OneRosterDataSource(DataSource):
    """``spark.read.format("oneroster").option("tenants", "oneroster.toml").load("users")``.

    A partition is one tenant. Its rows are given to Spark after its collection has been read completely, so that a
    tenant has all its rows or none. For the options, see `SourceOptions`.
    """

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "oneroster"

    def schema(self) -> Any:
        """Return the schema of the DataFrame."""
        from pyspark.sql.pandas.types import from_arrow_schema

        return from_arrow_schema(SourceOptions.of(self.options).schema())

    def reader(self, schema: Any) -> "OneRosterReader":  # noqa: ARG002  # as Spark calls it
        """Return the reader."""
        return OneRosterReader(SourceOptions.of(self.options))


class OneRosterReader(DataSourceReader):
    """Reads a collection, a tenant in each partition."""

    def __init__(self, options: SourceOptions) -> None:
        self._options = options

    def partitions(self) -> Sequence[Any]:
        """Return the names of the tenants."""
        return [InputPartition(name) for name in self._options.names()]

    def read(self, partition: Any) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a tenant, or one row with its error."""
        options, tenant, read = self._options, str(partition.value), False
        try:
            for batch in tenant_rows(tenant, options):
                read = True
                yield batch
        except (OneRosterError, OSError) as error:
            if read or not options.permissive:
                raise
            yield error_row(tenant, options, error)


def tenant_rows(tenant: str, options: SourceOptions) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a tenant, once all of them have been read.

    Raises:
        OneRosterError: They could not be read completely.
        OSError: They could not be stored.
    """
    schema, names = options.schema(), options.rows_schema().names
    with extract(
        Tenant(tenant, config=options.tenants),
        selection=options.selection,
        since=options.since,
        workers=options.workers,
        rate=options.rate,
        profile=options.profile,
    ) as found:
        found.raise_for_error()
        if options.collection not in found.files:
            verb = "refuses access to" if found.outcome(options.collection).refused else "does not offer"
            raise NothingOfferedError(f"Tenant {tenant!r} {verb} {options.collection}.")
        rows = found.read(options.collection)
        if rows.schema.names != names:
            raise ConfigurationError(
                f"Tenant {tenant!r} speaks another version of OneRoster. Read the tenants of each version apart, by"
                " the options tenant and standard, or pull all in one form (oneroster.spark.pull with"
                " PullOptions.as_standard)."
            )
        for batch in rows:
            columns = {name: batch.column(name) for name in names}
            columns[TENANT_COLUMN] = pa.array([tenant] * batch.num_rows, pa.string())
            columns[ERROR_COLUMN] = pa.nulls(batch.num_rows, pa.string())
            yield pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def error_row(tenant: str, options: SourceOptions, error: Exception) -> pa.RecordBatch:
    """Return the row of a tenant that could not be read: its name, its error, and nulls."""
    row = {TENANT_COLUMN: tenant, ERROR_COLUMN: f"{type(error).__name__}: {error}"}
    return pa.RecordBatch.from_pylist([row], options.schema())
