"""The elements of OneRoster 1.2 for the entities of the district (clause 2).

Most records are those of 1.1 with changes. Score scales, assessments, profiles and learning objectives are new; they
are made of the classes, assignments and grades that the district has.
"""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any, Final
from uuid import UUID

from oneroster.sandbox.district import mapping_v1p1
from oneroster.sandbox.district.entity_types import Assignment, Class, Course, Entity, Grade, Org, Person

Record = dict[str, Any]

_TYPES: Final = {"student": "user", "teacher": "user", "term": "academicSession", "gradingPeriod": "academicSession"}
"""The types of references that 1.2 no longer has (clause 2.2)."""
_LETTERS: Final = (("90-100", "A"), ("80-89", "B"), ("70-79", "C"), ("60-69", "D"), ("0-59", "F"))
_EVERY: Final = 3
"""One of so many records has the optional parts that are new."""


def map_entity(entity: Entity) -> Iterator[tuple[str, Record]]:
    """Yield the records of an entity with the names of their elements."""
    for element, record in mapping_v1p1.map_entity(entity):
        yield element, _retyped({**record, **_changes(entity)})
    yield from _further(entity)


def _retyped(value: Any) -> Any:
    """Return a value whose references have the types of 1.2, without what is None."""
    if isinstance(value, list):
        return [_retyped(each) for each in value]
    if isinstance(value, dict):
        found = {name: _retyped(each) for name, each in value.items() if each is not None}
        return found | {"type": _TYPES.get(found["type"], found["type"])} if value.keys() == _REFERENCE else found
    return value


_REFERENCE: Final = {"sourcedId", "type"}


@singledispatch
def _changes(_entity: Entity) -> Record:
    """Return the properties that differ from 1.1; None for those that 1.2 does not have."""
    return {}


@_changes.register
def _of_org(org: Org) -> Record:
    return {"identifier": org.identifier or org.sourced_id}


@_changes.register
def _of_course(course: Course) -> Record:
    return {"courseCode": course.code or course.sourced_id}


@_changes.register
def _of_person(person: Person) -> Record:
    profile = f"https://idp.example/profiles/{person.serial}" if person.serial % _EVERY == 0 else None
    role = "siteAdministrator" if person.role == "administrator" else person.role
    roles: list[Record] = [
        {
            "roleType": "primary",
            "role": role,
            "org": _reference(org, "org"),
            "userProfile": profile,
            "beginDate": "2025-08-01" if person.serial % _EVERY == 1 else None,
            "endDate": "2026-08-01" if person.serial % _EVERY == 1 else None,
        }
        for org in person.orgs
    ]
    if person.role == "teacher" and person.serial % _EVERY == 1:
        roles.append({"roleType": "secondary", "role": "ext:librarian", "org": _reference(person.orgs[0], "org")})
    return {
        "role": None,
        "orgs": None,
        "roles": roles,
        "primaryOrg": _reference(person.orgs[0], "org"),
        "userMasterIdentifier": f"master-{person.serial}",
        "preferredFirstName": person.given_name if person.serial % _EVERY == 1 else None,
        "preferredLastName": person.family_name if person.serial % _EVERY == 1 else None,
        "userProfiles": [_profile(profile, person)] if profile else None,
    }


def _profile(profile: str, person: Person) -> Record:
    return {
        "profileId": profile,
        "profileType": "library",
        "vendorId": "vendor-3",
        "applicationId": "default",
        "credentials": [{"type": "login", "username": person.username}],
    }


@_changes.register
def _of_assignment(assignment: Assignment) -> Record:
    older = assignment.serial % 2 == 0
    return {
        "school": _reference(assignment.class_.school.sourced_id, "org"),
        "gradingPeriod": _reference(assignment.period, "academicSession") if older else None,
        "academicSession": None if older else _reference(assignment.period, "academicSession"),
        "scoreScale": _reference(_scale_id(assignment.class_), "scoreScale"),
        "learningObjectiveSet": _objectives(assignment),
    }


