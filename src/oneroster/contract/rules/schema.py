"""Schema rules: every record, property by property, against the strict document."""

from collections.abc import Callable, Iterator

from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import CauseCount, counted
from oneroster.contract.observation.tenant import ObservedTenant, readable
from oneroster.contract.oracle.record_schema import Aspect, Breach, breaches
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_v1p1.tables import Operation


def counted_violations(tenant: ObservedTenant, operation: Operation) -> tuple[dict[Breach, CauseCount], int]:
    """Return the violations in the responses of one operation with their counts, and the number of records checked.

    A record that another operation returned with the same violation is not counted again.
    """
    if operation.operation_id not in tenant.breaches:
        tenant.breaches[operation.operation_id] = _count_violations(tenant, operation)
    return tenant.breaches[operation.operation_id]


def _count_violations(tenant: ObservedTenant, operation: Operation) -> tuple[dict[Breach, CauseCount], int]:
    found: dict[Breach, CauseCount] = {}
    judged: set[str] = set()
    for reading in tenant.readings(operation):
        judged |= {record_key(reading, index) for index in range(len(reading.rows))}
        for violation, sourced_id in new_violations(tenant, reading):
            found.setdefault(violation, CauseCount(reading)).add(sourced_id)
    return found, len(judged)


def new_violations(tenant: ObservedTenant, reading: ParsedResponse) -> Iterator[tuple[Breach, str | None]]:
    """Yield the violations in one response that were not seen before in the same record, and its sourcedId."""
    for index, row in enumerate(reading.rows):
        for violation in dict.fromkeys(record_violations(tenant, reading, row)):
            known = (reading.operation.element or "", record_key(reading, index), violation)
            if known not in tenant.known_breaches:
                tenant.known_breaches.add(known)
                yield violation, identity(row)


def already_reported(tenant: ObservedTenant, reading: ParsedResponse) -> bool:
    """Whether a response has records with violations; ``new_violations`` has reported all of them."""
    return any(True for row in reading.rows for _ in record_violations(tenant, reading, row))


def record_violations(tenant: ObservedTenant, reading: ParsedResponse, row: Record) -> Iterator[Breach]:
    """Yield all violations of the document in one record."""
    element = reading.operation.element
    if element is not None:
        yield from breaches(element, row, tenant.dialect.facts)


def record_key(reading: ParsedResponse, index: int) -> str:
    """Return the key of a record in the set of known violations: its sourcedId, or its index if it has none."""
    return identity(reading.rows[index]) or f"{reading.exchange.target} {index}"


def judge_of_certain_facts(aspect: Aspect) -> Callable[[ObservedTenant, Operation], Iterator[Finding]]:
    """Return a judge for one aspect of the facts that are certain."""

    def judge(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        found, judged = counted_violations(tenant, operation)
        for violation, tally in found.items():
            if violation.aspect is aspect and violation.trust == "A":
                yield _violation_finding(violation, tally, judged, Level.MUST)

    return judge


def _violation_finding(violation: Breach, tally: CauseCount, judged: int, level: Level) -> Finding:
    message = f"{violation.pointer} is {violation.aspect} in {tally.count} of {judged} records"
    return counted(message, tally, violation.pointer, judged, level)


def schema_rule(rule_id: str, aspect: Aspect, *, title: str, clause: str, example: str, fix: str) -> None:
    """Register a rule on one aspect of the facts of the data model that are certain."""
    judge = judge_of_certain_facts(aspect)
    rule(rule_id, family="schema", title=title, clause=clause, over=readable, example=example, fix=fix)(judge)


schema_rule(
    "OR-SCH-01",
    Aspect.PRESENCE,
    title="Required properties are present",
    clause="5 data model, cardinality [A]",
    example="a class has no title",
    fix="send every required property of every record; if the source has no value, correct the source data",
)

schema_rule(
    "OR-SCH-02",
    Aspect.TYPE,
    title="Values have the documented JSON type",
    clause="5 data model, types [A]",
    example='score is the string "87.5", or grades is a string instead of an array',
    fix="write numbers as JSON numbers and lists as JSON arrays",
)

schema_rule(
    "OR-SCH-03",
    Aspect.ENUMERATION,
    title="Enumerated values are in the documented list",
    clause="5.15 enumerations [A]",
    example="role is Student instead of student",
    fix="map the values of the source system to those of the standard, with the same spelling and case",
)

schema_rule(
    "OR-SCH-04",
    Aspect.DATE,
    title="Dates have the form YYYY-MM-DD",
    clause="1 encodings, date [A]",
    example="startDate is 08/31/2026",
    fix="write dates as YYYY-MM-DD",
)

schema_rule(
    "OR-SCH-05",
    Aspect.DATE_TIME,
    title="Date-times are ISO 8601 in UTC",
    clause="1 encodings, dateTime [A]",
    example="dateLastModified has no time zone, or ends in +02:00",
    fix="convert to UTC and write, for example, 2026-08-31T12:00:00.000Z",
)

schema_rule(
    "OR-SCH-07",
    Aspect.URI,
    title="The href of a reference is a valid URI",
    clause="5.2 GUIDRef.href, URI [A]",
    example="an href ends in an id with an unescaped space or accented letter",
    fix="percent-encode the sourcedId as one path segment",
)


@rule(
    "OR-SCH-06",
    family="schema",
    title="Records follow the probable facts of the data model",
    clause="1 booleans and 5 data model, marked facts [B]",
    example="enabledUser is a JSON boolean, or a property is missing that most sources call required",
    fix="correct the property that the finding names; booleans are the strings true and false",
    over=readable,
)
def probable(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = counted_violations(tenant, operation)
    for violation, tally in found.items():
        if violation.trust != "A":
            yield _violation_finding(violation, tally, judged, level_of(violation.trust))
