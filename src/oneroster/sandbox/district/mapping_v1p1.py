"""The elements of OneRoster 1.1 for the entities of the district (clause 5)."""

from functools import singledispatch
from typing import Any, Final

from oneroster.sandbox.district.entity_types import (
    Assignment,
    Class,
    Course,
    Enrollment,
    Entity,
    Grade,
    GradeCategory,
    LearningResource,
    Org,
    Origin,
    Period,
    Person,
    StudentDemographics,
)

Record = dict[str, Any]

_RACES: Final = {
    "American Indian": "americanIndianOrAlaskaNative",
    "Asian": "asian",
    "Black": "blackOrAfricanAmerican",
    "Pacific Islander": "nativeHawaiianOrOtherPacificIslander",
    "White": "white",
}


def map_entity(entity: Entity) -> tuple[tuple[str, Record], ...]:
    """Return the record of an entity with the name of its element."""
    return (_element(entity),)


@singledispatch
def _element(entity: Entity) -> tuple[str, Record]:
    raise TypeError(f"OneRoster 1.1 has no element for {type(entity).__name__}")


@_element.register
def _academic_session(session: Period) -> tuple[str, Record]:
    record = _base(session) | {
        "title": session.title,
        "startDate": session.start.isoformat(),
        "endDate": session.end.isoformat(),
        "type": session.kind,
        "schoolYear": str(session.year),
    }
    if session.parent:
        record["parent"] = _reference(session.parent.sourced_id, "academicSession")
    if session.children:
        record["children"] = [_reference(child.sourced_id, "academicSession") for child in session.children]
    return "AcademicSession", record


@_element.register
def _org(org: Org) -> tuple[str, Record]:
    record = _base(org) | {"name": org.name, "type": org.kind}
    _add_present(record, identifier=org.identifier)
    if org.parent:
        record["parent"] = _reference(org.parent.sourced_id, "org")
    if org.children:
        record["children"] = [_reference(child.sourced_id, "org") for child in org.children]
    if org.colour:
        record["metadata"] = {"exampleton.colour": org.colour}
    return "Org", record


@_element.register
def _resource(resource: LearningResource) -> tuple[str, Record]:
    record = _base(resource) | {"vendorResourceId": resource.vendor_resource_id}
    _add_present(
        record,
        title=resource.title,
        importance=resource.importance,
        roles=list(resource.roles),
        vendorId=resource.vendor_id,
        applicationId=resource.application_id,
    )
    return "Resource", record


@_element.register
def _course(course: Course) -> tuple[str, Record]:
    record = _base(course) | {"title": course.title}
    _add_present(record, courseCode=course.code, grades=list(course.grades))
    if course.org:
        record["org"] = _reference(course.org, "org")
    if course.school_year:
        record["schoolYear"] = _reference(course.school_year, "academicSession")
    _add_subjects(record, course.subjects)
    if course.resources:
        record["resources"] = [_reference(resource, "resource") for resource in course.resources]
    return "Course", record


@_element.register
def _user(person: Person) -> tuple[str, Record]:
    record = _base(person) | {
        "username": person.username,
        "enabledUser": _boolean(person.enabled),
        "givenName": person.given_name,
        "familyName": person.family_name,
        "role": person.role,
        "orgs": [_reference(org, "org") for org in person.orgs],
    }
    _add_present(
        record,
        middleName=person.middle_name,
        grades=[person.grade] if person.grade else None,
        agents=[_reference(agent, "user") for agent in person.agents],
        userIds=[{"type": kind, "identifier": identifier} for kind, identifier in person.user_ids],
        identifier=person.identifier,
        email=person.email,
        sms=person.sms,
        phone=person.phone,
        password=person.password,
        metadata=person.extension,
    )
    return "User", record


@_element.register
def _demographics(demographics: StudentDemographics) -> tuple[str, Record]:
    # Demographics have the id of the user (clause 5.6 [A]).
    record = _base(demographics)
    _add_present(record, sex=demographics.sex)
    return "Demographics", record | (_origin(demographics.origin) if demographics.origin else {})


