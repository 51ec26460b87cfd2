"""Pages of collections of which nearly all fields are selected, to compare with the full records."""

from typing import Final, NamedTuple

from oneroster.contract.errors import NotEnoughData
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import turn_of
from oneroster.contract.observation.walk import ObservedWalk
from oneroster_runtime.specification import Operation

__all__ = ["SelectedPage", "selected_page"]

ID: Final = "sourcedId"
NOT_SELECTED: Final = ("status", "dateLastModified")
"""Every record has them, so that one is not selected shows whether the selection has an effect; they take turns."""
ROWS: Final = 20


class SelectedPage(NamedTuple):
    """The response to a selection.

    Attributes:
        names: The selected fields, without the sourcedId, which is selected as well.
        full: The full records of the collection, by id.
        reading: The response, which may hold no data.
        rows: The rows of the first page without a selection.
    """

    names: tuple[str, ...]
    full: dict[str | None, Record]
    reading: ParsedResponse
    rows: int


class _Pages(dict[str, SelectedPage]):
    """The pages by operationId; kept apart from other responses, because their records lack properties."""


def selected_page(tenant: ObservedTenant, operation: Operation) -> SelectedPage:
    """Return the first page of the largest walk over a collection with the fields that its records have.

    Raises:
        NotEnoughData: The collection has no records, or these have no fields to select.
    """
    kept = tenant.memo(_Pages, _Pages)
    if operation.operation_id not in kept:
        kept[operation.operation_id] = _asked(tenant, operation)
    return kept[operation.operation_id]


def _asked(tenant: ObservedTenant, operation: Operation) -> SelectedPage:
    found = max((each for each in tenant.walks(operation) if each.pages and len(each)), key=len, default=None)
    if found is None:
        raise NotEnoughData(0, 1, "row")
    names = _names(tenant, found)
    if not names:
        raise NotEnoughData(0, 1, "fields to select")
    query: Query = {"limit": ROWS, "offset": 0, "fields": ",".join((ID, *names))}
    path, text = encoded_path(operation.path, found.values), encoded_query(query)
    reading = tenant.parse(operation, tenant.probe(path, text), found.values, query)
    return SelectedPage(names, {identity(row): row for row in found.rows}, reading, len(found.pages[0].rows))


def _names(tenant: ObservedTenant, found: ObservedWalk) -> tuple[str, ...]:
    present = {name for row in found.rows for name in row}
    known = tenant.properties(found.operation.element).values()
    usable = (each.name for each in known if each.name in present and not each.secret)
    left_out = NOT_SELECTED[turn_of(tenant, found.operation) % len(NOT_SELECTED)]
    return tuple(name for name in usable if name not in (ID, left_out))
