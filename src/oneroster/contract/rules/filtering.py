"""Filtering rules: every operator on every kind of value, compared with the unfiltered rows.

Fields and values are taken from the data of the tenant, chosen by the seed, and never from a field that may be
personal.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.levels import Level
from oneroster.contract.observation.probe_values import Candidate, best, candidates, draw
from oneroster.contract.observation.tenant import ObservedTenant, collections
from oneroster.contract.oracle.filters import ExpectedClause, ExpectedFilter, moment, text_of, values_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.filter_comparison import differences, judge_all
from oneroster_v1p1.tables import Operation

ORDERS: Final = (">", ">=", "<", "<=")
EQUALITIES: Final = ("=", "!=")
IGNORED: Final = ("OR-FLT-01",)
"""Where filters are ignored, every other rule of the family would report the same cause again."""
NEXT_DOOR: Final = timezone(timedelta(hours=2))

Subjects = Callable[[ObservedTenant], Iterable[Operation]]


def operations_of(*kinds: str, most: int = 1) -> Subjects:
    """Return a selector of the collections whose fields of these kinds have the most distinct values."""
    return lambda tenant: [each.operation for each in best(tenant, *kinds, most=most)]


def fields_on(tenant: ObservedTenant, operation: Operation, *kinds: str, most: int = 1) -> Iterator[Candidate]:
    """Yield the chosen fields of these kinds in one operation."""
    for each in best(tenant, *kinds, most=most):
        if each.operation == operation:
            yield each


def clause(candidate: Candidate, operator: str, text: str) -> ExpectedClause:
    """Return a filter clause on a chosen field."""
    return ExpectedClause(candidate.path, candidate.kind, operator, text, candidate.many)


def one(candidate: Candidate, operator: str, text: str) -> ExpectedFilter:
    """Return a filter with a single clause."""
    return ExpectedFilter((clause(candidate, operator, text),))


def drawn(
    tenant: ObservedTenant, operation: Operation, operators: Iterable[str], *kinds: str, most: int = 1
) -> list[ExpectedFilter]:
    """Return one filter per operator and chosen field, with a value that occurs in the field."""
    found: list[ExpectedFilter] = []
    for candidate in fields_on(tenant, operation, *kinds, most=most):
        text = draw(tenant, candidate)
        found += [one(candidate, operator, text) for operator in operators]
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
    # Few records are tobedeleted, so an ignored filter is visible and the response stays small.
    yield from differences(
        tenant, operation, ExpectedFilter((ExpectedClause("status", "enumeration", "=", "tobedeleted"),))
    )


@rule(
    "OR-FLT-02",
    family="filtering",
    title="The operators = and != compare text and enumerated values",
    clause="3.2 operators = and != [A]",
    example="filter=type!='school' returns the schools",
    fix="return the records with the quoted value for =, and all other records that have a value for !=",
    over=operations_of("string", "enumeration"),
    needs=IGNORED,
)
def equality(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from judge_all(tenant, operation, drawn(tenant, operation, EQUALITIES, "string", "enumeration"))


@rule(
    "OR-FLT-03",
    family="filtering",
    title="The operator ~ finds text anywhere in a value",
    clause="3.2 operator ~ [A]",
    example="filter=title~'gebra' does not return Algebra 1",
    fix="return every record whose value contains the text at any position, ignoring case",
    over=operations_of("string"),
    needs=IGNORED,
)
def contains(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in fields_on(tenant, operation, "string"):
        piece = draw(tenant, candidate)[1:7].strip()
        filters += [one(candidate, "~", text) for text in dict.fromkeys((piece, piece.swapcase())) if text]
    yield from judge_all(tenant, operation, filters)


@rule(
    "OR-FLT-04",
    family="filtering",
    title="The operators >, >=, < and <= compare dates and text",
    clause="3.2 > < on dates and strings [B]",
    example="filter=startDate>='2025-08-18' omits sessions that start on that day",
    fix="compare dates as calendar days and text alphabetically; >= and <= include the value itself",
    over=operations_of("date", "string"),
    needs=IGNORED,
)
def ordered(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from judge_all(tenant, operation, drawn(tenant, operation, ORDERS, "date", "string"))


def last_changes(tenant: ObservedTenant) -> list[Candidate]:
    """Return the dateLastModified field with the most distinct values, if there is one."""
    return [each for each in candidates(tenant, "date-time") if each.path == "dateLastModified"][:1]


def changed(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collection of that field."""
    return (each.operation for each in last_changes(tenant))


