"""Filtering rules: filters to reject, and values that a server must not interpret."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from oneroster.contract.errors import ExplainedBy, Unanswered
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import encoded_path, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import all_collections
from oneroster.contract.observation.probe_values import (
    ProbeField,
    best_fields,
    draw_value,
    largest_of_each_kind,
    probe_fields,
)
from oneroster.contract.observation.provoked_errors import ExpectedErrors
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.oracle.filters import ExpectedClause, ExpectedFilter
from oneroster.contract.oracle.status_payload_parser import contradicts, has_code_minor, status_entries
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import compare_filters, compared_filters
from oneroster.contract.rules.filtering import collections_with_fields, single_clause_filter
from oneroster_runtime.specification import Operation

OPERATORS: Final = ("!=", "~", ">=", "<", ">", "<=")
"""The operators other than =."""
UNKNOWN_FIELD: Final = "noSuchFieldOfTheStandard"
CODE_MINOR: Final = "invalid_filter_field"
ABSENT_VALUE: Final = "no-such-value-1"
BAD_REQUEST: Final = 400
SERVER_ERROR: Final = 500
IGNORED: Final = ("OR-FLT-01",)
"""The rule that reports a server which ignores filters; where it fails, a whole collection is no second finding."""
BUSY_STATUSES: Final = frozenset({429, 503})


def response_to_filter(
    tenant: ObservedTenant, operation: Operation, expression: str, others: Query | None = None
) -> ParsedResponse:
    """Return the response to a filter that may be invalid, without keeping it for other rules.

    Args:
        tenant: The tenant.
        operation: The collection.
        expression: The filter.
        others: Further parameters.

    Raises ``NotJudged`` when the tenant is busy.
    """
    query: Query = {"limit": tenant.page_size, "offset": 0, "filter": expression, **(others or {})}
    values = max(tenant.walks(operation), key=len).values
    path = encoded_path(operation.path, values)
    reading = tenant.parse(operation, tenant.probe(path, encoded_query(query)), values, query)
    if reading.exchange.status in BUSY_STATUSES:
        raise Unanswered(f"the tenant is busy (HTTP {reading.exchange.status})")
    if reading.exchange.status >= BAD_REQUEST:
        ExpectedErrors.of(tenant).add(operation, reading.exchange)
    return reading


def returns_whole_collection(tenant: ObservedTenant, reading: ParsedResponse) -> bool:
    """Return whether a response contains the whole collection, or its whole first page."""
    rows = tenant.all_rows(reading.operation)
    first = len(tenant.walk(reading.operation).pages[0].rows)
    return bool(reading.rows) and (reading.total == len(rows) or len(reading.rows) >= first)


UNKNOWN_ALONE: Final = f"{UNKNOWN_FIELD}='x'"
BESIDE_OTHERS: Final[tuple[Query, ...]] = (
    {"sort": "dateLastModified"},
    {"sort": UNKNOWN_FIELD},
    {"fields": "sourcedId"},
    {"fields": UNKNOWN_FIELD},
)
"""Parameters beside a filter by an unknown field, which do not change that it is an error."""


def responses_to_unknown_fields(tenant: ObservedTenant, operation: Operation) -> Iterator[ParsedResponse]:
    """Yield the responses to filters by an unknown field, with every operator, beside a clause, and beside others.

    Of most collections one is asked for, of the largest of each kind all.
    """
    largest = largest_of_each_kind(tenant)
    if operation not in largest:
        operator = ("=", *OPERATORS)[len(operation.operation_id) % (len(OPERATORS) + 1)]
        yield response_to_filter(tenant, operation, f"{UNKNOWN_FIELD}{operator}'x'")
        return
    number = largest.index(operation)
    operator = OPERATORS[number % len(OPERATORS)]
    for expression in (
        UNKNOWN_ALONE,
        f"status='active' OR {UNKNOWN_FIELD}='x'",
        f"status='active' AND {UNKNOWN_FIELD}='x'",
        f"{UNKNOWN_FIELD}.sourcedId='x'",
        f"{UNKNOWN_FIELD}{operator}'x'",
    ):
        yield response_to_filter(tenant, operation, expression)
    yield response_to_filter(tenant, operation, UNKNOWN_ALONE, BESIDE_OTHERS[number % len(BESIDE_OTHERS)])


@rule(
    "OR-FLT-12",
    family="filtering",
    title="A filter by an unknown field returns 400 and no data",
    clause="3.3 filter names an unknown field [A]",
    example="filter=favouriteColour='red' returns 200 and all records",
    fix="return 400 without records, with codeMinor `invalid_filter_field` and the name of the field",
    stands_on=("name filter", "status 400"),
    over=all_collections,
)
def unknown_field(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for reading in responses_to_unknown_fields(tenant, operation):
        status = reading.exchange.status
        if status != BAD_REQUEST:
            rows = f" with {count_of(len(reading.rows), 'row')}" if status == 200 else ""
            message = f"a filter by an unknown field returned HTTP {status}{rows} instead of 400"
            whole = tenant.dialect.collection_of(operation.element) if operation.scope is not None else None
            if reading.rows and whole is not None:
                rules = (*IGNORED, "OR-CMB-01")
                seen = evidence_of(reading)
                raise ExplainedBy(rules, message, whole.operation_id, otherwise=message, evidence=seen)
            yield finding(message, reading, symptom_of=IGNORED if reading.rows else ())
            return
        if operation.wrapper in _keys(reading):
            yield finding("a filter by an unknown field returned 400 together with data", reading)
            return
        said = status_entries(reading.exchange.payload) if reading.query.keys() <= _ALONE else []
        if said and not has_code_minor(reading.exchange.payload, CODE_MINOR):
            # Known servers have another word for it, but not one that stands for another case.
            level = None if contradicts(said, (CODE_MINOR,)) else Level.SHOULD
            text = f"the 400 response does not have codeMinor {CODE_MINOR}"
            yield finding(text, reading, level=level, uncertain=f"other words for {CODE_MINOR}")
            return


_ALONE: Final = frozenset({"limit", "offset", "filter"})
"""The parameters of a request in which nothing else is wrong."""


def _keys(reading: ParsedResponse) -> set[str]:
    payload = reading.exchange.payload
    return set(payload) if isinstance(payload, dict) else set()


def text_fields(tenant: ObservedTenant) -> list[ProbeField]:
    """Return the text field to build filters on."""
    return best_fields(tenant, "string")


@rule(
    "OR-FLT-13",
    family="filtering",
    title="A malformed filter is rejected, not ignored, and causes no server error",
    clause="6.1 status 400, malformed parameter [A]",
    example="filter=title='Algebra (without the closing quote) returns all records",
    fix="return 400 with a status payload for every expression that does not match the filter grammar",
    stands_on=("status 400",),
    over=collections_with_fields("string"),
)
def malformed(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    (candidate,) = text_fields(tenant)
    path, value = candidate.path, draw_value(tenant, candidate)
    expressions = {
        "without operator and value": path,
        "without a value": f"{path}=",
        "without a field": f"='{value}'",
        "with an unclosed quote": f"{path}='{value}",
        "with an unknown operator": f"{path}=='{value}'",
        "that ends in AND": f"{path}='{value}' AND ",
        "with AND and OR side by side": f"{path}='{value}' AND OR status='active'",
        "with AND in lower case": f"{path}='{ABSENT_VALUE}' and status='active'",
        "with double quotes": f'{path}="{ABSENT_VALUE}"',
        "without quotes": f"{path}={ABSENT_VALUE}",
        "with spaces around the operator": f"{path} = '{ABSENT_VALUE}'",
    }
    readings = {flaw: response_to_filter(tenant, operation, text) for flaw, text in expressions.items()}
    wrong: list[Finding] = []
    for flaw, reading in readings.items():
        if reading.exchange.status >= SERVER_ERROR:
            wrong.append(finding(f"a filter {flaw} returned HTTP {reading.exchange.status} instead of 400", reading))
        elif returns_whole_collection(tenant, reading):
            message = f"a filter {flaw} is ignored: it returned the whole collection"
            wrong.append(finding(message, reading, symptom_of=IGNORED))
    yield from {each.symptom_of: each for each in reversed(wrong)}.values()
    accepted = [flaw for flaw, reading in readings.items() if reading.exchange.status < BAD_REQUEST]
    if accepted and not wrong:
        text = f"the tenant accepts a filter {', '.join(accepted)}"
        yield finding(text, readings[accepted[0]], level=Level.OPEN, uncertain="filters that it does not define")


def spaced_values(tenant: ObservedTenant, candidate: ProbeField) -> list[str]:
    """Return a value with its spaces as plus signs, and one with more behind an ampersand, which no record has."""
    values = [value for value in candidate.counts if value.isprintable() and "'" not in value]
    spaced = next((value.replace(" ", "+") for value in values if " " in value), None)
    return [text for text in (spaced, f"{draw_value(tenant, candidate)}&x=1") if text is not None]


def odd_ids(tenant: ObservedTenant, operation: Operation) -> list[str]:
    """Return an id with characters that a URL or a filter must escape, if a record has one."""
    ids = (name for name in tenant.known_rows(operation) if needs_escaping(name))
    return [name for name in ids if name.isprintable() and "'" not in name][:1]


def _by_id(text: str, *, as_space: bool) -> ExpectedFilter:
    """Return a filter by an id, that excludes the id with plus signs as spaces if ``as_space``."""
    clauses = [ExpectedClause("sourcedId", "string", "=", text)]
    if as_space and " " in text:
        clauses.append(ExpectedClause("sourcedId", "string", "!=", text.replace(" ", "+")))
    return ExpectedFilter(tuple(clauses))


@rule(
    "OR-FLT-14",
    family="filtering",
    title="No character in a filter value has another meaning",
    clause="3.2 operators = and ~, the value as written [A]",
    example="filter=title~'%' returns every record",
    fix="escape %, _ and * before using the value in a pattern, or search without patterns",
    over=collections_with_fields("string"),
)
def wildcards(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    (candidate,) = text_fields(tenant)
    start = draw_value(tenant, candidate)[:1]
    filters = [single_clause_filter(candidate, "~", text) for text in ("%", "_", "*", ".", '"\\')]
    filters += [single_clause_filter(candidate, "~", text) for text in ("x OR y AND z=1", "é日" * 200)]
    filters += [
        single_clause_filter(candidate, "=", text)
        for text in (f"{start}%", f"{start}*", f"%{ord(start):02X}{draw_value(tenant, candidate)[1:]}", "x>y")
    ]
    filters += [single_clause_filter(candidate, "=", text) for text in spaced_values(tenant, candidate)]
    # Without a text that has a space, an id shows whether a plus sign is read as one.
    as_space = not any(" " in value for value in candidate.counts)
    filters += [_by_id(text, as_space=as_space) for text in odd_ids(tenant, operation)]
    # A server that compares text as numbers reads a text without digits as 0.
    filters.append(single_clause_filter(candidate, "=", "0"))
    # Rejecting such a value reveals no data, so it is at most a should.
    operators = {"~": ("OR-FLT-03",), "=": ("OR-FLT-02", "OR-FLT-16")}
    for each, wanted in compared_filters(tenant, operation, filters, rejection_level=Level.SHOULD):
        both = ("OR-FLT-11",) if len(wanted.clauses) > 1 else ()
        yield replace(each, symptom_of=(*IGNORED, *operators[wanted.clauses[0].operator], *both))
    if candidate.counts.total() == len(tenant.known_rows(operation)):
        # Every record has a value, so none is found by an empty one.
        nothing = [single_clause_filter(candidate, "=", "")]
        for each in compare_filters(tenant, operation, nothing, rejection_level=Level.OPEN):
            yield replace(each, symptom_of=(*IGNORED, *operators["="])) if each.level is not Level.OPEN else each
    yield from _encoded_twice_as_long(tenant, operation)


def _encoded_twice_as_long(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    """Yield a finding if a filter in which letters are encoded as well, in lower case, has another result."""
    limit = f"limit={tenant.page_size}"
    readings = []
    for text in ("filter=status%3D%27active%27", "filter=%73tatus%3d%27activ%65%27"):
        exchange = tenant.probe(operation.path, f"{limit}&{text}")
        readings.append(tenant.parse(operation, exchange, {}, {"limit": tenant.page_size, "filter": "status='active'"}))
    usual, other = readings
    if usual.problem is None and (other.problem is not None or set(other.ids) != set(usual.ids)):
        shown = other.problem or f"{len(other.rows)} instead of {count_of(len(usual.rows), 'row')}"
        yield finding(f"a filter whose letters are percent-encoded as well: {shown}", other)


def texts_of_digits(tenant: ObservedTenant) -> list[ProbeField]:
    """Return the first field whose values are texts of digits, such as a year or a code."""
    fields = probe_fields(tenant, "string")
    return [each for each in fields if any(text.isdecimal() and text != "0" for text in each.counts)][:1]


@rule(
    "OR-FLT-17",
    family="filtering",
    title="Texts of digits are compared as text",
    clause="3.2 operator =, the value as written [A]",
    example="filter=schoolYear='02026' returns the sessions of 2026, or filter=classCode='7' the class 007",
    fix="bind the value as text; a comparison with a number drops leading zeros",
    over=lambda tenant: [each.operation for each in texts_of_digits(tenant)],
)
def digits_as_text(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    (candidate,) = texts_of_digits(tenant)
    digits = min(text for text in candidate.counts if text.isdecimal() and text != "0")
    others = {f"0{digits}", f"{digits}.0", digits.lstrip("0") or "0"} - set(candidate.counts)
    filters = [single_clause_filter(candidate, "=", text) for text in sorted(others)]
    # A server that knows the form of the value may reject another one.
    for each in compare_filters(tenant, operation, filters, rejection_level=Level.OPEN):
        yield each if each.level is Level.OPEN else replace(each, symptom_of=(*IGNORED, "OR-FLT-02", "OR-FLT-16"))


@rule(
    "OR-FLT-15",
    family="filtering",
    harm=Harm.ACCESS,
    title="A condition injected into a filter does not widen the result",
    clause="6.1 status 400, malformed parameter [A]",
    example="filter=title='x' OR '1'='1' returns every record",
    fix="parse the expression by the filter grammar and bind its values as parameters; never concatenate them"
    " into a query",
    stands_on=("status 400",),
    over=collections_with_fields("string"),
)
def injection(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    (candidate,) = text_fields(tenant)
    path = candidate.path
    # Malformed as the others, but never true: shows whether the server ignores or fails on any malformed filter.
    control = response_to_filter(tenant, operation, f"{path}='{ABSENT_VALUE}' AND '1'='2'")
    if control.rows:
        raise ExplainedBy(("OR-FLT-13", *IGNORED), "a malformed filter is ignored")
    failed: ParsedResponse | None = None
    for expression in (
        f"{path}='{ABSENT_VALUE}' OR '1'='1'",
        f"{path}='{ABSENT_VALUE}' OR 1=1",
        f"{path}='{ABSENT_VALUE}'' OR ''1''=''1'",
        f"{path}='{ABSENT_VALUE}\\' OR 1=1 -- '",
        f"{path}~'{ABSENT_VALUE}%' OR '1' LIKE '1'",
        f"{path}='{ABSENT_VALUE}'; --'",
    ):
        reading = response_to_filter(tenant, operation, expression)
        if reading.rows:
            message = (
                f"a filter with an injected condition that is always true returned {count_of(len(reading.rows), 'row')}"
            )
            yield finding(message, reading, reading.ids)
            return
        if reading.exchange.status >= SERVER_ERROR and failed is None:
            failed = reading
    if failed is not None and control.exchange.status < SERVER_ERROR:
        yield finding(f"a filter with an injected quote returned HTTP {failed.exchange.status}", failed)
