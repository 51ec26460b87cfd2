"""Rules on every field of the records: each can be filtered and sorted by.

Two requests for a field, each with a filter and a sort, try several operators and both directions; only where a
response is wrong, the filter and the sort are asked for apart. Values of fields that may be personal are never sent.
"""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData
from oneroster.contract.http.exchange import encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.field_filters import ID, comparable_fields, field_filters, paired_filters
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.probe_values import known_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.oracle.filters import ExpectedClause, ExpectedFilter, expected, parse_timestamp
from oneroster.contract.oracle.sorting import first_out_of_order, omits_earlier_row, sort_values
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import NOTHING, is_match_expected, is_rejected
from oneroster.contract.rules.semantics_values import day_of
from oneroster_runtime.specification import Operation, Property

MIN_VALUES: Final = 3
"""Values of a field with which an order shows."""
FEW_ROWS: Final = 20
"""Rows of a sorted page: one row may come first in the order of another field as well."""
MOST_PAGES: Final = 10
"""Pages that are read again to find out whether a collection has changed."""
ASCENDING: Final = "asc"
DESCENDING: Final = "desc"


def base_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections of all records of an element."""
    return (operation for operation, _ in known_collections(tenant))


class _Requests(dict[tuple[str, str], ParsedResponse]):
    """The responses to a filter and a sort by one field, by operation and query."""


def response_about(tenant: ObservedTenant, operation: Operation, query: Query) -> ParsedResponse:
    """Return a response of a collection, requested once."""
    kept = tenant.memo(_Requests, _Requests)
    key = (operation.operation_id, encoded_query(query))
    if key not in kept:
        kept[key] = tenant.parse(operation, tenant.probe(operation.path, key[1]), {}, query)
    return kept[key]


def filtered_pages(tenant: ObservedTenant, operation: Operation, known: Property) -> dict[str, ExpectedFilter]:
    """Return the filters on a field, each by the direction of the sort that it is sent with."""
    filters = field_filters(tenant, operation, known)
    return {ASCENDING: filters.equal} | ({DESCENDING: filters.other} if filters.other is not None else {})


def filtered_page(
    tenant: ObservedTenant, operation: Operation, known: Property, wanted: ExpectedFilter, direction: str
) -> ParsedResponse:
    """Return the first rows of a collection that is filtered and sorted by a field."""
    # With an offset, because the rules on paging judge the default.
    query: Query = {"limit": FEW_ROWS, "offset": 0, "filter": str(wanted), "sort": known.name, "orderBy": direction}
    return response_about(tenant, operation, query)


def only_filtered(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> ParsedResponse:
    """Return the first rows of a collection that is filtered."""
    return response_about(tenant, operation, {"limit": FEW_ROWS, "offset": 0, "filter": str(wanted)})


@rule(
    "OR-FLT-16",
    family="filtering",
    title="Every field can be filtered by",
    clause="3.2 what can be filtered: any data element [A]",
    example="filter=identifier='7' is rejected with 400, or filter=endDate='2025-06-15' compares the startDate",
    fix="map every property of the element to its column, also those that clients rarely filter by",
    over=base_collections,
)
@confirmed
def every_field_filters(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    refused: dict[str, ParsedResponse] = {}
    wrong: dict[str, str] = {}
    of_id: ParsedResponse | None = None
    fields = comparable_fields(tenant, operation)
    for name, known in fields.items():
        for direction, wanted in filtered_pages(tenant, operation, known).items():
            reading = filtered_page(tenant, operation, known, wanted, direction)
            if reading.exchange.status in NOTHING and not is_match_expected(tenant.walk(operation), wanted):
                # The rules on empty pages report it.
                continue
            if is_rejected(reading):
                if (alone := _rejected_alone(tenant, operation, wanted)) is not None:
                    refused.setdefault(name, alone)
            elif (trust := wrong_rows(tenant, operation, reading, wanted)) is not None:
                wrong[name] = min(trust, wrong.get(name, trust))
                is_id = name == ID and trust == "A" and direction == ASCENDING
                of_id = reading if is_id else of_id
    wrong |= dict.fromkeys(_wrong_pairs(tenant, operation), "B")
    if refused:
        first = next(iter(refused.values()))
        message = f"a filter by {', '.join(refused)} is rejected with HTTP {first.exchange.status}"
        certain = any(fields[name].kind not in _PROBABLE for name in refused)
        symptom_of = EQUALITY if len(refused) == len(fields) else ()
        yield finding(message, first, level=None if certain else Level.SHOULD, symptom_of=symptom_of)
    trust = min(wrong.values(), default="")
    names = [name for name in wrong if wrong[name] == trust]
    text = f"a filter by {', '.join(names)} returned a record with another value, or not the one that has it"
    if of_id is not None:
        # Other rules ask for ids as well, and are explained by this one.
        yield finding(text, of_id, of_id.ids, symptom_of=("OR-FLT-01", "OR-CMB-01"))
    elif wrong and not refused and not _has_changed(tenant, operation):
        # What is wrong for a kind of value shows on the one collection that other rules judge as well.
        # A school year in a form of its own is stored as a year, and a filter by what is shown finds nothing.
        rules = (*EXPLAINING[trust], "OR-CMB-01", *(_YEARS if names == [SCHOOL_YEAR] else ()))
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text, level=level_of(trust))


def _rejected_alone(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> ParsedResponse | None:
    """Return the response to a filter without a sort, if that is rejected, and one of its clauses alone as well."""
    reading = only_filtered(tenant, operation, wanted)
    clauses = (only_filtered(tenant, operation, ExpectedFilter((each,))) for each in wanted.clauses)
    return reading if is_rejected(reading) and any(map(is_rejected, clauses)) else None


def _wrong_pairs(tenant: ObservedTenant, operation: Operation) -> Iterator[str]:
    """Yield the references and lists by which a filter is rejected, or returns other records."""
    for wanted in paired_filters(tenant, operation):
        reading = only_filtered(tenant, operation, wanted)
        # That a filter may name references and lists is probable.
        if is_rejected(reading) or wrong_rows(tenant, operation, reading, wanted) is not None:
            yield " and ".join(each.field for each in wanted.clauses)


SCHOOL_YEAR: Final = "schoolYear"
_YEARS: Final = ("OR-SEM-18", "OR-SEM-22")
"""The rules on school years."""
EQUALITY: Final = ("OR-FLT-01", "OR-FLT-02")
CERTAIN: Final = (*EQUALITY, "OR-FLT-03", "OR-FLT-05", "OR-FLT-11", "OR-FLT-14", "OR-CMB-01", "OR-PAG-08")
EXPLAINING: Final = {
    "A": CERTAIN,
    "B": (*CERTAIN, "OR-FLT-04", "OR-FLT-06", "OR-FLT-07", "OR-FLT-08", "OR-FLT-09", "OR-FLT-10", "OR-FLT-17"),
}
"""By trust mark: the rules on operators and on kinds of values, and on filters beside a sort."""
_PROBABLE: Final = frozenset({"boolean"})
"""Kinds of which it is only probable how a filter writes them (3.2)."""


def wrong_rows(
    tenant: ObservedTenant, operation: Operation, reading: ParsedResponse, wanted: ExpectedFilter
) -> str | None:
    """Return how certain it is that a filtered page has a wrong row, or lacks one; None if it is right."""
    if reading.problem is not None:
        return None
    walk = tenant.walk(operation)
    rows = tenant.known_rows(operation)
    found = {identity(row) or "": row for row in reading.rows}
    matches = {name: expected(wanted, rows.get(name, row)) for name, row in found.items()}
    wrong = [each.trust for each in matches.values() if not each.holds]
    # A server that shortens its pages may leave out rows.
    if walk.complete and len(reading.rows) < min(FEW_ROWS, len(walk.pages[0].rows)) and _as_shown(rows, wanted):
        others = (expected(wanted, row) for name, row in rows.items() if name not in found)
        wrong += [each.trust for each in others if each.holds]
    return next((trust for trust in sorted(wrong) if trust in EXPLAINING), None)


def _as_shown(rows: dict[str, Record], wanted: ExpectedFilter) -> bool:
    """Whether records have the values of a field in the form of the standard, which a server surely compares.

    Another value may be shown in another form than it is stored; the rules on values report that.
    """
    return all(_is_as_shown(row.get(clause.field), clause) for clause in wanted.clauses for row in rows.values())


def _is_as_shown(value: object, clause: ExpectedClause) -> bool:
    if value is None:
        return True
    if clause.many:
        return isinstance(value, list)
    match clause.kind:
        case "string":
            return isinstance(value, str)
        case "number" | "integer":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "date":
            return isinstance(value, str) and day_of(value) is not None and len(value) == len("2001-02-03")
        case "date-time":
            return isinstance(value, str) and value.endswith("Z") and parse_timestamp(value) is not None
        case _:
            return False


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
        wanted = filtered_pages(tenant, operation, known)[ASCENDING]
        if is_rejected(filtered_page(tenant, operation, known, wanted, ASCENDING)):
            reading = response_about(tenant, operation, {"limit": 1, "sort": name, "orderBy": ASCENDING})
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
_TIMES: Final = frozenset({"date", "date-time"})
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
    wanted = filtered_pages(tenant, operation, known).get(DESCENDING)
    if wanted is not None:
        reading = filtered_page(tenant, operation, known, wanted, DESCENDING)
        is_right = reading.problem is None and _in_order(reading, rows, known, wanted)
        if is_right and not _has_order_of_another(tenant, operation, known, reading):
            return True
    # The filter may be wrong, or the page may have the order of another field.
    reading = response_about(tenant, operation, {"limit": FEW_ROWS, "sort": known.name, "orderBy": DESCENDING})
    return reading.problem is not None or _in_order(reading, rows, known, None)


def _in_order(reading: ParsedResponse, rows: dict[str, Record], known: Property, wanted: ExpectedFilter | None) -> bool:
    """Whether a page is sorted in descending order, and no other record belongs on it."""
    first = sort_values(reading.rows, known.name, known.kind)
    # Where records without a value stand, no source says; rows that are not known sort before or after.
    on_page = set(reading.ids)
    left = (row for name, row in rows.items() if name not in on_page)
    others = [row for row in left if wanted is None or _certainly_matches(wanted, row)]
    in_order = first_out_of_order(first, known.kind, descending=True) is None
    values = sort_values(others, known.name, known.kind)
    return in_order and not omits_earlier_row(first, values, known.kind, descending=True)


def _has_order_of_another(
    tenant: ObservedTenant, operation: Operation, known: Property, reading: ParsedResponse
) -> bool:
    """Whether a page is also sorted by another field, such as the dates of sessions by their titles."""
    others = [each for each in comparable_fields(tenant, operation).values() if each.name != known.name]
    texts = (sort_values(reading.rows, each.name, each.kind) for each in others if each.kind == "string")
    return known.kind in _TIMES and any(
        len(set(values) - {None}) >= MIN_VALUES and first_out_of_order(values, "string", descending=True) is None
        for values in texts
    )


def _certainly_matches(wanted: ExpectedFilter, row: Record) -> bool:
    match = expected(wanted, row)
    return match.holds and match.trust in EXPLAINING


def _has_changed(tenant: ObservedTenant, operation: Operation) -> bool:
    """Whether a collection has other records than it had, or other values in them."""
    pages = tenant.walk(operation).pages[:MOST_PAGES]
    return any(tenant.fetch(operation, page.values, page.query).rows != page.rows for page in pages)
