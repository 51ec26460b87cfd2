"""Rules on roles, profiles, score scales, learning objectives and wrappers, as OneRoster 1.2 describes them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from oneroster.contract.errors import NotEnoughData
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding
from oneroster.contract.observation.membership import is_live, says
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.record_versions import is_whole, record_versions
from oneroster.contract.oracle.reference_forms import references_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.semantics_records import records_that
from oneroster.contract.rules.semantics_references import readings_of
from oneroster.contract.rules.semantics_values import base_collection_of, day_of
from oneroster_runtime.specification import Operation

PRIMARY: Final = "primary"
SECONDARY: Final = "secondary"
STUDENT: Final = "student"
TEACHER: Final = "teacher"
PARENTS: Final = frozenset({"parent", "guardian"})
CASE: Final = "case"
OWNERS: Final = ("Class", "Course")
"""The elements to which a resource belongs."""
OBJECTIVES: Final = ("LineItem", "Result", "AssessmentLineItem", "AssessmentResult")


def records_at(row: Record, name: str) -> list[Record]:
    """Return the records in a list of a record, without other values."""
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
    primary = [role for role in roles if says(role.get("roleType"), (PRIMARY,))]
    return any(_overlap(one, other) for number, one in enumerate(primary) for other in primary[:number])


@rule(
    "OR-ADD-01",
    family="additions",
    title="A user has exactly one primary role at each org",
    clause="2.3 Role.roleType, exactly one primary per user and org [A]",
    example="a user is primary teacher and primary proctor at one school, or has secondary roles only",
    fix="keep one role of a user at an org as primary, and send the others as secondary",
    stands_on=("property Role.roleType",),
    over=readings_of("User"),
)
def one_primary_role(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    what = "a user has two primary roles at one org"
    yield from records_that(tenant, operation, has_several_primary, what, "roles[].roleType")
    yield from records_that(
        tenant, operation, has_no_primary, "a user has no primary role at an org", "roles[].roleType"
    )


def has_several_primary(row: Record) -> bool:
    """Return whether a user has two primary roles at one org at the same time."""
    return is_live(row) and any(_several_primary(roles) for roles in _roles_by_org(row).values())


def has_no_primary(row: Record) -> bool:
    """Return whether a user has secondary roles only at an org."""
    return is_live(row) and any(
        all(says(role.get("roleType"), (SECONDARY,)) for role in roles) for roles in _roles_by_org(row).values()
    )


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
        # OR-SCH-01 reports a profile without a profileId.
        if named - known and is_live(row) and None not in known:
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
    over=readings_of("User"),
)
def distinct_profiles(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    profiles = any(records_at(row, "userProfiles") for _, row in record_versions(tenant, operation))
    if not profiles and is_whole(tenant, operation):
        raise NotEnoughData(0, 1, "user with profiles")

    def twice(row: Record) -> bool:
        ids = [each["profileId"] for each in records_at(row, "userProfiles") if isinstance(each.get("profileId"), str)]
        return len(set(ids)) < len(ids)

    yield from records_that(tenant, operation, twice, "two profiles have one profileId", "userProfiles[].profileId")


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
    over=readings_of(*OBJECTIVES),
)
def case_uuids(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if is_whole(tenant, operation) and not any(_case_ids(row) for _, row in record_versions(tenant, operation)):
        raise NotEnoughData(0, 1, "learning objective of CASE")

    def malformed(row: Record) -> bool:
        return not all(map(_is_uuid, _case_ids(row)))

    what = "the id of a learning objective of CASE is no UUID"
    yield from records_that(tenant, operation, malformed, what, "learningObjectiveSet")


def _words(row: Record) -> set[str]:
    """Return the roles of a user at any org."""
    return {word.casefold() for each in records_at(row, "roles") if isinstance(word := each.get("role"), str)}


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


def _resources_of_owners(tenant: ObservedTenant) -> Iterator[Record]:
    """Yield the resources in the nested collections of classes and courses that were read."""
    operations = tenant.standard.specification.operations
    for each in tenant.dialect.nested:
        parents = each.scope.parents if each.scope is not None else ()
        if each.element == "Resource" and any(operations[one.read].element in OWNERS for one in parents):
            yield from (row for found in tenant.walks(each) for row in found.rows)


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
    owners = [tenant.all_rows(tenant.dialect.collection_of(element)).values() for element in OWNERS]
    linked = {identity(item) for rows in owners for row in rows for item in references_at(row, "resources")}
    if not linked:
        raise NotEnoughData(0, 1, "class or course with resources")

    def stray(row: Record) -> bool:
        return is_live(row) and identity(row) not in linked

    # The property is optional: the link may show in the nested collections only.
    elsewhere = any(identity(row) not in linked for row in _resources_of_owners(tenant))
    for each in records_that(tenant, operation, stray, "no class and no course refers to the resource", "sourcedId"):
        yield replace(each, level=Level.SHOULD) if elsewhere else each
