"""The entities of a district, independent of any version of OneRoster.

A mapping (`mapping.py`) turns them into the elements of one version.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self


@dataclass(slots=True, kw_only=True)
class Entity:
    """What all entities have in common.

    Attributes:
        sourced_id: The id, unique among the entities of a kind.
        last_modified: When the entity changed last, as an ISO 8601 timestamp in UTC.
        deleted: Whether consumers should delete it.
    """

    sourced_id: str
    last_modified: str = ""
    deleted: bool = False


@dataclass(slots=True, kw_only=True)
class Period(Entity):
    """An academic session, from its first day to the day after its last.

    Attributes:
        kind: schoolYear, semester, term or gradingPeriod.
        year: The calendar year of the end of the school year.
    """

    kind: str
    title: str
    year: int
    start: date
    end: date
    parent: Self | None = None
    children: list[Self] = field(default_factory=list)

    def walk(self) -> Iterator[Self]:
        """Yield the session and all sessions within it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True, kw_only=True)
class Org(Entity):
    """An organisation and those below it.

    Attributes:
        kind: national, state, local, district, school or department.
        colour: A value for vendor-specific metadata.
    """

    kind: str
    name: str
    identifier: str | None = None
    colour: str | None = None
    parent: "Org | None" = None
    children: list["Org"] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class School(Org):
    """A school: its number among the schools, and the grades that it teaches."""

    kind: str = "school"
    number: int = 0
    grades: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class LearningResource(Entity):
    """A resource for lessons, such as a book."""

    vendor_resource_id: str
    title: str | None = None
    importance: str | None = None
    roles: tuple[str, ...] = ()
    vendor_id: str | None = None
    application_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Course(Entity):
    """A course.

    Attributes:
        org: The id of the org that offers it.
        school_year: The id of the session.
        subjects: Each subject with its code.
        resources: The ids of its resources.
    """

    title: str
    code: str | None = None
    org: str | None = None
    school_year: str | None = None
    grades: tuple[str, ...] = ()
    subjects: tuple[tuple[str, str], ...] = ()
    resources: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Person(Entity):
    """A user.

    Attributes:
        serial: The number of the person in the district.
        role: student, teacher, administrator, aide, proctor, parent, guardian or relative.
        orgs: The ids of the orgs that the person belongs to.
        agents: The ids of related persons: of the carers of a student, or of the students of a carer.
        user_ids: Ids in other systems, each with its type.
        extension: Vendor-specific metadata.
    """

    serial: int
    role: str
    family_name: str
    given_name: str = ""
    middle_name: str | None = None
    username: str = ""
    enabled: bool = True
    orgs: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    grade: str | None = None
    identifier: str | None = None
    user_ids: list[tuple[str, str]] = field(default_factory=list)
    email: str | None = None
    sms: str | None = None
    phone: str | None = None
    password: str | None = None
    extension: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class StudentDemographics(Entity):
    """Demographics of a student, with the id of the student; `origin` is None if the family does not provide it."""

    sex: str | None = None
    origin: "Origin | None" = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Birth, races and residence of a student."""

    birth_date: str
    races: tuple[str, ...]
    hispanic: bool
    country: str
    state: str
    city: str
    residence_status: str


@dataclass(slots=True, kw_only=True)
class Class(Entity):
    """A class.

    Attributes:
        number: The number of the class in its school.
        sessions: The sessions of the class.
        course: The id of its course.
        kind: homeroom or scheduled.
        subjects: Each subject with its code.
        meets: The periods of the day when it meets.
        resources: The ids of its resources.
        students: The students who are enrolled in it.
        first_day: The first day of its sessions, as YYYY-MM-DD.
        late_day: A day when some students join later.
        last_day: The last day of its sessions.
    """

    number: int
    school: School
    sessions: list[Period]
    title: str = ""
    course: str = ""
    kind: str | None = None
    grades: tuple[str, ...] = ()
    subjects: tuple[tuple[str, str], ...] = ()
    code: str | None = None
    location: str | None = None
    meets: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    students: list[Person] = field(default_factory=list)
    first_day: str = ""
    late_day: str = ""
    last_day: str = ""


@dataclass(slots=True, kw_only=True)
class Enrollment(Entity):
    """An enrollment of a person in a class.

    Attributes:
        serial: The number of the enrollment in the district.
        role: The role of the person in the class.
        primary: For a teacher, whether the teacher is the primary one.
        begin: The first day, as YYYY-MM-DD.
        end: The last day, as YYYY-MM-DD.
    """

    serial: int
    person: Person
    class_: Class
    role: str
    primary: bool | None = None
    begin: str | None = None
    end: str | None = None


@dataclass(slots=True, kw_only=True)
class GradeCategory(Entity):
    """A category of assignments."""

    title: str


@dataclass(slots=True, kw_only=True)
class Assignment(Entity):
    """An assignment of a class that is graded.

    Attributes:
        serial: The number of the assignment in the district.
        category: The id of its category.
        period: The id of its grading period.
        assigned: When it is assigned, as an ISO 8601 timestamp.
        due: When it is due, as an ISO 8601 timestamp.
    """

    serial: int
    title: str
    class_: Class
    category: str
    period: str
    min_score: float
    max_score: float
    assigned: str
    due: str
    description: str | None = None


@dataclass(slots=True, kw_only=True)
class Grade(Entity):
    """The grade of a student in an assignment.

    Attributes:
        serial: The number of the grade in the district.
        status: exempt, fully graded, not submitted, partially graded or submitted.
        day: The day of grading, as YYYY-MM-DD.
    """

    serial: int
    assignment: Assignment
    student: Person
    status: str
    score: float
    day: str
    comment: str | None = None