def _origin(origin: Origin) -> Record:
    return {
        "birthDate": origin.birth_date,
        **{name: _boolean(race in origin.races) for race, name in _RACES.items()},
        "demographicRaceTwoOrMoreRaces": _boolean(len(origin.races) > 1),
        "hispanicOrLatinoEthnicity": _boolean(origin.hispanic),
        "countryOfBirthCode": origin.country,
        "stateOfBirthAbbreviation": origin.state,
        "cityOfBirth": origin.city,
        "publicSchoolResidenceStatus": origin.residence_status,
    }


@_element.register
def _class(class_: Class) -> tuple[str, Record]:
    record = _base(class_) | {
        "title": class_.title,
        "course": _reference(class_.course, "course"),
        "school": _reference(class_.school.sourced_id, "org"),
        "terms": [_reference(session.sourced_id, "academicSession") for session in class_.sessions],
    }
    _add_present(
        record,
        classType=class_.kind,
        grades=list(class_.grades),
        classCode=class_.code,
        location=class_.location,
        periods=list(class_.meets),
        resources=[_reference(resource, "resource") for resource in class_.resources],
    )
    _add_subjects(record, class_.subjects)
    return "Class", record


@_element.register
def _enrollment(enrollment: Enrollment) -> tuple[str, Record]:
    # A reference to a user may have the role as its type (clause 5.7 [A]); some do.
    typed_by_role = enrollment.serial % 5 == 2 and enrollment.role in {"student", "teacher"}
    record = _base(enrollment) | {
        "user": _reference(enrollment.person.sourced_id, enrollment.role if typed_by_role else "user"),
        "class": _reference(enrollment.class_.sourced_id, "class"),
        "school": _reference(enrollment.class_.school.sourced_id, "org"),
        "role": enrollment.role,
    }
    if enrollment.primary is not None:
        record["primary"] = _boolean(enrollment.primary)
    if enrollment.begin:
        record |= {"beginDate": enrollment.begin, "endDate": enrollment.end}
    return "Enrollment", record


@_element.register
def _category(category: GradeCategory) -> tuple[str, Record]:
    return "Category", _base(category) | {"title": category.title}


@_element.register
def _line_item(assignment: Assignment) -> tuple[str, Record]:
    # A reference to a grading period may be typed as any session.
    kind = "gradingPeriod" if assignment.serial % 2 else "academicSession"
    record = _base(assignment) | {
        "title": assignment.title,
        "class": _reference(assignment.class_.sourced_id, "class"),
        "category": _reference(assignment.category, "category"),
        "gradingPeriod": _reference(assignment.period, kind),
        "resultValueMin": assignment.min_score,
        "resultValueMax": assignment.max_score,
        "assignDate": assignment.assigned,
        "dueDate": assignment.due,
    }
    _add_present(record, description=assignment.description)
    return "LineItem", record


@_element.register
def _result(grade: Grade) -> tuple[str, Record]:
    record = _base(grade) | {
        "lineItem": _reference(grade.assignment.sourced_id, "lineItem"),
        "student": _reference(grade.student.sourced_id, "student" if grade.serial % 4 == 1 else "user"),
        "scoreStatus": grade.status,
        "score": grade.score,
        "scoreDate": grade.day,
    }
    if grade.comment:
        record["comment"] = grade.comment
    return "Result", record


def _base(entity: Entity) -> Record:
    return {
        "sourcedId": entity.sourced_id,
        "status": "tobedeleted" if entity.deleted else "active",
        "dateLastModified": entity.last_modified,
    }


def _reference(sourced_id: str, kind: str) -> Record:
    return {"sourcedId": sourced_id, "type": kind}


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _add_subjects(record: Record, subjects: tuple[tuple[str, str], ...]) -> None:
    _add_present(record, subjects=[name for name, _ in subjects], subjectCodes=[code for _, code in subjects])


def _add_present(record: Record, **values: Any) -> None:
    """Add the values that are neither None nor empty: an optional property without a value is left out."""
    record.update({name: value for name, value in values.items() if value not in (None, [], {})})
