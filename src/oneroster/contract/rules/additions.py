"""Rules on roles, profiles, score scales, learning objectives and wrappers, as OneRoster 1.2 describes them."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.errors import NotEnoughData
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, finding
from oneroster.contract.observation.membership import is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.filters import parse_number
from oneroster.contract.oracle.reference_forms import references_at, stand_in
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.envelope import successful_responses
from oneroster.contract.rules.semantics_records import records_that
from oneroster.contract.rules.semantics_references import base_collections
from oneroster.contract.rules.semantics_values import base_collection_of, day_of
from oneroster_runtime.specification import Operation

PRIMARY: Final = "primary"
STUDENT: Final = "student"
TEACHER: Final = "teacher"
PARENTS: Final = frozenset({"parent", "guardian"})
CASE: Final = "case"
OBJECTIVES: Final = ("LineItem", "Result", "AssessmentLineItem", "AssessmentResult")


def wrapped_reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The reads of the standard, whose wrappers the document knows."""
    return (each for each in tenant.dialect.operations.values() if each.method == "GET")


def records_at(row: Record, name: str) -> list[Record]:
    """Return the records in a list of a record, without what is no record."""
    value = row.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _roles_by_org(row: Record) -> dict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for role in records_at(row, "roles"):
        for item in references_at(role, "org"):
            if (org := identity(item)) is not None:
                found[org].append(role)
    return dict(found)


def _period(role: Record) -> tuple[date, date]:
    return day_of(role.get("beginDate")) or date.min, day_of(role.get("endDate")) or date.max


def _overlap(one: Record, other: Record) -> bool:
    (begin, end), (start, stop) = _period(one), _period(other)
    return max(begin, start) < min(end, stop)


def _several_primary(roles: list[Record]) -> bool:
    primary = [role for role in roles if role.get("roleType") == PRIMARY]
    return any(_overlap(one, other) for number, one in enumerate(primary) for other in primary[:number])


