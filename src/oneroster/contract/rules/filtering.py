"""Filtering: every operator on every kind of value, beside the naive reading of the unfiltered rows.

Fields and values are the tenant's own, chosen anew by each seed, and never from a field that may be personal.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.levels import Level
from oneroster.contract.observation.operation_selectors import collections
from oneroster.contract.observation.probe_values import ProbeField, best_fields, draw_value, probe_fields
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.oracle.filters import ExpectedClause, ExpectedFilter, filter_text, parse_timestamp, values_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import differences, judge_all
from oneroster_runtime.specification import Operation

ORDERS: Final = (">", ">=", "<", "<=")
EQUALITIES: Final = ("=", "!=")
IGNORED: Final = ("OR-FLT-01",)
"""Where a filter is not looked at, every other rule of the family would only say so again."""
NEXT_DOOR: Final = timezone(timedelta(hours=2))

Subjects = Callable[[ObservedTenant], Iterable[Operation]]


def operations_of(*kinds: str, most: int = 1) -> Subjects:
    """The collections on which fields of these kinds tell most."""
    return lambda tenant: [each.operation for each in best_fields(tenant, *kinds, most=most)]


def fields_on(tenant: ObservedTenant, operation: Operation, *kinds: str, most: int = 1) -> Iterator[ProbeField]:
    """The fields of these kinds that were chosen on an operation."""
    for each in best_fields(tenant, *kinds, most=most):
        if each.operation == operation:
            yield each


def clause(candidate: ProbeField, operator: str, text: str) -> ExpectedClause:
    """A comparison over a chosen field."""
    return ExpectedClause(candidate.path, candidate.kind, operator, text, candidate.many)


def one(candidate: ProbeField, operator: str, text: str) -> ExpectedFilter:
    """A filter of one comparison."""
    return ExpectedFilter((clause(candidate, operator, text),))


def drawn(
    tenant: ObservedTenant, operation: Operation, operators: Iterable[str], *kinds: str, most: int = 1
) -> list[ExpectedFilter]:
    """A filter for each operator, with a value of the field's own."""
    found: list[ExpectedFilter] = []
    for candidate in fields_on(tenant, operation, *kinds, most=most):
        text = draw_value(tenant, candidate)
        found += [one(candidate, operator, text) for operator in operators]
    return found


