"""Filtering rules: every operator on every kind of value, compared with the unfiltered rows.

Fields and values are taken from the data of the tenant, chosen by the seed, and never from a field that may be
personal.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData
from oneroster.contract.http.exchange import encoded_query
from oneroster.contract.http.parsed_response import Record
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import collections
from oneroster.contract.observation.probe_values import (
    ProbeField,
    best_fields,
    draw_value,
    known_collections,
    probe_fields,
    second_list_value,
    usable_pieces,
    usable_values,
    values_of_one_row,
)
from oneroster.contract.oracle.filters import ExpectedClause, ExpectedFilter, parse_timestamp, values_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import compare_filters, compared_filters, is_rejected
from oneroster_runtime.specification import Operation

ORDERS: Final = (">", ">=", "<", "<=")
EQUALITIES: Final = ("=", "!=")
EQUAL_KINDS: Final = ("string", "enumeration", "date", "number")
A_LITTLE: Final = timedelta(seconds=5)
A_MILLISECOND: Final = timedelta(milliseconds=1)
OTHER_ZONE: Final = timezone(timedelta(hours=2))

METADATA: Final = "metadata"
_KEY: Final = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)*", re.ASCII)
"""A key that the grammar of filters allows."""

Selector = Callable[[ObservedTenant], Iterable[Operation]]


def collections_with_fields(*kinds: str, most: int = 1) -> Selector:
    """Return a selector of the collections whose fields of these kinds have the most distinct values."""
    return lambda tenant: [each.operation for each in best_fields(tenant, *kinds, most=most)]


def collections_with_pieces(tenant: ObservedTenant) -> list[Operation]:
    """Return the collection with the text field to search in."""
    return [each.operation for each in best_fields(tenant, "string", usable=usable_pieces)]


def chosen_fields(tenant: ObservedTenant, operation: Operation, *kinds: str, most: int = 1) -> Iterator[ProbeField]:
    """Yield the chosen fields of these kinds in one operation."""
    for each in best_fields(tenant, *kinds, most=most):
        if each.operation == operation:
            yield each


def filter_clause(candidate: ProbeField, operator: str, text: str) -> ExpectedClause:
    """Return a filter clause on a chosen field."""
    return ExpectedClause(candidate.path, candidate.kind, operator, text, candidate.many)


def single_clause_filter(candidate: ProbeField, operator: str, text: str) -> ExpectedFilter:
    """Return a filter with a single clause."""
    return ExpectedFilter((filter_clause(candidate, operator, text),))


def filters_with_known_values(
    tenant: ObservedTenant, operation: Operation, operators: Iterable[str], *kinds: str, most: int = 1
) -> list[ExpectedFilter]:
    """Return one filter per operator and chosen field, with a value that occurs in the field."""
    found: list[ExpectedFilter] = []
    for candidate in chosen_fields(tenant, operation, *kinds, most=most):
        text = draw_value(tenant, candidate)
        found += [single_clause_filter(candidate, operator, text) for operator in operators]
    return found


@rule(
    "OR-FLT-01",
    family="filtering",
    title="Every collection can be filtered by status",
    clause="3.2 what can be filtered [A]",
    example="filter=status='tobedeleted' returns the active records as well",
    fix="apply the filter on every collection, including the specialised ones, before cutting the page",
    over=collections,
)
def filtered_by_status(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # Few records are tobedeleted, so an ignored filter is visible and the response stays small; most are active, so
    # rows that the collection without a filter does not hold are among them.
    filters = (ExpectedClause("status", "enumeration", "=", status) for status in ("tobedeleted", "active"))
    yield from itertools.islice(compare_filters(tenant, operation, (ExpectedFilter((each,)) for each in filters)), 1)


@rule(
    "OR-FLT-02",
    family="filtering",
    title="The operators = and != compare text, enumerated values, dates and numbers",
    clause="3.2 operators = and != [A]",
    example="filter=type!='school' returns the schools",
    fix="return the records with the quoted value for =, and all other records that have a value for !=",
    over=collections_with_fields(*EQUAL_KINDS),
)
def equality(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters = filters_with_known_values(tenant, operation, EQUALITIES, *EQUAL_KINDS)
    filters.append(single_clause_filter(_status_field(operation), "!=", "active"))
    yield from compare_filters(tenant, operation, filters)
    # A part of a value distinguishes equality from a search, and need not be a word of an enumeration.
    parts = [
        single_clause_filter(candidate, "=", piece)
        for candidate in chosen_fields(tenant, operation, "string", "enumeration")
        if (piece := draw_value(tenant, candidate)[:-1].strip())
    ]
    parts += [
        single_clause_filter(candidate, "=", f"{number}.4")
        for candidate in chosen_fields(tenant, operation, "number")
        for number in whole_numbers(candidate)[:1]
    ]
    if parts:
        yield from compare_filters(tenant, operation, parts, rejection_level=Level.OPEN)


def whole_numbers(candidate: ProbeField) -> list[int]:
    """Return the values of a field that are whole numbers from 1, between which a literal with decimals lies."""
    found = map(float, usable_values(candidate))
    return [int(number) for number in found if number >= 1 and number.is_integer()]


def _status_field(operation: Operation) -> ProbeField:
    return ProbeField(operation, "status", "enumeration", False, Counter())


@rule(
    "OR-FLT-03",
    family="filtering",
    title="The operator ~ finds text anywhere in a value",
    clause="3.2 operator ~ [A]",
    example="filter=title~'gebra' does not return Algebra 1",
    fix="return every record whose value contains the text at any position, ignoring case",
    over=collections_with_pieces,
)
def contains(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in best_fields(tenant, "string", usable=usable_pieces):
        piece = draw_value(tenant, candidate, usable=usable_pieces)
        filters += [single_clause_filter(candidate, "~", text) for text in dict.fromkeys((piece, piece.swapcase()))]
    yield from compare_filters(tenant, operation, filters)
    word = single_clause_filter(_status_field(operation), "~", "tobedel")
    for each in compare_filters(tenant, operation, [word], rejection_level=Level.OPEN):
        # That an enumerated value is compared as its text is probable.
        yield each if each.level is Level.OPEN else replace(each, level=Level.SHOULD)


@rule(
    "OR-FLT-04",
    family="filtering",
    title="The operators >, >=, < and <= compare dates and text",
    clause="3.2 > < on dates and strings [B]",
    example="filter=startDate>='2025-08-18' omits sessions that start on that day",
    fix="compare dates as calendar days and text alphabetically; >= and <= include the value itself",
    over=collections_with_fields("date", "string"),
)
def ordered(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from compare_filters(
        tenant, operation, filters_with_known_values(tenant, operation, ORDERS, "date", "string")
    )


def last_modified_field(tenant: ObservedTenant) -> list[ProbeField]:
    """Return the dateLastModified field with the most distinct values, if there is one."""
    known = [each for each in probe_fields(tenant, "date-time") if each.path == "dateLastModified"]
    # Missing rows show only where all rows are known.
    return sorted(known, key=lambda each: not tenant.walk(each.operation).complete)[:1]


def collection_with_last_modified(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collection of that field."""
    return (each.operation for each in last_modified_field(tenant))


