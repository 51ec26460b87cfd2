"""Rules on every field of the records: each can be filtered and sorted by.

One request filters and sorts by a field at once; only where it is rejected, both are asked for apart. Values of fields
that may be personal are never sent: for these the value is made up.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData
from oneroster.contract.http.exchange import encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.probe_values import known_collections, probe_fields, usable_values
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.oracle.filters import ExpectedClause, ExpectedFilter, expected
from oneroster.contract.oracle.sorting import first_out_of_order, omits_earlier_row, sort_values
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import is_rejected
from oneroster.contract.rules.semantics_values import day_of
from oneroster_runtime.specification import Operation, Property

MADE_UP: Final = {
    "string": "oneroster-check",
    "date": "2001-02-03",
    "date-time": "2001-02-03T04:05:06.000Z",
    "number": "0.4",
    "integer": "12345",
    "boolean": "true",
}
"""By kind: a valid value that is no data of the tenant; a number that is 0 if its decimals are ignored."""
ID: Final = "sourcedId"
STATUS: Final = "status"
"""OR-FLT-01 filters every collection by it."""
MIN_VALUES: Final = 3
"""Values of a field with which an order shows."""
FEW_ROWS: Final = 20
"""Rows of a sorted page: one row may come first in the order of another field as well."""
MOST_BOOLEANS: Final = 2
"""Booleans of one element; those of demographics are all alike."""


def base_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections of all records of an element."""
    return (operation for operation, _ in known_collections(tenant))


def comparable_fields(tenant: ObservedTenant, operation: Operation) -> dict[str, Property]:
    """Return the fields of an element that hold one value, by name."""
    chosen: dict[str, Property] = {}
    kinds: Counter[str] = Counter()
    for known in tenant.properties(operation.element).values():
        if known.secret or known.name == STATUS or known.kind not in {*MADE_UP, "enumeration"}:
            continue
        kinds[known.kind] += 1
        if known.kind != "boolean" or kinds[known.kind] <= MOST_BOOLEANS:
            chosen[known.name] = known
    return chosen


class _Requests(dict[tuple[str, str], ParsedResponse]):
    """The responses to a filter and a sort by one field, by operation and field."""


def clause_on(tenant: ObservedTenant, operation: Operation, known: Property) -> tuple[ExpectedClause, bool]:
    """Return a filter by one field, and whether its value is known to be that of a record."""
    if known.name == ID:
        ids = [name for name in tenant.known_rows(operation) if name.isprintable() and "'" not in name]
        return ExpectedClause(ID, "string", "=", ids[0] if ids else MADE_UP["string"]), bool(ids)
    candidates = (
        each
        for each in probe_fields(tenant, known.kind)
        if each.operation.operation_id == operation.operation_id and each.path == known.name
    )
    values = next((usable_values(each) for each in candidates), [])
    if not values:
        words = tenant.specification.enumerations.get(known.enumeration or "", ())
        values = [words[0] if words else MADE_UP.get(known.kind, MADE_UP["string"])]
        return ExpectedClause(known.name, known.kind, "=", values[0]), False
    whole = [value for value in values if known.kind == "number" and re.fullmatch(r"\d+(\.0*)?", value)]
    if whole:
        # No record has it, unless its decimals are ignored.
        return ExpectedClause(known.name, known.kind, "=", f"{whole[-1].partition('.')[0]}.4"), False
    # Not the least: that is the first of the sorted rows, also where the filter is ignored.
    return ExpectedClause(known.name, known.kind, "=", values[-1]), True


def response_about(tenant: ObservedTenant, operation: Operation, known: Property) -> ParsedResponse:
    """Return the response to a filter and a sort by a field, requested once."""
    kept = tenant.memo(_Requests, _Requests)
    key = (operation.operation_id, known.name)
    if key not in kept:
        clause, _ = clause_on(tenant, operation, known)
        kept[key] = _ask(
            tenant, operation, {"limit": FEW_ROWS, "filter": str(clause), "sort": known.name, "orderBy": "asc"}
        )
    return kept[key]


def _ask(tenant: ObservedTenant, operation: Operation, query: Query) -> ParsedResponse:
    return tenant.parse(operation, tenant.probe(operation.path, encoded_query(query)), {}, query)


@rule(
    "OR-FLT-16",
    family="filtering",
    title="Every field that holds one value can be filtered by",
    clause="3.2 what can be filtered: any data element [A]",
    example="filter=identifier='7' is rejected with 400, or filter=sourcedId='7' returns another record",
    fix="map every property of the element to its column, also those that clients rarely filter by",
    over=base_collections,
)
@confirmed
def every_field_filters(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    refused: dict[str, ParsedResponse] = {}
    wrong: dict[str, ParsedResponse] = {}
    fields = comparable_fields(tenant, operation)
    for name, known in fields.items():
        clause, is_known = clause_on(tenant, operation, known)
        reading = response_about(tenant, operation, known)
        if is_rejected(reading):
            reading = _ask(tenant, operation, {"limit": FEW_ROWS, "filter": str(clause)})
        if is_rejected(reading):
            refused[name] = reading
        elif reading.problem is None and _is_wrong(tenant, operation, reading, clause, is_known=is_known):
            wrong[name] = reading
    if refused:
        first = next(iter(refused.values()))
        message = f"a filter by {', '.join(refused)} is rejected with HTTP {first.exchange.status}"
        certain = any(fields[name].kind not in _PROBABLE for name in refused)
        symptom_of = _ALL_OF_A_KIND if len(refused) == len(fields) else ()
        yield finding(message, first, level=None if certain else Level.SHOULD, symptom_of=symptom_of)
    text = f"a filter by {', '.join(wrong)} returned a record with another value, or not the one that has it"
    if ID in wrong:
        yield finding(text, wrong[ID], wrong[ID].ids, symptom_of=_ALL_OF_A_KIND[:1])
    elif wrong and not refused:
        # Equality that is wrong for a kind of value shows on the one collection that OR-FLT-02 judges as well.
        # A school year in a form of its own is stored as a year, and a filter by what is shown finds nothing.
        rules = (*_ALL_OF_A_KIND, *_YEARS) if wrong.keys() == {SCHOOL_YEAR} else _ALL_OF_A_KIND
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text)


