"""One collection as a stream of Arrow record batches, read from the tenant when the first is requested."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from oneroster.pagination.walk import Paging
from oneroster.pull.errors import NothingOfferedError
from oneroster.pull.extraction import extract
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.pull.plan import RosterSelection, collections_to_fetch, columns_to_fetch
from oneroster.pull.roster.columns import KEY_COLUMN, columns_of, schema_of
from oneroster.pull.roster.rejects import Rejects

if TYPE_CHECKING:
    from oneroster.base_client import SyncClient

__all__ = ["collection_reader"]


def collection_reader(
    client: "SyncClient",
    collection: str,
    *,
    filter: str | None = None,  # noqa: A002  # the name of the standard's parameter
    columns: Sequence[str] | None = None,
    profile: str = "standard",
    paging: Paging | None = None,
    rejects: Rejects | None = None,
    workers: int = 4,
    rate: float | None = None,
) -> pa.RecordBatchReader:
    """Return a collection as a stream of record batches, for pandas, Polars, DuckDB and others.

    No request is sent before the first batch is read. Reading the first batch reads the whole collection to a temporary
    file: every row exactly once, or an error and no row.

    Args:
        client: The tenant.
        collection: The collection, as in ``users``.
        filter: A filter to send to the tenant; None for all rows.
        columns: The columns to read; None for all but passwords.
        profile: The dialect.
        paging: How the collection is read.
        rejects: Collects the fields that cannot be read; None to ignore them.
        workers: The maximum number of concurrent requests.
        rate: The maximum number of requests per second; None for no limit.

    Raises:
        ConfigurationError: The collection or a column does not exist.
    """
    specification = client.standard.specification
    selection = RosterSelection(
        only=[collection],
        columns={collection: columns} if columns else {},
        filters={} if filter is None else {collection: filter},
    )
    (source,) = collections_to_fetch(specification, profile, selection)
    named = [column.property for column in columns_of(specification, source.element) if column.name in (columns or ())]
    selection = selection._replace(with_password=any(known is not None and known.secret for known in named))
    names = {KEY_COLUMN, *columns} if columns else columns_to_fetch(specification, source.element, selection)
    schema = schema_of(specification, source.element, names)
    # Raises for an invalid filter before anything is sent.
    RowsCall(client.standard, source.operation_id, {"filter": filter}, client.session.service_urls).request()

    def batches() -> Iterator[pa.RecordBatch]:
        with extract(client, selection=selection, paging=paging, profile=profile, workers=workers, rate=rate) as found:
            found.raise_for_error()
            if rejects is not None:
                rejects.add(found.rejects)
            if collection not in found.files:
                raise NothingOfferedError(f"The server does not offer {collection}.")
            for batch in found.read(collection):
                yield batch.select(schema.names)

    return pa.RecordBatchReader.from_batches(schema, batches())