@rule(
    "OR-ADD-01",
    family="additions",
    title="A user has exactly one primary role at each org",
    clause="2.3 Role.roleType, exactly one primary per user and org [A]",
    example="a user is primary teacher and primary proctor at one school, or has secondary roles only",
    fix="keep one role of a user at an org as primary, and send the others as secondary",
    stands_on=("property Role.roleType",),
    over=base_collection_of("User"),
)
def one_primary_role(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    def several(row: Record) -> bool:
        return is_live(row) and any(_several_primary(roles) for roles in _roles_by_org(row).values())

    def none(row: Record) -> bool:
        return is_live(row) and any(
            not any(role.get("roleType") == PRIMARY for role in roles) for roles in _roles_by_org(row).values()
        )

    yield from records_that(tenant, operation, several, "a user has two primary roles at one org", "roles[].roleType")
    yield from records_that(tenant, operation, none, "a user has no primary role at an org", "roles[].roleType")


@rule(
    "OR-ADD-02",
    family="additions",
    title="The primaryOrg of a user is an org of one of the roles",
    clause="2.3 User.primaryOrg, an org of one of the roles [B]",
    example="primaryOrg is the district, and all roles are at a school",
    fix="send the org of the main role as primaryOrg, or leave it out",
    over=base_collection_of("User"),
)
def primary_org_of_a_role(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    def elsewhere(row: Record) -> bool:
        orgs = {identity(item) for item in references_at(row, "primaryOrg")}
        return is_live(row) and bool(orgs) and orgs.isdisjoint(_roles_by_org(row))

    yield from records_that(tenant, operation, elsewhere, "primaryOrg is the org of no role", "primaryOrg")


@rule(
    "OR-ADD-03",
    family="additions",
    title="The userProfile of a role is a profile of the user",
    clause="2.3 Role.userProfile, the profileId of an entry in userProfiles [A]",
    example="a role has the userProfile https://idp.example/p/7, and no profile of the user has that profileId",
    fix="send the profileId of one of the user's profiles, or leave userProfile out",
    stands_on=("property Role.userProfile", "property UserProfile.profileId"),
    over=base_collection_of("User"),
)
def known_profile(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    unknown, hidden, judged = CauseCount(found.pages[0]), CauseCount(found.pages[0]), 0
    for row in found.rows:
        named = {role["userProfile"] for role in records_at(row, "roles") if isinstance(role.get("userProfile"), str)}
        known = {profile.get("profileId") for profile in records_at(row, "userProfiles")}
        judged += bool(named)
        if named - known and is_live(row):
            (unknown if known else hidden).add(identity(row))
    if not judged:
        raise NotEnoughData(0, 1, "role with a userProfile")
    of = f"of {count_of(judged, 'user')}"
    if unknown.count:
        message = f"the userProfile of a role is no profile of the user in {unknown.count} {of}"
        yield counted_finding(message, unknown, "roles[].userProfile", judged)
    if hidden.count:
        # A server may keep all profiles to itself.
        message = f"a role has a userProfile, and the user has no profiles, in {hidden.count} {of}"
        yield counted_finding(message, hidden, "userProfiles", judged, Level.SHOULD)


@rule(
    "OR-ADD-04",
    family="additions",
    title="No two profiles of a user have the same profileId",
    clause="2.3 UserProfile.profileId, unique within the user [A]",
    example="two profiles of a user have the profileId https://idp.example/p/7",
    fix="give each profile of a user a URI of its own",
    stands_on=("property UserProfile.profileId",),
    over=base_collection_of("User"),
)
def distinct_profiles(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    if not any(records_at(row, "userProfiles") for row in found.rows):
        raise NotEnoughData(0, 1, "user with profiles")

    def twice(row: Record) -> bool:
        ids = [each["profileId"] for each in records_at(row, "userProfiles") if isinstance(each.get("profileId"), str)]
        return len(set(ids)) < len(ids)

    yield from records_that(tenant, operation, twice, "two profiles have one profileId", "userProfiles[].profileId")


def _bounds(value: Any) -> tuple[float, float] | None:
    """Return the ends of a range of numbers; None for any other value, which may be anything."""
    first, dash, last = value.partition("-") if isinstance(value, str) else ("", "", "")
    ends = parse_number(first.strip()), parse_number(last.strip())
    return (ends[0], ends[1]) if dash and ends[0] is not None and ends[1] is not None else None


@rule(
    "OR-ADD-05",
    family="additions",
    title="The values of a score scale do not contradict each other",
    clause="2.4 ScoreScaleValue.itemValueLHS, a value or a range with both ends [B]",
    example="a score scale has the range 100-90, or the ranges 80-90 and 90-100, which share 90",
    fix="write the lower end of a range first, and let no two ranges share a value",
    over=base_collection_of("ScoreScale"),
)
def possible_scales(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    def contradicts(row: Record) -> bool:
        values = [each.get("itemValueLHS") for each in records_at(row, "scoreScaleValue")]
        texts = [value for value in values if isinstance(value, str)]
        ranges = sorted(bounds for value in values if (bounds := _bounds(value)) is not None)
        shared = any(one[1] >= other[0] for one, other in pairwise(ranges))
        return len(set(texts)) < len(texts) or any(low > high for low, high in ranges) or shared

    what = "a value stands twice, a range is reversed, or two ranges share a value"
    yield from records_that(tenant, operation, contradicts, what, "scoreScaleValue[].itemValueLHS")


def _is_no_text_of(value: Any, values: list[Record]) -> bool | None:
    """Return whether a textScore is no value of a scale; None if there is none."""
    if not isinstance(value, str) or not value:
        return None
    return value not in {each.get(name) for each in values for name in ("itemValueLHS", "itemValueRHS")}


def _is_below(value: Any, values: list[Record]) -> bool | None:
    """Return whether a score is below all numbers of a scale; None if one of them is not a number.

    A score above them may be extra credit, and one between two ranges is rounded.
    """
    texts = [each.get("itemValueLHS") for each in values]
    lowest = [_bounds(text) or (parse_number(text), None) for text in texts]
    numbers = [low for low, _ in lowest if low is not None]
    score = parse_number(value)
    return None if score is None or not numbers or len(numbers) < len(texts) else score < min(numbers)


SCORES: Final = {
    "textScore": (_is_no_text_of, "textScore is no value of the score scale"),
    "score": (_is_below, "score is below all values of the score scale"),
}


@rule(
    "OR-ADD-06",
    family="additions",
    title="A score and a textScore fit their score scale",
    clause="2.4 score and textScore, must fit the score scale; what fits is read as one of its values [B]",
    example="the textScore is Z, and the score scale of the result has the values A to F",
    fix="send a value of the score scale, or leave out scoreScale",
    over=base_collection_of("Result", "AssessmentResult"),
)
def scores_fit(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = tenant.walk(operation), Counter[str]()
    scales = tenant.all_rows(tenant.dialect.collection_of("ScoreScale"))
    tallies = {name: CauseCount(found.pages[0]) for name in SCORES}
    for row in filter(is_live, found.rows):
        known = [scales[name] for item in references_at(row, "scoreScale") if (name := identity(item) or "") in scales]
        values = [each for scale in known for each in records_at(scale, "scoreScaleValue")]
        for name, (fails, _) in SCORES.items():
            if values and (failed := fails(row.get(name), values)) is not None:
                judged[name] += 1
                if failed:
                    tallies[name].add(identity(row))
    if not judged:
        raise NotEnoughData(0, 1, "score with a score scale")
    for name, tally in tallies.items():
        if tally.count:
            message = f"{SCORES[name][1]} in {tally.count} of {count_of(judged[name], 'record')}"
            yield counted_finding(message, tally, name, judged[name])


def _case_ids(row: Record) -> list[Any]:
    """Return the ids of learning objectives of CASE in a record."""
    sets = [each for each in records_at(row, "learningObjectiveSet") if each.get("source") == CASE]
    ids = [
        name
        for each in sets
        if isinstance(each.get("learningObjectiveIds"), list)
        for name in each["learningObjectiveIds"]
    ]
    scored = [
        result.get("learningObjectiveId") for each in sets for result in records_at(each, "learningObjectiveResults")
    ]
    return [*ids, *scored]


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


@rule(
    "OR-ADD-07",
    family="additions",
    title="Learning objectives of CASE are named by UUIDs",
    clause="2.4 learning objectives, UUIDs when the source is case [A]",
    example="source is case, and learningObjectiveIds holds MATH-4-2",
    fix="send the identifier of the CASE item, or the source unknown",
    over=base_collection_of(*OBJECTIVES),
)
def case_uuids(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if not any(_case_ids(row) for row in tenant.walk(operation).rows):
        raise NotEnoughData(0, 1, "learning objective of CASE")

    def malformed(row: Record) -> bool:
        return not all(map(_is_uuid, _case_ids(row)))

    what = "the id of a learning objective of CASE is no UUID"
    yield from records_that(tenant, operation, malformed, what, "learningObjectiveSet")


def _words(row: Record) -> set[str]:
    """Return the roles of a user at any org."""
    return {word for each in records_at(row, "roles") if isinstance(word := each.get("role"), str)}


def _agents_of_students(tenant: ObservedTenant, operation: Operation) -> Iterator[tuple[Record, Record]]:
    """Yield each live student with each of the live agents that are listed.

    Raises ``NotJudged`` when there is none.
    """
    users, some = tenant.all_rows(operation), False
    for row in users.values():
        if STUDENT not in _words(row) or not is_live(row):
            continue
        for item in references_at(row, "agents"):
            agent = users.get(identity(item) or "")
            if agent is not None and is_live(agent):
                some = True
                yield row, agent
    if not some:
        raise NotEnoughData(0, 1, "student with an agent")


@rule(
    "OR-ADD-14",
    family="additions",
    title="The parents of a student point back to the student",
    clause="2.3 User.agents, every parent points back [A]",
    example="a student has the parent p-1 as agent, and the agents of p-1 do not name the student",
    fix="derive both directions from one relation of student and parent",
    over=base_collection_of("User"),
    needs=("OR-SEM-05",),
)
def parents_point_back(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    tally, judged = CauseCount(tenant.walk(operation).pages[0]), 0
    for student, agent in _agents_of_students(tenant, operation):
        if not _words(agent) & PARENTS:
            continue
        judged += 1
        if identity(student) not in {identity(item) for item in references_at(agent, "agents")}:
            tally.add(identity(agent))
    if tally.count:
        message = f"a parent does not point back to the student in {tally.count} of {count_of(judged, 'agent')}"
        yield counted_finding(message, tally, "agents", judged)


@rule(
    "OR-ADD-15",
    family="additions",
    title="Teachers are not agents of students",
    clause="2.3 User.agents, teachers are related by enrollments [A]",
    example="the agents of a student name a user whose only role is teacher",
    fix="send the relation of teachers and students by enrollments in a class",
    over=base_collection_of("User"),
)
def teachers_are_no_agents(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    tally, judged = CauseCount(tenant.walk(operation).pages[0]), 0
    for student, agent in _agents_of_students(tenant, operation):
        judged += 1
        # A teacher may be a parent as well.
        if _words(agent) == {TEACHER}:
            tally.add(identity(student))
    if tally.count:
        message = f"an agent of a student is a teacher in {tally.count} of {count_of(judged, 'agent')}"
        yield counted_finding(message, tally, "agents", judged)


@rule(
    "OR-ADD-16",
    family="additions",
    title="A resource belongs to a course or a class",
    clause="2.6 Resource, belongs to a course or a class, a link from a user alone is not enough [A]",
    example="GET /resources lists a resource that no class and no course refers to",
    fix="name the resource in the resources of its class or course, or do not list it",
    over=base_collection_of("Resource"),
    needs=("OR-SEM-10",),
)
def resources_belong(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    owners = [tenant.all_rows(tenant.dialect.collection_of(element)).values() for element in ("Class", "Course")]
    linked = {identity(item) for rows in owners for row in rows for item in references_at(row, "resources")}
    if not linked:
        raise NotEnoughData(0, 1, "class or course with resources")

    def stray(row: Record) -> bool:
        return is_live(row) and identity(row) not in linked

    for each in records_that(tenant, operation, stray, "no class and no course refers to the resource", "sourcedId"):
        # The property is optional: the link may show in the nested collections only.
        yield replace(each, level=Level.SHOULD)


@rule(
    "OR-ADD-18",
    family="additions",
    harm=Harm.FORM,
    title="Records have no properties that the standard does not describe",
    clause="1.1 closed objects, but for Metadata and Credential [A]",
    example="a user has the properties role and orgs of OneRoster 1.1 beside roles",
    fix="put properties of your own into metadata",
    over=base_collections,
)
def closed_records(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    tallies: defaultdict[str, CauseCount] = defaultdict(lambda: CauseCount(found.pages[0]))
    for row in found.rows:
        for pointer in dict.fromkeys(_further(row, operation.element or "", tenant.specification)):
            tallies[pointer].add(identity(row))
    if not found.rows:
        raise NotEnoughData(0, 1, "record")
    for pointer, tally in tallies.items():
        message = f"{pointer} is not described in {tally.count} of {count_of(len(found), 'record')}"
        yield counted_finding(message, tally, pointer, len(found))


def _further(record: Record, element: str, specification: DocumentModel, path: str = "") -> Iterator[str]:
    """Yield the paths of the properties of a record that its element does not have, also in nested records."""
    definition = specification.elements[element]
    for name, value in record.items():
        known = definition.properties.get(name)
        if known is None:
            # What stands in the place of a property is reported as that.
            if not definition.open and not any(stand_in(record, each) == name for each in definition.properties):
                yield f"{path}{name}"
            continue
        inner = "GUIDRef" if known.kind in ("reference", "references") else known.record
        items = value if isinstance(value, list) else [value]
        for item in items if inner is not None else ():
            if isinstance(item, dict):
                yield from _further(item, inner or "", specification, f"{path}{name}.")


@rule(
    "OR-ADD-19",
    family="additions",
    title="The class of a result is that of its line item",
    clause="6.8 class of a result, equal to the class of its line item [B]",
    example="a result names class c-2, and its line item belongs to class c-1",
    fix="derive the class of a result from its line item, or leave it out",
    over=base_collection_of("Result"),
    needs=("OR-SEM-05",),
)
def class_of_the_line_item(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = tenant.walk(operation), 0
    items = tenant.all_rows(tenant.dialect.collection_of("LineItem"))
    tally = CauseCount(found.pages[0])
    for row in filter(is_live, found.rows):
        own = {identity(item) for item in references_at(row, "class")}
        belongs = [items.get(identity(item) or "", {}) for item in references_at(row, "lineItem")]
        classes = {identity(item) for each in belongs for item in references_at(each, "class")}
        if not own or not classes:
            continue
        judged += 1
        if own.isdisjoint(classes):
            tally.add(identity(row))
    if not judged:
        raise NotEnoughData(0, 1, "result with a class")
    if tally.count:
        message = f"class is not that of the line item in {tally.count} of {count_of(judged, 'record')}"
        yield counted_finding(message, tally, "class", judged)


@rule(
    "OR-ADD-17",
    family="additions",
    harm=Harm.FORM,
    title="The data of a response are the only member beside their key",
    clause="2.7 wrappers, exactly one property, closed [A]",
    example='GET /users returns `{"users": [...], "totalCount": 40}`',
    fix="send counts as X-Total-Count, and nothing beside the documented key",
    stands_on=("wrapper",),
    over=wrapped_reads,
    needs=("OR-ENV-01", "OR-ENV-02"),
)
def closed_wrappers(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for reading in successful_responses(tenant, operation):
        body = reading.exchange.json
        others = len(body.keys() - {operation.wrapper}) if isinstance(body, dict) and operation.wrapper in body else 0
        if others:
            yield finding(f"the response has {count_of(others, 'member')} beside {operation.wrapper}", reading)
            return