SCHOOL_YEAR: Final = "schoolYear"
_YEARS: Final = ("OR-SEM-18", "OR-SEM-22")
"""The rules on school years."""
_ALL_OF_A_KIND: Final = ("OR-FLT-01", "OR-FLT-02")
_PROBABLE: Final = frozenset({"boolean"})
"""Kinds of which it is only probable how a filter writes them (3.2)."""


def _is_wrong(
    tenant: ObservedTenant, operation: Operation, reading: ParsedResponse, clause: ExpectedClause, *, is_known: bool
) -> bool:
    """Whether a filtered page certainly holds a wrong row, or no row where there is one."""
    rows, wanted = tenant.known_rows(operation), ExpectedFilter((clause,))
    matches = (expected(wanted, rows.get(identity(row) or "", row)) for row in reading.rows)
    if any(not each.holds and each.trust == "A" for each in matches):
        return True
    # Another value may be served in another form than it is stored; the rules on values report that.
    as_shown = clause.kind == "date" and any(row.get(clause.field) == clause.text for row in rows.values())
    return is_known and (clause.kind == "string" or as_shown) and not reading.rows


@rule(
    "OR-SRT-07",
    family="sorting",
    title="Every field that holds one value can be sorted by, and decides the order",
    clause="3.1 sort: a single field, providers must support it [A]",
    example="sort=identifier returns 400, although identifier is a field of users",
    fix="sort by every property of the element; return 200 with all rows and a warning for a name that is none",
    over=base_collections,
)
def every_field_sorts(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    fields = comparable_fields(tenant, operation)
    if not fields:
        raise NotEnoughData(0, 1, "field that holds one value")
    refused: dict[str, ParsedResponse] = {}
    for name, known in fields.items():
        if is_rejected(response_about(tenant, operation, known)):
            reading = _ask(tenant, operation, {"limit": 1, "sort": name, "orderBy": "asc"})
            if is_rejected(reading):
                refused[name] = reading
    if refused:
        first = next(iter(refused.values()))
        message = f"a sort by {', '.join(refused)} is rejected with HTTP {first.exchange.status}"
        yield finding(message, first, symptom_of=("OR-SRT-01",) if len(refused) == len(fields) else ())
        return
    wrong = [name for name, known in fields.items() if not _greatest_first(tenant, operation, known)]
    if wrong and not _has_changed(tenant, operation):
        text = f"a descending sort by {', '.join(wrong)} does not begin with the greatest values in their order"
        rules = (*_ORDER, *_YEARS) if wrong == [SCHOOL_YEAR] else _ORDER
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text)


_ORDER: Final = ("OR-SRT-01", "OR-SRT-02", "OR-SRT-06", "OR-CMB-01", "OR-PAG-08")
_ORDERED_KINDS: Final = frozenset({"string", "date", "number", "integer", "date-time"})
"""Kinds whose order is known: enumerated values may be sorted as text or in the order of the vocabulary."""


def _greatest_first(tenant: ObservedTenant, operation: Operation, known: Property) -> bool:
    """Whether a descending sort by a field begins with the greatest values, as far as this can be known."""
    rows = tenant.known_rows(operation)
    keys = sort_values(list(rows.values()), known.name, known.kind)
    if known.kind not in _ORDERED_KINDS or len(set(keys) - {None}) < MIN_VALUES:
        return True
    if known.kind == "date" and None in map(day_of, filter(None, keys)):
        # Days that are written otherwise are the finding of OR-SCH-04, and nobody knows their order.
        return True
    reading = _ask(tenant, operation, {"limit": FEW_ROWS, "sort": known.name, "orderBy": "desc"})
    if reading.problem is not None:
        return True
    first = sort_values(reading.rows, known.name, known.kind)
    # Where records without a value stand, no source says; rows that are not known sort before or after.
    on_page = set(reading.ids)
    others = sort_values([row for name, row in rows.items() if name not in on_page], known.name, known.kind)
    in_order = first_out_of_order(first, known.kind, descending=True) is None
    return in_order and not omits_earlier_row(first, others, known.kind, descending=True)


def _has_changed(tenant: ObservedTenant, operation: Operation) -> bool:
    """Whether a collection has other records than it had, or other values in them."""
    page = tenant.walk(operation).pages[0]
    return tenant.fetch(operation, page.values, page.query).rows != page.rows
