"""Schema: every record that was met, field by field, against the strict document."""

from collections.abc import Callable, Iterator

from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import CauseCount, counted
from oneroster.contract.observation.tenant import ObservedTenant, readable
from oneroster.contract.oracle.record_schema import Aspect, Breach, breaches
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_v1p1.tables import Operation


def tallies(tenant: ObservedTenant, operation: Operation) -> tuple[dict[Breach, CauseCount], int]:
    """The breaches in the answers of one operation, and the number of records judged.

    A breach of a record that was met with the same breach before, in another collection, is not counted again.
    """
    if operation.operation_id not in tenant.breaches:
        tenant.breaches[operation.operation_id] = _tally(tenant, operation)
    return tenant.breaches[operation.operation_id]


def _tally(tenant: ObservedTenant, operation: Operation) -> tuple[dict[Breach, CauseCount], int]:
    found: dict[Breach, CauseCount] = {}
    judged: set[str] = set()
    for reading in tenant.readings(operation):
        judged |= {name_of(reading, index) for index in range(len(reading.rows))}
        for breach, sourced_id in fresh_breaches(tenant, reading):
            found.setdefault(breach, CauseCount(reading)).add(sourced_id)
    return found, len(judged)


def fresh_breaches(tenant: ObservedTenant, reading: ParsedResponse) -> Iterator[tuple[Breach, str | None]]:
    """The breaches in one answer that were not met before with the same record, and that record's sourcedId."""
    for index, row in enumerate(reading.rows):
        for breach in dict.fromkeys(all_breaches(tenant, reading, row)):
            known = (reading.operation.element or "", name_of(reading, index), breach)
            if known not in tenant.known_breaches:
                tenant.known_breaches.add(known)
                yield breach, identity(row)


def told_before(tenant: ObservedTenant, reading: ParsedResponse) -> bool:
    """Whether some record of an answer has breaches, all of which were told already."""
    return any(True for row in reading.rows for _ in all_breaches(tenant, reading, row))


def all_breaches(tenant: ObservedTenant, reading: ParsedResponse, row: Record) -> Iterator[Breach]:
    """Everything about a record of an answer that is not as the document has it."""
    element = reading.operation.element
    if element is not None:
        yield from breaches(element, row, tenant.dialect.facts)


def name_of(reading: ParsedResponse, index: int) -> str:
    """What a record is remembered by: its sourcedId, or its place when it has none."""
    return identity(reading.rows[index]) or f"{reading.exchange.target} {index}"


def certain(aspect: Aspect) -> Callable[[ObservedTenant, Operation], Iterator[Finding]]:
    """A judge for the certain facts of one aspect."""

    def judge(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        found, judged = tallies(tenant, operation)
        for breach, tally in found.items():
            if breach.aspect is aspect and breach.trust == "A":
                yield _told(breach, tally, judged, Level.MUST)

    return judge


def _told(breach: Breach, tally: CauseCount, judged: int, level: Level) -> Finding:
    message = f"{breach.pointer} is {breach.aspect} in {tally.count} of {judged} records"
    return counted(message, tally, breach.pointer, judged, level)


for number, told, aspect_of, standing_on, breach_of, mended_by in (
    (
        "OR-SCH-01",
        "Required properties are present",
        Aspect.PRESENCE,
        "5 data model, cardinality [A]",
        "a class without its title",
        "send every required property of every record; mend the data where the source lacks it",
    ),
    (
        "OR-SCH-02",
        "Values have the documented JSON type",
        Aspect.TYPE,
        "5 data model, types [A]",
        'a score as the string "87.5", or grades as one string instead of an array',
        "write numbers as JSON numbers and lists as arrays",
    ),
    (
        "OR-SCH-03",
        "Enumerated values are documented ones",
        Aspect.ENUMERATION,
        "5.15 enumerations [A]",
        "a role that is not in the standard's list, such as Student with a capital",
        "map the source's words to the standard's, letter by letter",
    ),
    (
        "OR-SCH-04",
        "Dates are written YYYY-MM-DD",
        Aspect.DATE,
        "1 encodings, date [A]",
        "a start date written 08/31/2026",
        "write dates as YYYY-MM-DD",
    ),
    (
        "OR-SCH-05",
        "Date-times are ISO 8601 in UTC",
        Aspect.DATE_TIME,
        "1 encodings, dateTime [A]",
        "dateLastModified without zone, or with +02:00",
        "convert to UTC and write 2026-08-31T12:00:00.000Z",
    ),
    (
        "OR-SCH-07",
        "Addresses in references are URIs",
        Aspect.URI,
        "5.2 GUIDRef.href, URI [A]",
        "an href that ends in an id with a blank or an accent in it, as it stands in the database",
        "percent-encode the sourcedId as one segment of the path",
    ),
):
    rule(
        number,
        family="schema",
        title=told,
        clause=standing_on,
        over=readable,
        example=breach_of,
        fix=mended_by,
    )(certain(aspect_of))


@rule(
    "OR-SCH-06",
    family="schema",
    title="Facts of the data model that are probable hold as well",
    clause="1 booleans and 5 data model, marked facts [B]",
    example="enabledUser as a JSON boolean, or a property missing that most sources hold to be required",
    fix="see the property and the aspect that the finding names; booleans are the strings true and false",
    over=readable,
)
def probable(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = tallies(tenant, operation)
    for breach, tally in found.items():
        if breach.trust != "A":
            yield _told(breach, tally, judged, level_of(breach.trust))
