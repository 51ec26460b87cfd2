"""One collection as a stream of Arrow record batches, read directly from the tenant."""

from collections.abc import Iterator, Sequence
from threading import Event
from typing import TYPE_CHECKING

import pyarrow as pa

from oneroster.pagination.walk import CollectionWalk, PageRequest, Paging
from oneroster.prefetch import PagePrefetcher
from oneroster.pull.fetch.arrow_batches import Batcher
from oneroster.pull.fetch.row_parser import RowsCall, RowsPage
from oneroster.pull.plan import RosterSelection, collections_to_fetch, columns_to_fetch
from oneroster.pull.roster.columns import KEY_COLUMN, schema_of
from oneroster.pull.roster.rejects import Rejects

if TYPE_CHECKING:
    from oneroster.client import OneRoster

__all__ = ["collection_reader"]


def collection_reader(
    client: "OneRoster",
    collection: str,
    *,
    filter: str | None = None,  # noqa: A002  # the name of the standard's parameter
    columns: Sequence[str] | None = None,
    profile: str = "standard",
    paging: Paging | None = None,
    rejects: Rejects | None = None,
) -> pa.RecordBatchReader:
    """Return a collection as a stream of record batches, for pandas, Polars, DuckDB and others.

    No request is sent before the first batch is read. Reading yields every row exactly once, or raises.

    Args:
        client: The tenant.
        collection: The collection, as in ``users``.
        filter: A filter to send to the tenant; None for all rows.
        columns: The columns to read; None for all but passwords.
        profile: The dialect.
        paging: How the collection is read.
        rejects: Collects the fields that cannot be read; None to ignore them.

    Raises:
        ConfigurationError: The collection or a column does not exist.
    """
    specification = client.standard.specification
    selection = RosterSelection(only=[collection], columns={collection: columns} if columns else {})
    (source,) = collections_to_fetch(specification, profile, selection)
    names = {KEY_COLUMN, *columns} if columns else columns_to_fetch(specification, source.element, selection)
    schema = schema_of(specification, source.element, names)
    call = RowsCall(
        client.standard,
        source.operation_id,
        {"filter": filter},
        client.session.settings.base_url,
        client.session.settings.time_zone,
    )
    call.request()  # raises for an invalid filter before anything is sent
    batcher = Batcher(client.standard, schema)
    return pa.RecordBatchReader.from_batches(
        schema, _batches(client, call, batcher, paging or Paging(), rejects or Rejects())
    )


def _batches(
    client: "OneRoster", call: RowsCall, batcher: Batcher, paging: Paging, rejects: Rejects
) -> Iterator[pa.RecordBatch]:
    session, operation_id = client.session, call.operation.operation_id

    def fetch(request: PageRequest, stop: Event) -> RowsPage:
        return session.read(call.page_url(request), call.read_rows, operation_id, stop)

    walk, prefetcher = CollectionWalk(operation_id, paging), PagePrefetcher(session, fetch, paging.windows)
    try:
        while requests := walk.next_requests(paging.windows):
            page = prefetcher.fetch_first(requests)
            indexes = walk.receive(requests[0], page.facts)
            rejects.add(reject for index in indexes for reject in page.flaws.get(index, ()))
            rows = [page.rows[index] for index in indexes if page.rows[index] is not None]
            if rows:
                yield batcher.batch(rows)
    finally:
        prefetcher.close()