@rule(
    "OR-FLT-05",
    family="filtering",
    title="A filter by dateLastModified selects by the exact instant",
    clause="5.1 dateLastModified filterable [A]",
    example="filter=dateLastModified>'2025-09-01T12:00:00.000Z' returns records that changed earlier on that day",
    fix="compare dateLastModified as an instant, to the millisecond, with every operator",
    over=collection_with_last_modified,
)
def changed_since(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in last_modified_field(tenant):
        when = known_instant(tenant, candidate)
        # A server may store instants with less precision, so only a literal a little later is certain to be later,
        # and one a little earlier to be earlier.
        filters += [single_clause_filter(candidate, each, utc_text(when + A_LITTLE)) for each in (">", "<=", "=")]
        filters += [single_clause_filter(candidate, each, utc_text(when - A_LITTLE)) for each in (">=", "<")]
        filters += [single_clause_filter(candidate, each, utc_text(when)) for each in (*ORDERS, *EQUALITIES)]
        if when.microsecond:
            # A server that ignores the fraction finds the record not later than that.
            filters.append(single_clause_filter(candidate, ">", utc_text(when - A_MILLISECOND)))
    yield from compare_filters(tenant, operation, filters)


@rule(
    "OR-FLT-06",
    family="filtering",
    title="A date-time literal may have a UTC offset or no fraction, or be a plain date",
    clause="3.2 date-time literals, ISO 8601 [B]",
    example="filter=dateLastModified>='2025-09-01T14:00:00+02:00' is read as 14:00 UTC",
    fix="convert the literal to UTC before comparing; read a plain date as the start of that day",
    over=collection_with_last_modified,
    needs=("OR-FLT-01", "OR-FLT-05"),
)
def other_ways_to_write_moments(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for candidate in last_modified_field(tenant):
        when = known_instant(tenant, candidate)
        with_offset = when.astimezone(OTHER_ZONE).isoformat(timespec="milliseconds")
        filters = [single_clause_filter(candidate, operator, with_offset) for operator in (">=", "<")]
        filters.append(single_clause_filter(candidate, ">=", f"{when:%Y-%m-%d}"))
        # The standard has date-times in UTC, so rejecting another form may be intended.
        yield from compare_filters(tenant, operation, filters, rejection_level=Level.OPEN)
        yield from compare_filters(
            tenant, operation, [single_clause_filter(candidate, "<", f"{when:%Y-%m-%dT%H:%M:%SZ}")]
        )


def known_instant(tenant: ObservedTenant, candidate: ProbeField) -> datetime:
    """Return a date-time that occurs in a field.

    Raises ``NotJudged`` when the field has no valid date-time.
    """
    found = parse_timestamp(draw_value(tenant, candidate))
    if found is None:
        raise NotEnoughData(0, 1, f"valid date-time in {candidate.path}")
    return found.astimezone(UTC)


def utc_text(when: datetime) -> str:
    """Return a date-time in the form of the standard."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@rule(
    "OR-FLT-07",
    family="filtering",
    title="Numbers are compared as numbers",
    clause="3.2 > < on numbers [B]",
    example="filter=resultValueMax>'9' omits 100",
    fix="parse the literal as a number; compared as text, 100 sorts before 9",
    over=collections_with_fields("number"),
)
def numbers(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters = filters_with_known_values(tenant, operation, ORDERS, "number")
    for candidate in chosen_fields(tenant, operation, "number"):
        # Compared as text, 10 sorts before 9 and 9 after 100; as numbers they do not.
        filters.append(single_clause_filter(candidate, ">", "10"))
        filters.append(single_clause_filter(candidate, ">", "9"))
        # A literal between two values is neither cut nor rounded to one of them.
        whole = whole_numbers(candidate)
        filters += [single_clause_filter(candidate, ">=", f"{value}.4") for value in whole[:1]]
        filters += [single_clause_filter(candidate, "<=", f"{value - 1}.6") for value in whole[-1:]]
    yield from compare_filters(tenant, operation, filters)


@rule(
    "OR-FLT-08",
    family="filtering",
    title="Booleans are compared with true and false",
    clause="3.2 booleans compared as their text [B]",
    example="filter=enabledUser='true' returns no users",
    fix="accept the quoted words true and false, however the value is stored",
    over=collections_with_fields("boolean"),
)
def booleans(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters = [
        single_clause_filter(candidate, "=", word)
        for candidate in chosen_fields(tenant, operation, "boolean")
        for word in ("true", "false")
    ]
    filters += [replace(each, clauses=(replace(each.clauses[0], operator="!="),)) for each in filters[:1]]
    yield from compare_filters(tenant, operation, filters, report_undefined=True)


@rule(
    "OR-FLT-09",
    family="filtering",
    title="On a list field, = requires all listed values and ~ any of them",
    clause="3.2 list fields [B]",
    example="filter=subjects='Mathematics,Biology' returns records that have only one of the two",
    fix="require all values of the comma-separated list for =, and at least one of them for ~",
    over=collections_with_fields("strings", "enumerations"),
)
def lists(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in chosen_fields(tenant, operation, "strings", "enumerations"):
        first = draw_value(tenant, candidate)
        both = ",".join(dict.fromkeys((first, second_list_value(tenant, candidate, first))))
        filters += [
            single_clause_filter(candidate, operator, text)
            for text in dict.fromkeys((first, both))
            for operator in ("=", "~")
        ]
        filters += [single_clause_filter(candidate, "~", text) for text in values_of_one_row(tenant, candidate, first)]
    yield from compare_filters(tenant, operation, filters, report_undefined=True)


def collections_with_dotted_fields(tenant: ObservedTenant) -> list[Operation]:
    """Return the collections whose references have most values, and one with records within its records."""
    chosen = {each.operation.operation_id: each.operation for each in best_fields(tenant, "reference", "references")}
    inner = (each for each, _ in known_collections(tenant) if dotted_names(tenant, each))
    extended = (each for each, rows in known_collections(tenant) if metadata_keys(rows.values()))
    others = [found for each in (inner, extended) if (found := next(each, None)) is not None]
    return list((chosen | {each.operation_id: each for each in others}).values())


def metadata_keys(rows: Iterable[Record]) -> list[str]:
    """Return the keys of the metadata of records that a filter can name, and that hold text."""
    found = (each.get("metadata") for each in rows)
    texts = ((key, value) for each in found if isinstance(each, dict) for key, value in each.items())
    return list(dict.fromkeys(key for key, value in texts if isinstance(value, str) and _KEY.fullmatch(key)))


def words_within(tenant: ObservedTenant, operation: Operation) -> Iterator[ExpectedFilter]:
    """Yield a filter for each enumerated value of the records within records, such as the role of a user."""
    elements, rows = tenant.specification.elements, tenant.known_rows(operation)
    for known in tenant.properties(operation.element).values():
        inner = elements[known.record].properties if known.record is not None and known.kind == "records" else {}
        for each in inner.values():
            if each.kind != "enumeration" or each.personal or each.secret:
                continue
            path = f"{known.name}.{each.name}"
            held = Counter(value for row in rows.values() for value in set(map(str, values_at(row, path))))
            words = [word for word in tenant.specification.enumerations.get(each.enumeration or "", ()) if held[word]]
            if words and held[words[-1]] < len(rows):
                yield ExpectedFilter((ExpectedClause(path, "enumeration", "=", words[-1], many=True),))


def dotted_names(tenant: ObservedTenant, operation: Operation) -> list[str]:
    """Return the names of the texts of the records within the records of a collection."""
    elements = tenant.specification.elements
    return [
        f"{known.name}.{inner.name}"
        for known in tenant.properties(operation.element).values()
        if known.record is not None and known.kind == "records"
        for inner in elements[known.record].properties.values()
        if inner.kind == "string" and not inner.secret
    ]


def _records_by_dotted_names(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    """Yield a finding if a filter by a field of the records within a record is rejected, with a value of the kit."""
    keys = metadata_keys(tenant.known_rows(operation).values())[:1]
    for name in (*dotted_names(tenant, operation)[-1:], *(f"{METADATA}.{key}" for key in keys)):
        query: Query = {"limit": 1, "filter": f"{name}='oneroster-check'"}
        reading = tenant.parse(operation, tenant.probe(operation.path, encoded_query(query)), {}, query)
        # The keys of metadata are chosen by the vendor, and may be data.
        shown = f"{METADATA}.…" if name.startswith(METADATA) else name
        if is_rejected(reading):
            yield finding(f"the filter {shown}=… is rejected with HTTP {reading.exchange.status}", reading)
        elif reading.rows:
            message = f"the filter {shown}=… returned {count_of(len(reading.rows), 'row')} without that value"
            yield finding(message, reading, reading.ids, symptom_of=("OR-FLT-01",))


@rule(
    "OR-FLT-10",
    family="filtering",
    title="A field of a reference can be filtered by its dotted name",
    clause="3.2 nested fields [B]",
    example="filter=class.sourcedId='c-1' is rejected as an unknown field",
    fix="resolve the dot to a member of the reference, for single references and for lists of references",
    over=collections_with_dotted_fields,
)
def dotted(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from _records_by_dotted_names(tenant, operation)
    within = list(words_within(tenant, operation))
    yield from compare_filters(tenant, operation, within) if within else ()
    equal = filters_with_known_values(tenant, operation, ("=",), "reference", "references")
    if not equal:
        return
    found = list(compare_filters(tenant, operation, equal))
    yield from found
    # What another comparison says of a list of references, no source says.
    others = [
        single_clause_filter(candidate, each, draw_value(tenant, candidate))
        for candidate in chosen_fields(tenant, operation, "reference")
        for each in ("!=", "~")
        if not candidate.many and not found
    ]
    wrong = next(compare_filters(tenant, operation, others), None) if others else None
    if wrong is not None:
        raise ExplainedBy(
            ("OR-FLT-02", "OR-FLT-03", "OR-FLT-14"),
            wrong.message,
            anywhere=True,
            otherwise=wrong.message,
            evidence=wrong.evidence,
        )


@rule(
    "OR-FLT-11",
    family="filtering",
    title="AND requires both clauses, OR at least one",
    clause="3.2 logic AND and OR [A]",
    example="filter=role='student' OR role='teacher' returns no records",
    fix="combine two clauses with AND or OR as written, each with its own field and value",
    over=collections_with_fields("enumeration"),
)
def logic(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in chosen_fields(tenant, operation, "enumeration"):
        ordered_values = usable_values(candidate)
        first, last = (filter_clause(candidate, "=", text) for text in (ordered_values[0], ordered_values[-1]))
        active = ExpectedClause("status", "enumeration", "=", "active")
        undeleted = ExpectedClause("status", "enumeration", "!=", "tobedeleted")
        filters += [
            # Another operator in the second clause: a server may read both by that of the first.
            ExpectedFilter((first, undeleted)),
            ExpectedFilter((first, last), either=True),
            ExpectedFilter((first, last)),
            ExpectedFilter((last, active), either=True),
        ]
    for each, wanted in compared_filters(tenant, operation, filters):
        # A clause that is wrong alone is wrong in every combination.
        alone = (ExpectedFilter((clause,)) for clause in wanted.clauses)
        wrong = any(True for _ in compare_filters(tenant, operation, alone))
        yield replace(each, symptom_of=("OR-FLT-02", "OR-FLT-01")) if wrong else each
