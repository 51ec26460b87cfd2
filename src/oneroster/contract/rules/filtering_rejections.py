"""Filtering: what must be refused, and what must be taken for text though it looks like more."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, finding
from oneroster.contract.observation.probe_values import ProbeField, best_fields, complete_collections, draw_value
from oneroster.contract.observation.snapshot import PAGE
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.oracle.filters import ExpectedFilter
from oneroster.contract.oracle.status_payload import has_code_major, has_code_minor
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import judge_all
from oneroster.contract.rules.filtering import clause, one, operations_of
from oneroster_runtime.specification import Operation

UNKNOWN: Final = "noSuchFieldOfTheStandard"
NOBODY: Final = "no-such-value-1"
SUBJECTS: Final = 3
BAD_REQUEST: Final = 400
BUSY: Final = frozenset({429, 503})


def largest(tenant: ObservedTenant, most: int = SUBJECTS) -> list[Operation]:
    """The collections with most rows, no two of one element."""
    sized = sorted(complete_collections(tenant), key=lambda each: len(each[1]), reverse=True)
    return [operation for operation, _ in sized[:most]]


def probed(tenant: ObservedTenant, operation: Operation, expression: str) -> ParsedResponse:
    """The answer to a filter that need not be lawful; it does not count among the tenant's answers.

    Raises ``NotExercised`` when the tenant is busy.
    """
    query: dict[str, str | int] = {"limit": PAGE, "offset": 0, "filter": expression}
    reading = tenant.parse(operation, tenant.probe(operation.path, encoded_query(query)), {}, query)
    if reading.exchange.status in BUSY:
        raise NotExercised(f"the tenant is busy (HTTP {reading.exchange.status})")
    return reading


def brings_all(tenant: ObservedTenant, reading: ParsedResponse) -> bool:
    """Whether an answer is the whole collection, or the first page of it."""
    rows = tenant.all_rows(reading.operation)
    first = len(tenant.walk(reading.operation).pages[0].rows)
    return bool(reading.rows) and (reading.total == len(rows) or len(reading.rows) >= first)


def unknown_fields(tenant: ObservedTenant, operation: Operation) -> Iterator[ParsedResponse]:
    """The answers to filters by a field that does not exist, alone and beside one that does."""
    for expression in (f"{UNKNOWN}='x'", f"status='active' OR {UNKNOWN}='x'"):
        yield probed(tenant, operation, expression)


@rule(
    "OR-FLT-12",
    family="filtering",
    title="A filter by an unknown field is refused with 400 and no data",
    clause="3.3 filter names an unknown field [A]",
    example="filter=favouriteColour='red' is answered with 200 and all records",
    fix="answer 400 with the minor code invalid_filter_field and the name of the field, and no records",
    over=largest,
    needs=("OR-FLT-01",),
)
def unknown_field(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for reading in unknown_fields(tenant, operation):
        status = reading.exchange.status
        if status != BAD_REQUEST:
            rows = f" and {count_of(len(reading.rows), 'row')}" if status == 200 else ""
            yield finding(f"a filter by an unknown field is answered with HTTP {status}{rows}", reading)
            return
        if operation.wrapper in _keys(reading):
            yield finding("a refused filter is answered with 400 and data", reading)
            return
        if has_code_major(reading.exchange.json) and not has_code_minor(reading.exchange.json, "invalid_filter_field"):
            # The vocabulary of minor codes is less certain than the status.
            yield finding("the refusal does not say invalid_filter_field", reading, level=Level.SHOULD)
            return


def _keys(reading: ParsedResponse) -> set[str]:
    payload = reading.exchange.json
    return set(payload) if isinstance(payload, dict) else set()


def texts(tenant: ObservedTenant) -> list[ProbeField]:
    """The field of text on which expressions are tried."""
    return best_fields(tenant, "string")


@rule(
    "OR-FLT-13",
    family="filtering",
    title="A filter that cannot be read is refused, and is neither a crash nor no filter at all",
    clause="6.1 status 400, malformed parameter [A]",
    example="filter=title='Algebra (without the second quote) is answered with all records",
    fix="answer 400 with a status payload whenever an expression is not of the grammar",
    over=operations_of("string"),
    needs=("OR-FLT-01", "OR-FLT-02"),
)
def malformed(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    (candidate,) = texts(tenant)
    path, value = candidate.path, draw_value(tenant, candidate)
    expressions = {
        "without operator and value": path,
        "without a value": f"{path}=",
        "without a field": f"='{value}'",
        "with a quote that is never closed": f"{path}='{value}",
        "with an operator that does not exist": f"{path}=='{value}'",
        "that ends in AND": f"{path}='{value}' AND ",
        "with AND and OR side by side": f"{path}='{value}' AND OR status='active'",
    }
    taken: list[str] = []
    for flaw, expression in expressions.items():
        reading = probed(tenant, operation, expression)
        if reading.exchange.status >= 500:
            yield finding(f"a filter {flaw} ends in HTTP {reading.exchange.status}", reading)
            return
        if brings_all(tenant, reading):
            yield finding(f"a filter {flaw} brings the whole collection", reading)
            return
        taken += [flaw] if reading.exchange.status < BAD_REQUEST else []
    if taken:
        yield finding(f"the tenant reads a filter {', '.join(taken)}", None, level=Level.OPEN)


@rule(
    "OR-FLT-14",
    family="filtering",
    title="Characters that databases take for wildcards stand for themselves",
    clause="3.2 operators = and ~, the value as written [A]",
    example="filter=title~'%' brings every record",
    fix="escape %, _ and * before the value becomes part of a pattern, or search without patterns",
    over=operations_of("string"),
    needs=("OR-FLT-01", "OR-FLT-02", "OR-FLT-03"),
)
def wildcards(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    (candidate,) = texts(tenant)
    start = draw_value(tenant, candidate)[:1]
    filters = [one(candidate, "~", text) for text in ("%", "_", "*", '"', "\\")]
    filters += [one(candidate, "=", f"{start}%"), ExpectedFilter((clause(candidate, "=", f"{start}*"),))]
    # A tenant that refuses such a value lets nobody see too much.
    yield from judge_all(tenant, operation, filters, refusal=Level.SHOULD)


@rule(
    "OR-FLT-15",
    family="filtering",
    title="A condition that is always true never widens the answer",
    clause="6.1 status 400, malformed parameter [A]",
    example="filter=title='x' OR '1'='1' brings every record",
    fix="parse the expression by the grammar and bind its values as parameters; never paste it into a query",
    over=operations_of("string"),
    needs=("OR-FLT-01", "OR-FLT-02", "OR-FLT-13"),
)
def injection(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    (candidate,) = texts(tenant)
    path = candidate.path
    for expression in (
        f"{path}='{NOBODY}' OR '1'='1'",
        f"{path}='{NOBODY}' OR 1=1",
        f"{path}='{NOBODY}'' OR ''1''=''1'",
        f"{path}='{NOBODY}\\' OR 1=1 -- '",
        f"{path}~'{NOBODY}%' OR '1' LIKE '1'",
        f"{path}='{NOBODY}'; --'",
    ):
        reading = probed(tenant, operation, expression)
        if reading.exchange.status >= 500:
            yield finding(f"a quote in a filter ends in HTTP {reading.exchange.status}", reading)
            return
        if reading.rows:
            message = f"a condition that is always true brings {count_of(len(reading.rows), 'row')}"
            yield finding(message, reading, reading.ids)
            return
