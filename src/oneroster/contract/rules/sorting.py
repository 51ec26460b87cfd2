"""Sorting: by every kind of value, up and down, by what is absent, and by what does not exist."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import count_of, finding, id_list
from oneroster.contract.observation.probe_values import complete_collections, probe_fields, sortable_fields
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.snapshot import PAGE
from oneroster.contract.observation.tenant import ObservedTenant, Query
from oneroster.contract.oracle.sorting import first_out_of_order, omits_earlier_row, sort_keys
from oneroster.contract.oracle.status_payload import has_code_minor
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import refused
from oneroster_runtime.specification import Operation

SORTED_PAGE: Final = 100
"""Rows of a sorted page; what does not come must stand behind it."""
UNKNOWN: Final = "noSuchFieldOfTheStandard"
SUBJECTS: Final = 3


def tried(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections on which sorting is tried."""
    known = sortable_fields(tenant)
    return (operation for operation, _ in complete_collections(tenant) if operation.operation_id in known)


def of_many_kinds(tenant: ObservedTenant) -> list[Operation]:
    """Those that were chosen for another field than dateLastModified, and so show every kind of value."""
    known = sortable_fields(tenant)
    return [each for each in tried(tenant) if len(known[each.operation_id]) > 1]


def largest(tenant: ObservedTenant) -> list[Operation]:
    """The few collections with most rows."""
    sized = sorted(complete_collections(tenant), key=lambda each: len(each[1]), reverse=True)
    return [operation for operation, _ in sized[:SUBJECTS]]


def sorted_page(tenant: ObservedTenant, operation: Operation, path: str, order: str | None) -> ParsedResponse:
    """The first page of a collection under a sort; ``order`` None leaves orderBy out."""
    query: Query = {"limit": SORTED_PAGE, "offset": 0, "sort": path}
    return tenant.ask(operation, {}, query if order is None else {**query, "orderBy": order})


def misorders(tenant: ObservedTenant, operation: Operation, order: str | None) -> Iterator[Finding]:
    """What is wrong with the sorted pages of a collection, field by field.

    Raises ``NotExercised`` when no page could be read.
    """
    rows, fields = tenant.all_rows(operation), sortable_fields(tenant)[operation.operation_id]
    judged = False
    for path, kind in fields:
        reading = sorted_page(tenant, operation, path, order)
        if refused(reading):
            yield finding(f"sorting by {path} is refused (HTTP {reading.exchange.status})", reading)
        if reading.problem is not None:
            continue
        judged = True
        keys = sort_keys(reading.rows, path, kind)
        others = [row for name, row in rows.items() if name not in set(reading.ids)]
        descending, told = order == "desc", "down" if order == "desc" else "up"
        place = first_out_of_order(keys, kind, descending=descending)
        if place is not None:
            message = f"sorted {told} by {path} ({kind}), row {place + 1} of {len(keys)} stands out of order"
            yield finding(message, reading, [reading.ids[place]])
        elif omits_earlier_row(keys, sort_keys(others, path, kind), kind, descending=descending):
            yield finding(
                f"sorted {told} by {path} ({kind}), rows that belong on the first page are not there", reading
            )
    if not judged:
        raise NotExercised("no sorted page could be read")


