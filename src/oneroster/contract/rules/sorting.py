"""Sorting rules: every kind of value, both directions, absent values and unknown fields."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from oneroster.contract.errors import BeyondBudget, ExplainedBy, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import count_of, finding, id_list
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.obstacles import obstacle
from oneroster.contract.observation.probe_values import (
    fields_to_sort_by,
    known_collections,
    largest_collections,
    probe_fields,
)
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.oracle.sorting import first_out_of_order, omits_earlier_row, sort_values, wrong_order
from oneroster.contract.oracle.status_payload_parser import has_code_minor
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import is_rejected
from oneroster.contract.rules.foreign_rows import altered_rows, foreign_rows
from oneroster_runtime.specification import Operation

SORTED_PAGE: Final = 100
"""Rows of a sorted page; rows that are not on it must sort after it."""
UNKNOWN_FIELD: Final = "noSuchFieldOfTheStandard"
MOST_PAGES: Final = 30
"""Pages of a sorted collection that is read to its end."""


def sortable_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections to test sorting on."""
    known = fields_to_sort_by(tenant)
    return (operation for operation, _ in known_collections(tenant) if operation.operation_id in known)


def collections_with_varied_fields(tenant: ObservedTenant) -> list[Operation]:
    """Return the collections to sort by another field than dateLastModified, which cover all kinds of values."""
    known = fields_to_sort_by(tenant)
    return [each for each in sortable_collections(tenant) if len(known[each.operation_id]) > 1]


def sorted_page(tenant: ObservedTenant, operation: Operation, path: str, order: str | None) -> ParsedResponse:
    """Return the first page of a sorted collection; with ``order`` None, orderBy is omitted."""
    query: Query = {"limit": SORTED_PAGE, "offset": 0, "sort": path}
    return tenant.ask(operation, {}, query if order is None else {**query, "orderBy": order})


def wrong_orders(tenant: ObservedTenant, operation: Operation, order: str | None) -> Iterator[Finding]:
    """Yield what is wrong with the sorted pages of a collection, field by field.

    Raises ``NotJudged`` when no page could be read.
    """
    fields = fields_to_sort_by(tenant)[operation.operation_id]

    @confirmed
    def compared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        yield from _wrong_orders(tenant, operation, order, fields)

    yield from compared(tenant, operation)


def _wrong_orders(
    tenant: ObservedTenant, operation: Operation, order: str | None, fields: Sequence[tuple[str, str]]
) -> Iterator[Finding]:
    whole = tenant.walk(operation)
    rows, judged = tenant.rows_by_id(whole), False
    for path, kind in fields:
        reading = sorted_page(tenant, operation, path, order)
        if is_rejected(reading):
            yield finding(f"a sort by {path} returned HTTP {reading.exchange.status} instead of 200", reading)
        if reading.problem is not None:
            continue
        judged = True
        keys = sort_values(reading.rows, path, kind)
        on_page = set(reading.ids)
        others = [row for name, row in rows.items() if name not in on_page]
        descending, direction = order == "desc", "descending" if order == "desc" else "ascending"
        index = first_out_of_order(keys, kind, descending=descending)
        if index is not None:
            message = f"a sort by {path} ({kind}, {direction}) returned row {index + 1} of {len(keys)} out of order"
            yield finding(message + _cause(whole, reading, path, kind, descending), reading, [reading.ids[index]])
        elif whole.complete and omits_earlier_row(keys, sort_values(others, path, kind), kind, descending=descending):
            message = f"a sort by {path} ({kind}, {direction}) returned a first page without rows that belong on it"
            yield finding(message, reading)
    if not judged:
        raise obstacle(sorted_page(tenant, operation, fields[0][0], order))


def _cause(whole: ObservedWalk, reading: ParsedResponse, path: str, kind: str, descending: bool) -> str:
    """Return how the rows of a wrongly sorted page are sorted instead, to be appended to a message."""
    if reading.ids == whole.ids[: len(reading.ids)]:
        return "; it is the order without a sort"
    cause = wrong_order(reading.rows, path, kind, descending=descending)
    return f"; {cause}" if cause is not None else ""


