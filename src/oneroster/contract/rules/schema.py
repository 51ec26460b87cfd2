"""Schema: every record that was met, field by field, against the strict document."""

from collections.abc import Callable, Iterator

from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import CauseCount, counted_finding
from oneroster.contract.observation.operation_selectors import readable
from oneroster.contract.observation.record_violations import RecordViolations
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.oracle.record_schema import Violation, ViolationKind
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation


def certain(kind: ViolationKind) -> Callable[[ObservedTenant, Operation], Iterator[Finding]]:
    """A judge for the certain facts of one aspect."""

    def judge(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        found, judged = RecordViolations.of(tenant).counts(operation)
        for violation, tally in found.items():
            if violation.kind is kind and violation.trust == "A":
                yield _told(violation, tally, judged, Level.MUST)

    return judge


def _told(violation: Violation, tally: CauseCount, judged: int, level: Level) -> Finding:
    message = f"{violation.pointer} is {violation.kind} in {tally.count} of {judged} records"
    return counted_finding(message, tally, violation.pointer, judged, level)


for number, told, aspect_of, standing_on, breach_of, mended_by in (
    (
        "OR-SCH-01",
        "Required properties are present",
        ViolationKind.PRESENCE,
        "5 data model, cardinality [A]",
        "a class without its title",
        "send every required property of every record; mend the data where the source lacks it",
    ),
    (
        "OR-SCH-02",
        "Values have the documented JSON type",
        ViolationKind.TYPE,
        "5 data model, types [A]",
        'a score as the string "87.5", or grades as one string instead of an array',
        "write numbers as JSON numbers and lists as arrays",
    ),
    (
        "OR-SCH-03",
        "Enumerated values are documented ones",
        ViolationKind.ENUMERATION,
        "5.15 enumerations [A]",
        "a role that is not in the standard's list, such as Student with a capital",
        "map the source's words to the standard's, letter by letter",
    ),
    (
        "OR-SCH-04",
        "Dates are written YYYY-MM-DD",
        ViolationKind.DATE,
        "1 encodings, date [A]",
        "a start date written 08/31/2026",
        "write dates as YYYY-MM-DD",
    ),
    (
        "OR-SCH-05",
        "Date-times are ISO 8601 in UTC",
        ViolationKind.DATE_TIME,
        "1 encodings, dateTime [A]",
        "dateLastModified without zone, or with +02:00",
        "convert to UTC and write 2026-08-31T12:00:00.000Z",
    ),
    (
        "OR-SCH-07",
        "Addresses in references are URIs",
        ViolationKind.URI,
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
    found, judged = RecordViolations.of(tenant).counts(operation)
    for violation, tally in found.items():
        if violation.trust != "A":
            yield _told(violation, tally, judged, level_of(violation.trust))