@rule(
    "OR-FLT-05",
    family="filtering",
    title="A filter by dateLastModified selects by the exact instant",
    clause="5.1 dateLastModified filterable [A]",
    example="filter=dateLastModified>'2025-09-01T12:00:00.000Z' returns records that changed earlier on that day",
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
    title="A date-time literal may have a UTC offset, or be a plain date",
    clause="3.2 date-time literals, ISO 8601 [B]",
    example="filter=dateLastModified>='2025-09-01T14:00:00+02:00' is read as 14:00 UTC",
    fix="convert the literal to UTC before comparing; read a plain date as the start of that day",
    over=changed,
    needs=("OR-FLT-01", "OR-FLT-05"),
)
def other_ways_to_write_moments(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for candidate in last_changes(tenant):
        when = instant(tenant, candidate)
        elsewhere = when.astimezone(NEXT_DOOR).isoformat(timespec="milliseconds")
        filters = [one(candidate, operator, elsewhere) for operator in (">=", "<")]
        filters.append(one(candidate, ">=", f"{when:%Y-%m-%d}"))
        # The standard has date-times in UTC, so rejecting another form may be intended.
        yield from judge_all(tenant, operation, filters, refusal=Level.OPEN)


def instant(tenant: ObservedTenant, candidate: Candidate) -> datetime:
    """Return a date-time that occurs in a field.

    Raises ``NotExercised`` when the field has no valid date-time.
    """
    found = moment(draw(tenant, candidate))
    if found is None:
        raise NotExercised(f"{candidate.path} contains no valid date-time")
    return found.astimezone(UTC)


def in_utc(when: datetime) -> str:
    """Return a date-time in the form of the standard."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@rule(
    "OR-FLT-07",
    family="filtering",
    title="Numbers are compared as numbers",
    clause="3.2 > < on numbers [B]",
    example="filter=resultValueMax>'9' omits 100",
    fix="parse the literal as a number; compared as text, 100 sorts before 9",
    over=operations_of("number"),
    needs=IGNORED,
)
def numbers(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters = drawn(tenant, operation, (*ORDERS, *EQUALITIES), "number")
    for candidate in fields_on(tenant, operation, "number"):
        # Compared as text, 10 sorts before 9 and 9 after 100; as numbers they do not.
        filters.append(one(candidate, ">", "10"))
        filters.append(one(candidate, ">", "9"))
    yield from judge_all(tenant, operation, filters)


@rule(
    "OR-FLT-08",
    family="filtering",
    title="Booleans are compared with true and false",
    clause="3.2 booleans compared as their text [B]",
    example="filter=enabledUser='true' returns no users",
    fix="accept the quoted words true and false, however the value is stored",
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
    title="On a list field, = requires all listed values and ~ any of them",
    clause="3.2 list fields [B]",
    example="filter=subjects='Mathematics,Biology' returns records that have only one of the two",
    fix="require all values of the comma-separated list for =, and at least one of them for ~",
    over=operations_of("strings", "enumerations"),
    needs=IGNORED,
)
def lists(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    filters: list[ExpectedFilter] = []
    for candidate in fields_on(tenant, operation, "strings", "enumerations"):
        first = draw(tenant, candidate)
        both = ",".join(dict.fromkeys((first, partner(tenant, candidate, first))))
        filters += [one(candidate, operator, text) for text in dict.fromkeys((first, both)) for operator in ("=", "~")]
    yield from judge_all(tenant, operation, filters, tell_open=True)


def partner(tenant: ObservedTenant, candidate: Candidate, first: str) -> str:
    """Return a second value that some rows have without the first, or the reverse; otherwise the first value."""
    held = [set(map(text_of, values_at(row, candidate.path))) for row in tenant.whole(candidate.operation).values()]
    plain = (text for text in sorted(candidate.counts) if "," not in text and "'" not in text)
    return next((text for text in plain if any((first in each) != (text in each) for each in held)), first)


@rule(
    "OR-FLT-10",
    family="filtering",
    title="A field of a reference can be filtered by its dotted name",
    clause="3.2 nested fields [B]",
    example="filter=class.sourcedId='c-1' is rejected as an unknown field",
    fix="resolve the dot to a member of the reference, for single references and for lists of references",
    over=operations_of("reference", "references"),
    needs=IGNORED,
)
def dotted(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from judge_all(tenant, operation, drawn(tenant, operation, ("=",), "reference", "references"))


@rule(
    "OR-FLT-11",
    family="filtering",
    title="AND requires both clauses, OR at least one",
    clause="3.2 logic AND and OR [A]",
    example="filter=role='student' OR role='teacher' returns no records",
    fix="combine two clauses with AND or OR as written, each with its own field and value",
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