@rule(
    "OR-SRT-01",
    family="sorting",
    title="Sorted rows are in the order of their values",
    clause="3.1 sort [A]",
    example="sort=resultValueMax&orderBy=asc returns 100 before 20",
    fix="sort the whole collection by value before cutting the page: numbers as numbers, date-times as instants",
    stands_on=("parameter orderBy",),
    over=sortable_collections,
)
def sorts_ascending(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    findings = list(wrong_orders(tenant, operation, "asc"))
    yield from findings or _other_rows(tenant, operation)


def _other_rows(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    """Yield a finding if a sorted page holds rows, or values in them, that the whole collection does not hold."""
    fields = [path for path, _ in fields_to_sort_by(tenant)[operation.operation_id]]

    @confirmed
    def compared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        for path in fields:
            reading = sorted_page(tenant, operation, path, "asc")
            found = list(foreign_rows(tenant, reading, reading.rows, f"a sort by {path}"))
            found += altered_rows(tenant, reading, reading.rows, tenant.known_rows(operation), f"a sort by {path}")
            if found:
                yield from found
                return

    yield from compared(tenant, operation)


@rule(
    "OR-SRT-02",
    family="sorting",
    title="A sort with orderBy=desc is descending",
    clause="3.1 orderBy values [A]",
    example="sort=startDate&orderBy=desc returns the earliest date first",
    fix="read orderBy, and sort in descending order if it is desc",
    stands_on=("parameter orderBy",),
    over=collections_with_varied_fields,
    needs=("OR-SRT-01",),
)
def sorts_descending(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from wrong_orders(tenant, operation, "desc")


@rule(
    "OR-SRT-03",
    family="sorting",
    title="Without orderBy, a sort is ascending",
    clause="3.1 orderBy default [B]",
    example="sort=title returns Z before A",
    fix="use asc when orderBy is absent",
    stands_on=("parameter orderBy",),
    over=collections_with_varied_fields,
    needs=("OR-SRT-01",),
)
def sorts_ascending_by_default(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from wrong_orders(tenant, operation, None)


def require_envelope(reading: ParsedResponse) -> None:
    """Raise ``ExplainedBy`` if a response has no place for a warning, because its data has no envelope."""
    if reading.location is not None and not reading.location.path:
        raise ExplainedBy("OR-ENV-01", "without an envelope, there is no place for a warning")


def response_to_unknown_sort(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """Return the response to a sort by an unknown field, for which the standard expects data.

    The page has no room for one of the rows, so that a limit that is lost shows.
    """
    limit = min(SORTED_PAGE, max(1, len(tenant.known_rows(operation)) - 1))
    return tenant.ask(operation, {}, {"limit": limit, "offset": 0, "sort": UNKNOWN_FIELD})


def all_or_largest(tenant: ObservedTenant) -> list[Operation]:
    """Return the collections of all records of an element; the largest ones if unknown names are not described."""
    if not tenant.standard.specification.warnings:
        return largest_collections(tenant)
    return [operation for operation, _ in known_collections(tenant)]


@rule(
    "OR-SRT-04",
    family="sorting",
    harm=Harm.FORM,
    title="A sort by an unknown field returns all data",
    clause="3.3 sort names an unknown field [A]",
    example="sort=favouriteColour returns 400",
    fix="return 200 with all rows in the default order, and a warning in the status payload beside the data",
    over=all_or_largest,
)
def unknown_field_sorts(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    rows = tenant.known_rows(operation)
    reading = response_to_unknown_sort(tenant, operation)
    if is_rejected(reading):
        yield finding(f"a sort by an unknown field returned HTTP {reading.exchange.status} instead of 200", reading)
    elif reading.problem is not None:
        raise obstacle(reading, "OR-SRT-04")
    elif len(reading.rows) > int(reading.query["limit"]):
        message = f"limit={reading.query['limit']} with a sort by an unknown field returned {len(reading.rows)} rows"
        yield finding(message, reading, symptom_of=("OR-PAG-01",))
    elif not reading.rows or _announces_fewer(tenant, reading, len(rows)):
        found = len(reading.rows) if reading.total is None else reading.total
        message = f"a sort by an unknown field returned {found} of {count_of(len(rows), 'row')}"
        yield finding(message, reading, symptom_of=("OR-PAG-05",) if reading.rows else ())


def _announces_fewer(tenant: ObservedTenant, reading: ParsedResponse, rows: int) -> bool:
    """Return whether a page announces fewer rows than there are, and announces all of them without the sort."""
    if reading.total is None or reading.total >= rows:
        return False
    return tenant.ask(reading.operation, {}, {"limit": SORTED_PAGE, "offset": 0}).total == rows


@rule(
    "OR-SRT-05",
    family="sorting",
    harm=Harm.FORM,
    title="A sort by an unknown field returns a warning",
    clause="3.3 sort names an unknown field, warning beside the data [B]",
    example="sort=favouriteColour returns 200 without a warning",
    fix="add a status entry beside the data: success, warning, invalid_sort_field",
    over=largest_collections,
    needs=("OR-SRT-04",),
)
def unknown_field_warns(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if not tenant.standard.specification.warnings:
        raise NotOffered("this version of OneRoster has no warnings beside data")
    reading = response_to_unknown_sort(tenant, operation)
    if reading.problem is not None:
        raise obstacle(reading, "OR-SRT-04")
    require_envelope(reading)
    if not has_code_minor(reading.other_members, "invalid_sort_field"):
        yield finding("the response contains no warning invalid_sort_field for the unknown field", reading)


def partly_absent_fields(tenant: ObservedTenant) -> dict[str, str]:
    """Return, for some collections, a field that only a part of their rows has."""
    chosen: dict[str, str] = {}
    rows = {operation.operation_id: len(found) for operation, found in known_collections(tenant)}
    for kind in ("date", "string", "enumeration", "boolean", "number"):
        for each in probe_fields(tenant, kind, personal=True):
            name = each.operation.operation_id
            if name not in chosen and each.counts.total() < rows[name]:
                chosen[name] = each.path
                break
    return chosen


@rule(
    "OR-SRT-06",
    family="sorting",
    harm=Harm.ROWS,
    title="A sort keeps the rows without a value",
    clause="3.1 sort, a collection in another order [A]",
    example="sort=middleName omits all users without a middle name",
    fix="sort rows without a value to one end; do not exclude them by a join or a condition",
    over=lambda tenant: [
        operation
        for operation, _ in known_collections(tenant)
        if operation.operation_id in partly_absent_fields(tenant)
    ],
    needs=("OR-SRT-01",),
)
def keeps_absent(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    chosen = partly_absent_fields(tenant)
    path = chosen[operation.operation_id]
    # Half of the collections in each direction: a server may lose the rows in one of them.
    order = ("asc", "desc")[list(chosen).index(operation.operation_id) % 2]

    @confirmed
    def compared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        yield from _omitted_rows(tenant, operation, path, order)

    yield from compared(tenant, operation)


def _omitted_rows(tenant: ObservedTenant, operation: Operation, path: str, order: str) -> Iterator[Finding]:
    """Yield a finding for the rows that a sort by a field omits."""
    rows = tenant.all_rows(operation)
    if len(rows) >= MOST_PAGES * tenant.page_size:
        raise BeyondBudget(f"the collection has too many rows ({len(rows)}) to read again with a sort")
    reading = tenant.ask(operation, {}, {"limit": tenant.page_size, "offset": 0, "sort": path, "orderBy": order})
    if reading.problem is not None:
        raise obstacle(reading, "OR-SRT-04")
    yield from foreign_rows(tenant, reading, reading.rows, f"a sort by {path}")
    found = sorted_walk(tenant, operation, path, order, len(rows))
    lost = sorted(rows.keys() - set(found.ids))
    # A total that lacks rows shows the omission before the last page.
    if lost and (found.complete or (reading.total is not None and reading.total != len(rows))):
        yield finding(f"a sort by {path} omits {count_of(len(lost), 'row')} ({id_list(lost)})", reading, lost)
    elif lost:
        raise found.incomplete


def sorted_walk(tenant: ObservedTenant, operation: Operation, path: str, order: str, rows: int) -> ObservedWalk:
    """Read a sorted collection to its end, as far as that takes few pages."""

    def ask(operation: Operation, values: Mapping[str, str], window: Query) -> ParsedResponse:
        return tenant.ask(operation, values, {**window, "sort": path, "orderBy": order})

    return walk(
        ask,
        operation,
        {},
        limit=tenant.page_size,
        max_rows=rows + tenant.page_size,
        max_pages=MOST_PAGES,
        trusts_totals=tenant.trusts_totals,
    )
