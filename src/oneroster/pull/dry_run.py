"""The dry run: what a pull would fetch, from one small request per collection. Nothing is written."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from oneroster.errors import StatusError
from oneroster.pagination.walk import PageRequest
from oneroster.pull.conversion.converted_roster import check_conversion
from oneroster.pull.destinations import destination_of
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.pull.options import PullOptions
from oneroster.pull.plan import CollectionSource, collections_to_fetch, columns_to_fetch
from oneroster.pull.roster.columns import columns_of

if TYPE_CHECKING:
    from oneroster.base_client import SyncClient

__all__ = ["CollectionPreview", "preview"]


class CollectionPreview(NamedTuple):
    """A collection that a pull would fetch.

    Attributes:
        source: The collection.
        rows: The number of rows that the server announces; None when it announces none.
        reason: Why the server does not offer the collection; "" when it does.
        left_out: The columns that the pull would leave out.
    """

    source: CollectionSource
    rows: int | None
    reason: str
    left_out: tuple[str, ...]


def preview(
    client: "SyncClient", options: PullOptions, destination: str | Path | None = None
) -> list[CollectionPreview]:
    """Return the collections that a pull would fetch.

    Args:
        client: The tenant.
        options: The options of the pull.
        destination: Where the pull would write; None to skip the check of its format.

    Raises:
        ConfigurationError: The selection names something that does not exist.
        DestinationError: The format of the destination cannot be detected.
        OneRosterError: The tenant cannot be reached, or refuses the credentials.
    """
    if destination is not None:
        destination_of(destination, options)
    if options.as_standard is not None:
        check_conversion(client.standard.version, options.as_standard)
    specification = client.standard.specification
    sources = collections_to_fetch(specification, options.of_client(client).profile, options.selection)
    return [_preview_of(client, source, options) for source in sources]


def _preview_of(client: "SyncClient", source: CollectionSource, options: PullOptions) -> CollectionPreview:
    session, specification = client.session, client.standard.specification
    filter_ = options.selection.filters.get(source.collection)
    call = RowsCall(client.standard, source.operation_id, {"filter": filter_}, session.service_urls)
    fetched = columns_to_fetch(specification, source.element, options.selection)
    columns = columns_of(specification, source.element)
    left_out = tuple(column.name for column in columns if column.name not in fetched)
    try:
        total = session.read(call.page_url(PageRequest(0, 1)), call.read_rows, source.operation_id).info.total
    except StatusError as error:
        return CollectionPreview(source, None, f"responded with {error.status_code}", left_out)
    return CollectionPreview(source, total, "", left_out)
