"""What a pull would fetch: one small request for each collection, and nothing written."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from oneroster.errors import StatusError
from oneroster.pagination.walk import PageRequest
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.pull.formats import format_of
from oneroster.pull.options import PullOptions
from oneroster.pull.plan import Source, columns_to_fetch, sources
from oneroster.pull.roster.columns import columns_of

if TYPE_CHECKING:
    from oneroster.client import OneRoster

__all__ = ["CollectionPreview", "preview"]


class CollectionPreview(NamedTuple):
    """One collection that would be fetched.

    Attributes:
        source: The collection.
        rows: As many as the tenant announces; None when it announces none.
        reason: Why the tenant does not give it; "" when it does.
        left_out: Columns that would not be kept.
    """

    source: Source
    rows: int | None
    reason: str
    left_out: tuple[str, ...]


def preview(roster: "OneRoster", settings: PullOptions, place: Path | None = None) -> list[CollectionPreview]:
    """What a pull would fetch.

    Args:
        roster: The tenant.
        settings: How the pull would go.
        place: Where to; None not to look at it.

    Raises:
        ConfigurationError: The choice names what there is not.
        PlaceError: The format of the place cannot be told.
        OneRosterError: The tenant cannot be reached or entered.
    """
    if place is not None:
        format_of(place, settings.format)
    return [_prospect(roster, source, settings) for source in sources(settings.profile, settings.choice)]


def _prospect(roster: "OneRoster", source: Source, settings: PullOptions) -> CollectionPreview:
    session, filter_ = roster.session, settings.choice.filters.get(source.collection)
    call = RowsCall(roster.standard, source.operation_id, {"filter": filter_}, session.settings.base_url)
    kept = columns_to_fetch(source.element, settings.choice)
    left_out = tuple(column.name for column in columns_of(source.element) if column.name not in kept)
    try:
        total = session.read(call.page_url(PageRequest(0, 1)), call.read_rows, source.operation_id).facts.total
    except StatusError as error:
        return CollectionPreview(source, None, f"answered with {error.status_code}", left_out)
    return CollectionPreview(source, total, "", left_out)