@_changes.register
def _of_grade(grade: Grade) -> Record:
    return {
        "class": _reference(grade.assignment.class_.sourced_id, "class"),
        "scoreScale": _reference(_scale_id(grade.assignment.class_), "scoreScale"),
        "textScore": "A" if grade.serial % _EVERY == 0 else None,
        "late": "true" if grade.serial % _EVERY == 1 else "false",
        "learningObjectiveSet": _mastery(grade),
    }


@singledispatch
def _further(_entity: Entity) -> Iterator[tuple[str, Record]]:
    """Yield records of elements that 1.1 does not have."""
    yield from ()


@_further.register
def _scale(class_: Class) -> Iterator[tuple[str, Record]]:
    values = [{"itemValueLHS": points, "itemValueRHS": letter} for points, letter in _LETTERS]
    yield (
        "ScoreScale",
        _base(class_, _scale_id(class_))
        | {
            "title": f"Letters of {class_.title}",
            "type": "letter",
            "course": _reference(class_.course, "course"),
            "class": _reference(class_.sourced_id, "class"),
            "scoreScaleValue": values,
        },
    )


@_further.register
def _assessment(assignment: Assignment) -> Iterator[tuple[str, Record]]:
    record = _base(assignment, _assessment_id(assignment)) | {
        "title": f"Assessment: {assignment.title}",
        "class": _reference(assignment.class_.sourced_id, "class"),
        "scoreScale": _reference(_scale_id(assignment.class_), "scoreScale"),
        "resultValueMin": assignment.min_score,
        "resultValueMax": assignment.max_score,
        "learningObjectiveSet": _objectives(assignment),
    }
    yield "AssessmentLineItem", _retyped(record)


@_further.register
def _assessed(grade: Grade) -> Iterator[tuple[str, Record]]:
    record = _base(grade, f"assessed-{grade.sourced_id}") | {
        "assessmentLineItem": _reference(_assessment_id(grade.assignment), "assessmentLineItem"),
        "student": _reference(grade.student.sourced_id, "user"),
        "score": grade.score,
        "scoreDate": grade.day,
        "scoreStatus": grade.status,
        "textScore": "B" if grade.serial % _EVERY == 0 else None,
        "scoreScale": _reference(_scale_id(grade.assignment.class_), "scoreScale"),
        "scorePercentile": float(grade.serial % 100),
        "incomplete": "false",
        "learningObjectiveSet": _mastery(grade),
    }
    yield "AssessmentResult", _retyped(record)


def _objectives(assignment: Assignment) -> list[Record] | None:
    if assignment.serial % _EVERY:
        return None
    source, objective = _objective(assignment)
    return [{"source": source, "learningObjectiveIds": [objective]}]


def _mastery(grade: Grade) -> list[Record] | None:
    if grade.assignment.serial % _EVERY:
        return None
    source, objective = _objective(grade.assignment)
    result = {"learningObjectiveId": objective, "score": float(grade.serial % 5)}
    return [{"source": source, "learningObjectiveResults": [result]}]


def _objective(assignment: Assignment) -> tuple[str, str]:
    """Return the source and the id of a learning objective; those of CASE are UUIDs (clause 2.4)."""
    number = assignment.serial % 7
    return ("case", str(UUID(int=number + 1))) if assignment.serial % 2 else ("unknown", f"objective-{number}")


def _scale_id(class_: Class) -> str:
    return f"scale-{class_.sourced_id}"


def _assessment_id(assignment: Assignment) -> str:
    return f"assessment-{assignment.sourced_id}"


def _base(entity: Entity, sourced_id: str) -> Record:
    return {
        "sourcedId": sourced_id,
        "status": "tobedeleted" if entity.deleted else "active",
        "dateLastModified": entity.last_modified,
    }


def _reference(sourced_id: str, kind: str) -> Record:
    return {"sourcedId": sourced_id, "type": kind}