@rule(
    "OR-SRT-01",
    family="sorting",
    title="A sort orders the rows by their values",
    clause="3.1 sort [A]",
    example="sort=resultValueMax&orderBy=asc brings 100 before 20",
    fix="sort the whole collection by the value itself, numbers as numbers and moments as moments, then cut the page",
    over=tried,
)
def sorts(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from misorders(tenant, operation, "asc")


@rule(
    "OR-SRT-02",
    family="sorting",
    title="With orderBy=desc a sort goes down",
    clause="3.1 orderBy values [A]",
    example="sort=startDate&orderBy=desc brings the earliest first",
    fix="look at orderBy, and sort downwards for desc",
    over=of_many_kinds,
    needs=("OR-SRT-01",),
)
def sorts_down(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from misorders(tenant, operation, "desc")


@rule(
    "OR-SRT-03",
    family="sorting",
    title="Without orderBy a sort goes up",
    clause="3.1 orderBy default [B]",
    example="sort=title brings Z before A",
    fix="take asc when orderBy is absent",
    over=of_many_kinds,
    needs=("OR-SRT-01", "OR-SRT-02"),
)
def sorts_up_unasked(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from misorders(tenant, operation, None)


def unknown_sort(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """The answer to a sort by a field that does not exist; by the standard it is answered with data."""
    return tenant.ask(operation, {}, {"limit": SORTED_PAGE, "offset": 0, "sort": UNKNOWN})


@rule(
    "OR-SRT-04",
    family="sorting",
    title="A sort by an unknown field is answered with all data",
    clause="3.3 sort names an unknown field [A]",
    example="sort=favouriteColour is answered with 400",
    fix="answer 200 in the default order, and warn in the status payload beside the data",
    over=largest,
)
def unknown_field_sorts(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    rows = tenant.all_rows(operation)
    reading = unknown_sort(tenant, operation)
    if refused(reading):
        yield finding(f"a sort by an unknown field is answered with HTTP {reading.exchange.status}", reading)
    elif reading.problem is not None:
        raise NotExercised(reading.problem)
    elif not reading.rows or (reading.total is not None and reading.total < len(rows)):
        found = len(reading.rows) if reading.total is None else reading.total
        yield finding(f"a sort by an unknown field leaves {count_of(found, 'row')} of {len(rows)}", reading)


@rule(
    "OR-SRT-05",
    family="sorting",
    title="A sort by an unknown field is told as a warning",
    clause="3.3 sort names an unknown field, warning beside the data [B]",
    example="sort=favouriteColour is answered as if nothing had been asked",
    fix="put a status entry success, warning, invalid_sort_field beside the data",
    over=largest,
    needs=("OR-SRT-04",),
)
def unknown_field_warns(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = unknown_sort(tenant, operation)
    if reading.problem is not None:
        raise NotExercised(reading.problem)
    if not has_code_minor(reading.other_members, "invalid_sort_field"):
        yield finding("the answer does not say that the field to sort by is unknown", reading)


def lacking(tenant: ObservedTenant) -> dict[str, str]:
    """For a few collections a field that some of their rows have and some have not."""
    chosen: dict[str, str] = {}
    rows = {operation.operation_id: len(found) for operation, found in complete_collections(tenant)}
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
    title="A sort keeps the rows that lack the value",
    clause="3.1 sort, a collection in another order [A]",
    example="sort=middleName leaves out everybody who has none",
    fix="sort absent values to one end; do not join or filter them away",
    over=lambda tenant: [
        operation for operation, _ in complete_collections(tenant) if operation.operation_id in lacking(tenant)
    ],
    needs=("OR-SRT-01",),
)
def keeps_absent(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    path = lacking(tenant)[operation.operation_id]

    @confirmed
    def compared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        yield from _dropped(tenant, operation, path)

    yield from compared(tenant, operation)


def _dropped(tenant: ObservedTenant, operation: Operation, path: str) -> Iterator[Finding]:
    """The rows that a sort by a field leaves out."""
    rows = tenant.all_rows(operation)
    if len(rows) > PAGE:
        raise NotExercised(f"{len(rows)} rows are too many to read again under a sort")
    reading = tenant.ask(operation, {}, {"limit": PAGE, "offset": 0, "sort": path, "orderBy": "asc"})
    if reading.problem is not None:
        raise NotExercised(reading.problem)
    lost = sorted(rows.keys() - set(reading.ids))
    cut = len(reading.rows) < len(tenant.walk(operation).pages[0].rows)
    if lost and (reading.total is not None or cut) and reading.total != len(rows):
        yield finding(f"sorted by {path}: {count_of(len(lost), 'row')} lost ({id_list(lost)})", reading, lost)
    elif lost:
        raise NotExercised("the sorted rows do not come on one page")
