"""One collection as a stream of Arrow batches, straight from the tenant."""

from collections.abc import Iterator, Sequence
from threading import Event
from typing import TYPE_CHECKING

import pyarrow as pa

from oneroster.pagination.walk import CollectionWalk, PageRequest, Paging
from oneroster.prefetch import PagePrefetcher
from oneroster.pull.fetch.arrow_batches import Batcher
from oneroster.pull.fetch.row_parser import RowsCall, RowsPage
from oneroster.pull.plan import RosterSelection, columns_to_fetch, sources
from oneroster.pull.roster.columns import KEY, schema_of
from oneroster.pull.roster.rejects import Rejects

if TYPE_CHECKING:
    from oneroster.client import OneRoster

__all__ = ["reader"]


def reader(
    roster: "OneRoster",
    collection: str,
    *,
    filter: str | None = None,  # noqa: A002  # as the standard names it
    columns: Sequence[str] | None = None,
    profile: str = "standard",
    paging: Paging | None = None,
    rejects: Rejects | None = None,
) -> pa.RecordBatchReader:
    """A collection as a stream of record batches, for pandas, Polars, DuckDB and others.

    Nothing is sent before the first batch is asked for. Rows come exactly once, or reading raises.

    Args:
        roster: The tenant.
        collection: As in ``users``.
        filter: What the tenant is asked for; None for all.
        columns: The columns wanted; None for all but passwords.
        profile: The dialect.
        paging: How it is read.
        rejects: Where fields that cannot be read are noted; None not to know of them.

    Raises:
        ConfigurationError: There is no such collection or column.
    """
    choice = RosterSelection(only=[collection], columns={collection: columns} if columns else {})
    (source,) = sources(profile, choice)
    schema = schema_of(source.element, {KEY, *columns} if columns else columns_to_fetch(source.element, choice))
    call = RowsCall(roster.standard, source.operation_id, {"filter": filter}, roster.session.settings.base_url)
    call.request()  # refuses a filter that cannot be sent before anything is
    batches = _batches(roster, call, Batcher(schema), paging or Paging(), rejects or Rejects())
    return pa.RecordBatchReader.from_batches(schema, batches)


def _batches(
    roster: "OneRoster", call: RowsCall, batcher: Batcher, paging: Paging, rejects: Rejects
) -> Iterator[pa.RecordBatch]:
    session, operation_id = roster.session, call.operation.operation_id

    def fetch(ask: PageRequest, stop: Event) -> RowsPage:
        return session.read(call.page_url(ask), call.read_rows, operation_id, stop)

    walk, flight = CollectionWalk(operation_id, paging), PagePrefetcher(session, fetch, paging.windows)
    try:
        while asks := walk.next_requests(paging.windows):
            page = flight.fetch_first(asks)
            indexes = walk.receive(asks[0], page.facts)
            rejects.add(reject for index in indexes for reject in page.flaws.get(index, ()))
            rows = [page.rows[index] for index in indexes if page.rows[index] is not None]
            if rows:
                yield batcher.batch(rows)
    finally:
        flight.close()