@rule(
    "OR-FLT-01",
    family="filtering",
    title="Every collection can be filtered by status",
    clause="3.2 what can be filtered [A]",
    example="filter=status='tobedeleted' brings the active records as well",
    fix="apply the filter to every collection, the specialised ones included, before the page is cut",
    over=collections,
)
def filtered_by_status(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # Deleted records are few: so a filter that is not looked at shows, and the answer stays small.
    yield from differences(
        tenant, operation, ExpectedFilter((ExpectedClause("status", "enumeration", "=", "tobedeleted"),))
    )


@rule(
    "OR-FLT-02",
    family="filtering",
    title="Equal and not equal compare text and enumerated values",
    clause="3.2 operators = and != [A]",
    example="filter=type!='school' brings the schools",
    fix="= brings the records whose value is the one in quotes, != all others that have a value",
    over=operations_of("string", "enumeration"),
    needs=IGNORED,
)
def equality(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from judge_all(tenant, operation, drawn(tenant, operation, EQUALITIES, "string", "enumeration"))


@rule(
    "OR-FLT-03",
    family="filtering",
    title="Contains finds text anywhere in a value",
    clause="3.2 operator ~ [A]",
    example="filter=title~'gebra' does not bring Algebra 1",
    fix="~ brings every record whose value holds the text, at its beginning or not, whatever the case",
    over=operations_of("string"),
    needs=IGNORED,
)
def contains(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in fields_on(tenant, operation, "string"):
        piece = draw_value(tenant, candidate)[1:7].strip()
        filters += [one(candidate, "~", text) for text in dict.fromkeys((piece, piece.swapcase())) if text]
    yield from judge_all(tenant, operation, filters)


@rule(
    "OR-FLT-04",
    family="filtering",
    title="Dates and text are compared in their order",
    clause="3.2 > < on dates and strings [B]",
    example="filter=startDate>='2025-08-18' leaves out what starts on that day",
    fix="compare dates as days of the calendar; >= and <= hold the value itself",
    over=operations_of("date", "string"),
    needs=IGNORED,
)
def ordered(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from judge_all(tenant, operation, drawn(tenant, operation, ORDERS, "date", "string"))


def last_changes(tenant: ObservedTenant) -> list[ProbeField]:
    """The collection whose dateLastModified tells most."""
    return [each for each in probe_fields(tenant, "date-time") if each.path == "dateLastModified"][:1]


def changed(tenant: ObservedTenant) -> Iterator[Operation]:
    """The operation of that collection."""
    return (each.operation for each in last_changes(tenant))


@rule(
    "OR-FLT-05",
    family="filtering",
    title="What changed since a moment comes, and nothing else",
    clause="5.1 dateLastModified filterable [A]",
    example="filter=dateLastModified>'2025-09-01T12:00:00.000Z' brings what changed that morning",
    fix="compare dateLastModified as an instant, to the millisecond, with every operator",
    over=changed,
    needs=IGNORED,
)
def changed_since(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in last_changes(tenant):
        text = in_utc(instant(tenant, candidate))
        filters += [one(candidate, operator, text) for operator in (*ORDERS, *EQUALITIES)]
    yield from judge_all(tenant, operation, filters)


@rule(
    "OR-FLT-06",
    family="filtering",
    title="A moment may be written with an offset, or as a day",
    clause="3.2 date-time literals, ISO 8601 [B]",
    example="filter=dateLastModified>='2025-09-01T14:00:00+02:00' is read as two in the afternoon in UTC",
    fix="convert the literal to UTC before comparing; take a plain date as its first moment",
    over=changed,
    needs=("OR-FLT-01", "OR-FLT-05"),
)
def other_ways_to_write_moments(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for candidate in last_changes(tenant):
        when = instant(tenant, candidate)
        elsewhere = when.astimezone(NEXT_DOOR).isoformat(timespec="milliseconds")
        filters = [one(candidate, operator, elsewhere) for operator in (">=", "<")]
        filters.append(one(candidate, ">=", f"{when:%Y-%m-%d}"))
        # Date-times are in UTC by the standard, so refusing another way to write them may be meant.
        yield from judge_all(tenant, operation, filters, refusal=Level.OPEN)


def instant(tenant: ObservedTenant, candidate: ProbeField) -> datetime:
    """One of the moments of a field.

    Raises ``NotExercised`` when it has none.
    """
    found = parse_timestamp(draw_value(tenant, candidate))
    if found is None:
        raise NotExercised(f"{candidate.path} holds no date-time")
    return found.astimezone(UTC)


def in_utc(when: datetime) -> str:
    """A moment as the standard writes it."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@rule(
    "OR-FLT-07",
    family="filtering",
    title="Numbers are compared as numbers",
    clause="3.2 > < on numbers [B]",
    example="filter=resultValueMax>'9' leaves out 100",
    fix="read the literal as a number; as text, 100 stands before 9",
    over=operations_of("number"),
    needs=IGNORED,
)
def numbers(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters = drawn(tenant, operation, (*ORDERS, *EQUALITIES), "number")
    for candidate in fields_on(tenant, operation, "number"):
        # As text it stands before most numbers, by its value behind those of one digit.
        filters.append(one(candidate, ">", "10"))
        filters.append(one(candidate, ">", "9"))
    yield from judge_all(tenant, operation, filters)


@rule(
    "OR-FLT-08",
    family="filtering",
    title="Booleans are found as true and false",
    clause="3.2 booleans compared as their text [B]",
    example="filter=enabledUser='true' brings nobody",
    fix="take the words true and false in quotes, however the value is stored",
    over=operations_of("boolean"),
    needs=IGNORED,
)
def booleans(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters = [
        one(candidate, "=", word) for candidate in fields_on(tenant, operation, "boolean") for word in ("true", "false")
    ]
    yield from judge_all(tenant, operation, filters, tell_open=True)


@rule(
    "OR-FLT-09",
    family="filtering",
    title="Lists hold all the listed values with =, and any of them with ~",
    clause="3.2 list fields [B]",
    example="filter=subjects='Mathematics,Biology' brings what holds one of the two",
    fix="= asks for all the values between the commas, ~ for at least one of them",
    over=operations_of("strings", "enumerations"),
    needs=IGNORED,
)
def lists(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in fields_on(tenant, operation, "strings", "enumerations"):
        first = draw_value(tenant, candidate)
        both = ",".join(dict.fromkeys((first, partner(tenant, candidate, first))))
        filters += [one(candidate, operator, text) for text in dict.fromkeys((first, both)) for operator in ("=", "~")]
    yield from judge_all(tenant, operation, filters, tell_open=True)


def partner(tenant: ObservedTenant, candidate: ProbeField, first: str) -> str:
    """A second value of a list that some rows hold without the first, or the other way round; else the first again."""
    held = [
        set(map(filter_text, values_at(row, candidate.path))) for row in tenant.all_rows(candidate.operation).values()
    ]
    plain = (text for text in sorted(candidate.counts) if "," not in text and "'" not in text)
    return next((text for text in plain if any((first in each) != (text in each) for each in held)), first)


@rule(
    "OR-FLT-10",
    family="filtering",
    title="A field of a reference is filtered by its dotted name",
    clause="3.2 nested fields [B]",
    example="filter=class.sourcedId='c-1' is refused as an unknown field",
    fix="resolve a dot to the member of the reference, for single references and for lists of them",
    over=operations_of("reference", "references"),
    needs=IGNORED,
)
def dotted(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from judge_all(tenant, operation, drawn(tenant, operation, ("=",), "reference", "references"))


@rule(
    "OR-FLT-11",
    family="filtering",
    title="AND narrows, and OR widens",
    clause="3.2 logic AND and OR [A]",
    example="filter=role='student' OR role='teacher' brings nobody",
    fix="join two clauses by AND or OR as they are written, each with its own field and value",
    over=operations_of("enumeration"),
    needs=("OR-FLT-01", "OR-FLT-02"),
)
def logic(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in fields_on(tenant, operation, "enumeration"):
        ordered_values = sorted(candidate.counts)
        first, last = (clause(candidate, "=", text) for text in (ordered_values[0], ordered_values[-1]))
        alive = ExpectedClause("status", "enumeration", "=", "active")
        filters += [
            ExpectedFilter((first, alive)),
            ExpectedFilter((first, last), either=True),
            ExpectedFilter((first, last)),
            ExpectedFilter((last, alive), either=True),
        ]
    yield from judge_all(tenant, operation, filters)
