"""Schema rules: every record, property by property, against the strict document."""

from collections.abc import Callable, Iterator
from typing import Final

from oneroster.contract.clauses_v1p2 import why_not
from oneroster.contract.errors import NotJudged
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.levels import Level, level_of
from oneroster.contract.observation.evidence import CauseCount, counted_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import readable
from oneroster.contract.observation.record_violations import RecordViolations
from oneroster.contract.observation.selected_pages import selected_page
from oneroster.contract.oracle.record_validation import Violation, ViolationKind, violations
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

LEFT_OUT: Final = "OR-ADD-20"
"""The rule on properties without a value, which not every version has."""
WITHOUT_VALUE: Final = frozenset({ViolationKind.NULL, ViolationKind.BLANK})
"""The kinds of violations that it reports."""


def judge_of_certain_facts(kind: ViolationKind) -> Callable[[ObservedTenant, Operation], Iterator[Finding]]:
    """Return a judge for one kind of violation of facts that are certain."""

    def judge(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        found, judged = RecordViolations.of(tenant).counts(operation)
        for violation, tally in found.items():
            if violation.kind is kind and violation.trust == "A":
                yield _violation_finding(violation, tally, judged, Level.MUST)
        if operation.many:
            # A selection may leave properties out, and not change their values.
            yield from _of_selected_fields(tenant, operation, kind)

    return judge


def _of_selected_fields(tenant: ObservedTenant, operation: Operation, kind: ViolationKind) -> Iterator[Finding]:
    """Yield the violations of selected fields that the full records do not have."""
    try:
        page = selected_page(tenant, operation)
    except NotJudged:
        return
    element, specification = operation.element or "", tenant.specification
    found: dict[Violation, CauseCount] = {}
    for row in page.reading.rows:
        full = page.full.get(identity(row))
        if full is not None:
            known = set(violations(element, full, specification))
            for violation in dict.fromkeys(violations(element, row, specification)):
                within = kind is not ViolationKind.PRESENCE or "." in violation.pointer
                if violation.kind is kind and within and violation.trust == "A" and violation not in known:
                    found.setdefault(violation, CauseCount(page.reading)).add(identity(row))
    for violation, tally in found.items():
        RecordViolations.of(tenant).told.add((element, violation))
        message = f"{violation} in {tally.count} of {len(page.reading.rows)} records with fields, and not without"
        yield counted_finding(message, tally, violation.pointer, len(page.reading.rows), Level.MUST)


def _violation_finding(violation: Violation, tally: CauseCount, judged: int, level: Level) -> Finding:
    message = f"{violation} in {tally.count} of {judged} records"
    return counted_finding(message, tally, violation.pointer, judged, level)


def schema_rule(rule_id: str, kind: ViolationKind, *, title: str, clause: str, example: str, fix: str) -> None:
    """Register a rule on one kind of violation of the facts of the data model that are certain."""
    judge = judge_of_certain_facts(kind)
    rule(rule_id, family="schema", title=title, clause=clause, over=readable, example=example, fix=fix)(judge)


schema_rule(
    "OR-SCH-01",
    ViolationKind.PRESENCE,
    title="Required properties are present",
    clause="5 data model, cardinality [A]",
    example="a class has no title",
    fix="send every required property of every record; if the source has no value, correct the source data",
)

schema_rule(
    "OR-SCH-02",
    ViolationKind.TYPE,
    title="Values have the documented JSON type",
    clause="5 data model, types [A]",
    example='score is the string "87.5", or grades is a string instead of an array',
    fix="write numbers as JSON numbers and lists as JSON arrays",
)

schema_rule(
    "OR-SCH-03",
    ViolationKind.ENUMERATION,
    title="Enumerated values are in the documented list",
    clause="5.15 enumerations [A]",
    example="role is Student instead of student",
    fix="map the values of the source system to those of the standard, with the same spelling and case",
)

schema_rule(
    "OR-SCH-04",
    ViolationKind.DATE,
    title="Dates have the form YYYY-MM-DD",
    clause="1 encodings, date [A]",
    example="startDate is 08/31/2026",
    fix="write dates as YYYY-MM-DD",
)

schema_rule(
    "OR-SCH-05",
    ViolationKind.DATE_TIME,
    title="Date-times are ISO 8601 in UTC",
    clause="1 encodings, dateTime [A]",
    example="dateLastModified has no time zone, or ends in +02:00",
    fix="convert to UTC and write, for example, 2026-08-31T12:00:00.000Z",
)

schema_rule(
    "OR-SCH-07",
    ViolationKind.URI,
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
    found, judged = RecordViolations.of(tenant).counts(operation)
    certain = WITHOUT_VALUE if why_not(LEFT_OUT, tenant.standard.version) is None else ()
    for violation, tally in found.items():
        if violation.trust != "A" and violation.kind not in certain:
            yield _violation_finding(violation, tally, judged, level_of(violation.trust))
