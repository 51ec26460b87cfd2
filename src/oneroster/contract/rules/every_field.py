"""Rules on every field of the records: each can be filtered and sorted by.

Two requests for a field, each with a filter and a sort, try several operators and both directions; only where a
response is wrong, the filter and the sort are asked for apart. Values of fields that may be personal are never sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData
from oneroster.contract.http.exchange import encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import evidence_of, finding
from oneroster.contract.observation.field_filters import ID, comparable_fields, field_filters, paired_filters
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.probe_values import TEXT, known_collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.oracle.filters import (
    ExpectedFilter,
    expected,
    values_at,
)
from oneroster.contract.oracle.sorting import first_out_of_order, omits_earlier_row, sort_values
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.fields import STATUSES, selection_by_status
from oneroster.contract.rules.filter_comparison import NOTHING, is_match_expected, is_rejected
from oneroster.contract.rules.semantics_values import day_of
from oneroster.contract.rules.shown_values import are_as_shown
from oneroster_runtime.specification import Operation, Property

MIN_VALUES: Final = 3
"""Values of a field with which an order shows."""
ENOUGH_VALUES: Final = 4
"""Values of a filtered page, of which an order is hardly another one by chance."""
FEW_ROWS: Final = 20
"""Rows of a sorted page: one row may come first in the order of another field as well."""
MOST_ROWS: Final = 500
"""Rows of a collection that is filtered as a whole."""
STATUS: Final = "status"
ACTIVE: Final = "active"
DELETED: Final = "tobedeleted"
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


def only_filtered(
    tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter, limit: int = FEW_ROWS
) -> ParsedResponse:
    """Return the first rows of a collection that is filtered."""
    return response_about(tenant, operation, {"limit": limit, "offset": 0, "filter": str(wanted)})


class _Wrong(dict[str, str]):
    """How certain it is that filters by fields return wrong rows, by field."""

    def note(self, name: str, trust: str | None) -> None:
        """Add a result, unless it is right."""
        if trust is not None:
            self[name] = min(trust, self.get(name, trust))

    def most_certain(self) -> tuple[str, list[str]]:
        """Return the most certain mark, and the fields that have it."""
        trust = min(self.values())
        return trust, [name for name in self if self[name] == trust]


@dataclass
class _Seen:
    """What filters by the fields of a collection returned.

    Attributes:
        refused: The rejected ones, by field.
        alone: The wrong ones.
        beside: Those that are wrong beside a sort only.
        of_id: The wrong response to a filter by the id.
    """

    refused: dict[str, ParsedResponse] = dataclass_field(default_factory=dict)
    alone: _Wrong = dataclass_field(default_factory=_Wrong)
    beside: _Wrong = dataclass_field(default_factory=_Wrong)
    of_id: ParsedResponse | None = None


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
    seen, fields = _Seen(), comparable_fields(tenant, operation)
    for name, known in fields.items():
        for direction, wanted in filtered_pages(tenant, operation, known).items():
            _look_at(tenant, operation, known, wanted, direction, seen)
        if (further := field_filters(tenant, operation, known).further) is not None and name not in seen.alone:
            reading = only_filtered(tenant, operation, further)
            trust = None if is_rejected(reading) else wrong_rows(tenant, operation, reading, further)
            alone = _wrong_alone(tenant, operation, further) if trust is not None else None
            (seen.alone if alone is not None else seen.beside).note(name, alone or trust)
    for pair in _wrong_pairs(tenant, operation):
        seen.alone.note(pair, "B")
    if seen.refused:
        first = next(iter(seen.refused.values()))
        message = f"a filter by {', '.join(seen.refused)} is rejected with HTTP {first.exchange.status}"
        certain = any(fields[name].kind not in _PROBABLE for name in seen.refused)
        symptom_of = EQUALITY if len(seen.refused) == len(fields) else ()
        yield finding(message, first, level=None if certain else Level.SHOULD, symptom_of=symptom_of)
    wrong = seen.alone or seen.beside
    if seen.of_id is not None:
        # Other rules ask for ids as well, and are explained by this one.
        text = _other_values(wrong.most_certain()[1])
        yield finding(text, seen.of_id, seen.of_id.ids, symptom_of=("OR-FLT-01", "OR-CMB-01"))
    elif wrong and not seen.refused:
        # What is wrong for a kind of value shows on the one collection that other rules judge as well.
        # A school year in another form is stored as a year, and a filter by what is shown finds nothing.
        trust, names = wrong.most_certain()
        rules = EXPLAINING[trust] if seen.alone else (*EXPLAINING[trust], *BESIDE_A_SORT)
        rules = (*rules, *(_YEARS if names == [SCHOOL_YEAR] else ()))
        text = _other_values(names)
        evidence = _evidence_of_filter(tenant, operation, fields, names)
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text, level=level_of(trust), evidence=evidence)


def _evidence_of_filter(
    tenant: ObservedTenant, operation: Operation, fields: Mapping[str, Property], names: Sequence[str]
) -> tuple[Evidence, ...]:
    """Return a response to a filter by one of the fields that are wrong, which was requested before."""
    for name in names:
        for direction, wanted in filtered_pages(tenant, operation, fields[name]).items() if name in fields else ():
            return evidence_of(filtered_page(tenant, operation, fields[name], wanted, direction))
    return ()


def _look_at(
    tenant: ObservedTenant, operation: Operation, known: Property, sent: ExpectedFilter, direction: str, seen: _Seen
) -> None:
    """Add to what was seen whether a filter and a sort by a field are rejected, or return wrong rows."""
    reading, wanted = _page_about(tenant, operation, known, sent, direction)
    if reading.exchange.status in NOTHING and not is_match_expected(tenant.walk(operation), wanted):
        # The rules on empty pages report it.
        return
    if is_rejected(reading):
        if (rejected := _rejected_alone(tenant, operation, wanted)) is not None:
            seen.refused.setdefault(known.name, rejected)
        return
    trust = wrong_rows(tenant, operation, reading, wanted)
    if trust is None:
        return
    without_sort = _wrong_alone(tenant, operation, wanted)
    if without_sort is None:
        seen.beside.note(known.name, trust)
        return
    seen.alone.note(known.name, without_sort)
    # Two clauses may be wrong where each of them is right.
    if known.name == ID and direction == ASCENDING and without_sort == "A":
        each_alone = (ExpectedFilter((each,)) for each in wanted.clauses)
        seen.of_id = reading if any(_wrong_alone(tenant, operation, each) for each in each_alone) else None


def _other_values(names: list[str]) -> str:
    return f"a filter by {', '.join(names)} returned a record with another value, or not the one that has it"


def _wrong_alone(tenant: ObservedTenant, operation: Operation, wanted: ExpectedFilter) -> str | None:
    """Return how certain it is that a filter without a sort returns wrong rows; None if it is right, or rejected.

    All rows fit on the page: a server that filters the rows of a page has another fault.
    """
    rows = len(tenant.known_rows(operation))
    if rows >= MOST_ROWS:
        return None
    reading = only_filtered(tenant, operation, wanted, rows + 1)
    return None if is_rejected(reading) else wrong_rows(tenant, operation, reading, wanted)


def _page_about(
    tenant: ObservedTenant, operation: Operation, known: Property, wanted: ExpectedFilter, direction: str
) -> tuple[ParsedResponse, ExpectedFilter]:
    """Return a filtered page and its filter, without the clause that a server may reject if it does."""
    reading = filtered_page(tenant, operation, known, wanted, direction)
    if not (wanted.either and is_rejected(reading)):
        return reading, wanted
    first = ExpectedFilter(wanted.clauses[:1])
    return filtered_page(tenant, operation, known, first, direction), first


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
        is_wrong = not is_rejected(reading) and wrong_rows(tenant, operation, reading, wanted) is not None
        if is_rejected(reading) or (is_wrong and _wrong_alone(tenant, operation, wanted) is not None):
            yield " and ".join(each.field for each in wanted.clauses)


SCHOOL_YEAR: Final = "schoolYear"
_YEARS: Final = ("OR-SEM-18", "OR-SEM-22")
"""The rules on school years."""
EQUALITY: Final = ("OR-FLT-01", "OR-FLT-02")
CERTAIN: Final = (*EQUALITY, "OR-FLT-03", "OR-FLT-05", "OR-FLT-11", "OR-FLT-14", "OR-PAG-08")
EXPLAINING: Final = {
    "A": CERTAIN,
    "B": (*CERTAIN, "OR-FLT-04", "OR-FLT-06", "OR-FLT-07", "OR-FLT-08", "OR-FLT-09", "OR-FLT-10", "OR-FLT-17"),
}
"""By trust mark: the rules on operators and on kinds of values."""
BESIDE_A_SORT: Final = ("OR-CMB-01", "OR-SRT-01", "OR-SRT-06")
"""The rules on what a sort does to a filter."""
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
    has_room = walk.complete and len(reading.rows) < min(FEW_ROWS, len(walk.pages[0].rows))
    if has_room and are_as_shown(tenant, operation, wanted):
        others = (expected(wanted, row) for name, row in rows.items() if name not in found)
        wrong += [each.trust for each in others if each.holds]
    certain = any(values_at(row, clause.field) for row in rows.values() for clause in wanted.clauses)
    # What no record shows may be stored nevertheless.
    return next((trust if certain else "B" for trust in sorted(wrong) if trust in EXPLAINING), None)


@rule(
    "OR-SRT-07",
    family="sorting",
    title="Every field that holds one value can be sorted by, and decides the order",
    clause="3.1 sort: a single field, providers must support it [A]",
    example="sort=identifier returns 400, although identifier is a field of users",
    fix="sort by every property of the element; return 200 with all rows and a warning for a name that is none",
    over=base_collections,
)
@confirmed
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
        # Without warnings, a version does not say by which fields a server must be able to sort.
        level = None if tenant.standard.specification.warnings else Level.SHOULD
        symptom_of = ("OR-SRT-01",) if len(refused) == len(fields) else ()
        yield finding(message, first, level=level, symptom_of=symptom_of, uncertain="the fields of a sort")
        return
    wrong = [name for name, known in fields.items() if not _greatest_first(tenant, operation, known)]
    wrong += [STATUS] if not _deleted_first(tenant, operation) else []
    if wrong:
        text = f"a descending sort by {', '.join(wrong)} does not begin with the greatest values in their order"
        # A made-up status is that of a selection.
        rules = (*_ORDER, *_OF_ONE_FIELD.get(wrong[0], ())) if len(wrong) == 1 else _ORDER
        query: dict[str, str | int] = {"limit": FEW_ROWS, "sort": wrong[0], "orderBy": DESCENDING}
        seen = evidence_of(response_about(tenant, operation, query))
        raise ExplainedBy(rules, text, anywhere=True, otherwise=text, evidence=seen)


_OF_ONE_FIELD: Final = {SCHOOL_YEAR: _YEARS, STATUS: ("OR-FLD-01",)}
"""By field: the rules that report its values, if it alone is out of order."""
_ORDER: Final = ("OR-SRT-01", "OR-SRT-02", "OR-SRT-06", "OR-CMB-01", "OR-PAG-08")
_TIMES: Final = frozenset({"date", "date-time"})
_NUMBERS: Final = frozenset({"number", "integer"})
_ORDERED_KINDS: Final = frozenset({"string", "date", "number", "integer", "date-time"})
"""Kinds whose order is known."""


def _deleted_first(tenant: ObservedTenant, operation: Operation) -> bool:
    """Return whether a descending sort by status begins with the records that are tobedeleted, if that is known."""
    rows, reading = tenant.known_rows(operation), selection_by_status(tenant, operation)
    known = [row.get(STATUS) for row in rows.values()]
    received = [row.get(STATUS) for row in reading.rows]
    judged = tenant.walk(operation).complete and all(each in STATUSES for each in (*known, *received))
    if not judged or "sort" not in reading.query or not received:
        return True
    deleted = known.count(DELETED)
    return received == [DELETED] * min(deleted, len(received)) + [ACTIVE] * max(0, len(received) - deleted)


def _greatest_first(tenant: ObservedTenant, operation: Operation, known: Property) -> bool:
    """Return whether a descending sort by a field begins with the greatest values, as far as this can be known."""
    rows = tenant.known_rows(operation)
    keys = sort_values(list(rows.values()), known.name, known.kind)
    if known.kind == "enumeration" and len(set(keys) - {None}) > 1:
        return _equal_together(tenant, operation, known)
    if known.kind not in _ORDERED_KINDS or len(set(keys) - {None}) < 2:
        return True
    if known.kind == "date" and None in map(day_of, filter(None, keys)):
        # Days that are written otherwise are the finding of OR-SCH-04, and their order is not known.
        return True
    wanted = filtered_pages(tenant, operation, known).get(DESCENDING)
    if wanted is not None:
        reading = filtered_page(tenant, operation, known, wanted, DESCENDING)
        is_right = reading.problem is None and _in_order(reading, rows, known, wanted)
        seen = set(sort_values(reading.rows, known.name, known.kind)) - {None}
        is_enough = len(seen) >= min(ENOUGH_VALUES, len(set(keys) - {None}))
        if is_right and is_enough and not _has_order_of_another(tenant, operation, known, reading):
            return True
    # The filter may be wrong, or the page may have the order of another field.
    reading = response_about(tenant, operation, {"limit": FEW_ROWS, "sort": known.name, "orderBy": DESCENDING})
    return reading.problem is not None or _in_order(reading, rows, known, None)


def _equal_together(tenant: ObservedTenant, operation: Operation, known: Property) -> bool:
    """Return whether a sort by an enumeration puts equal values together.

    Their order may be that of the words or that of the vocabulary; equal values are adjacent in both.
    """
    wanted = filtered_pages(tenant, operation, known).get(DESCENDING)
    readings = [filtered_page(tenant, operation, known, wanted, DESCENDING)] if wanted is not None else []
    for reading in readings:
        words = sort_values(reading.rows, known.name, known.kind)
        # A page that is full of one value, although there are others, is sorted as well.
        is_enough = len(set(words) - {None}) > 1 or len(words) == FEW_ROWS
        if is_enough and first_out_of_order(words, "enumeration", descending=True) is None:
            return True
    # The filter may be wrong, or leave one value.
    reading = response_about(tenant, operation, {"limit": FEW_ROWS, "sort": known.name, "orderBy": DESCENDING})
    words = sort_values(reading.rows, known.name, known.kind)
    return reading.problem is not None or first_out_of_order(words, "enumeration", descending=True) is None


def _in_order(reading: ParsedResponse, rows: dict[str, Record], known: Property, wanted: ExpectedFilter | None) -> bool:
    """Return whether a page is sorted in descending order, and no other record belongs on it."""
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
    """Return whether a page is also sorted otherwise: dates by another field or by their days, or numbers as text."""
    if known.kind in _NUMBERS:
        return _is_descending(sort_values(reading.rows, known.name, TEXT))
    others = [each for each in comparable_fields(tenant, operation).values() if each.name != known.name]
    texts = [sort_values(reading.rows, each.name, each.kind) for each in others if each.kind == TEXT]
    days = ["-".join(reversed(str(text).split("-"))) for text in sort_values(reading.rows, known.name, TEXT) if text]
    return known.kind in _TIMES and any(map(_is_descending, [*texts, days]))


def _is_descending(texts: list[Any]) -> bool:
    """Return whether several texts are in descending order."""
    return len(set(texts) - {None}) >= MIN_VALUES and first_out_of_order(texts, TEXT, descending=True) is None


def _certainly_matches(wanted: ExpectedFilter, row: Record) -> bool:
    match = expected(wanted, row)
    return match.holds and match.trust in EXPLAINING
