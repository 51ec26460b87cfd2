"""The classes of the schools, and who is enrolled in them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from oneroster.sandbox.district.calendar import Calendar, Period
from oneroster.sandbox.district.courses import Courses
from oneroster.sandbox.district.names import SUBJECTS
from oneroster.sandbox.district.organisation import School
from oneroster.sandbox.district.people import Members, Person
from oneroster.sandbox.district.random_source import Chance
from oneroster.sandbox.district.records import Record, changed, ids, reference
from oneroster.sandbox.district.size import Size

_HOMEROOM_EVERY: Final = 12
_LEAVING: Final = 5  # the class of each school that is on its way out
_SUPERVISED: Final = (("administrator", 2), ("proctor", 3))
_WATCHED: Final = 4
_LATE: Final = timedelta(days=14)


@dataclass
class Class:
    """A class in the making, with the students who sit in it."""

    sourced_id: str
    number: int
    school: School
    sessions: list[Period]
    status: str
    students: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        start = min(session.start for session in self.sessions)
        self.first_day = start.isoformat()
        self.late_day = (start + _LATE).isoformat()
        self.end_day = max(session.end for session in self.sessions).isoformat()


class Classes:
    """Makes classes and enrollments school by school."""

    def __init__(self, size: Size, seed: int, calendar: Calendar, courses: Courses) -> None:
        self._size = size
        self._seed = seed
        self._courses = courses
        self._ids = ids("c", seed)
        self._enrollment_ids = ids("e", seed)
        first, second, third, fourth = calendar.terms
        self._spans = ([first, second], [third, fourth], [first], [third], calendar.terms, [calendar.semesters[1]])
        self._enrolled = 0

    def of(self, school: School, students: int) -> list[Class]:
        """The classes of a school with so many students; nobody will sit in the last."""
        count = self._size.classes_of_a_school(students) + 1
        return [
            Class(
                next(self._ids),
                number,
                school,
                self._spans[4] if number % _HOMEROOM_EVERY == 0 else self._spans[number % len(self._spans)],
                "tobedeleted" if number == _LEAVING else "active",
            )
            for number in range(count)
        ]

    def record(self, taught: Class, chance: Chance) -> Record:
        """The class on the wire."""
        school, number = taught.school, taught.number
        grade = school.grades[number % len(school.grades)]
        homeroom = number % _HOMEROOM_EVERY == 0
        subject, code = SUBJECTS[number % len(SUBJECTS)]
        course = self._courses.homeroom(school) if homeroom else self._courses.taught(school, subject)
        record: Record = {
            "sourcedId": taught.sourced_id,
            "status": taught.status,
            "dateLastModified": changed(chance),
            "title": f"Homeroom {grade}" if homeroom else f"{subject} {grade}-{number}",
            "course": reference(course, "course"),
            "school": reference(school.sourced_id, "org"),
            "terms": [reference(session.sourced_id, "academicSession") for session in taught.sessions],
        }
        if number % 6 != 4:
            record |= {"classType": "homeroom" if homeroom else "scheduled", "grades": [grade]}
        if not homeroom:
            second = [SUBJECTS[(number + 1) % len(SUBJECTS)]] if number % 8 == 2 else []
            record["subjects"] = [subject, *(name for name, _ in second)]
            record["subjectCodes"] = [code, *(other for _, other in second)]
            record["classCode"] = f"{code}-{number}"
        if number % 3:
            record |= {"location": f"Room {number % 40}", "periods": ["1", "3"] if number % 2 else [f"{number % 8}"]}
        if number % 4 == 1:
            record["resources"] = [reference(chance.pick(self._courses.resources), "resource")]
        return record

    def enrollments(
        self, classes: list[Class], members: Members, guests: list[Person], chance: Chance
    ) -> Iterator[Record]:
        """All enrollments at a school.

        Args:
            classes: of the school; filled with their students on the way.
            members: of the school.
            guests: students of another school who come for one class.
            chance: decides what is left open.
        """
        filled = classes[:-1]
        a_student = self._size.classes_of_a_student
        for number, student in enumerate(members.students):
            for place in range(a_student):
                yield self._sit(filled[(number * a_student + place) % len(filled)], student, chance)
        for guest in guests:
            yield self._sit(filled[1], guest, chance)
        teachers = members.staff["teacher"]
        for taught in classes:
            for place in range(2 if taught.number % 7 == 3 and len(teachers) > 1 else 1):
                teacher = teachers[(taught.number + place) % len(teachers)]
                record = self._enrollment(taught, teacher, "teacher", chance)
                yield {**record, "primary": "false" if place else "true"}
        if len(teachers) > 1 and classes[0].school.number % 2 == 0:
            # One of them keeps watch over the class of another, without being its teacher.
            yield self._enrollment(filled[_WATCHED], teachers[(_WATCHED + 1) % len(teachers)], "proctor", chance)
        for role, number in _SUPERVISED:
            for person in members.staff[role][:1]:
                yield self._enrollment(filled[number], person, role, chance)

    def _sit(self, taught: Class, student: Person, chance: Chance) -> Record:
        taught.students.append(student)
        return self._enrollment(taught, student, "student", chance)

    def _enrollment(self, taught: Class, person: Person, role: str, chance: Chance) -> Record:
        number = self._enrolled
        self._enrolled += 1
        # A reference to a user may be typed by the role as well (clause 5.7 [A]).
        kind = role if number % 5 == 2 and role in {"student", "teacher"} else "user"
        gone = taught.status != "active" or person.status != "active"
        record = {
            "sourcedId": next(self._enrollment_ids),
            "status": "tobedeleted" if gone else "active",
            "dateLastModified": changed(chance),
            "user": reference(person.sourced_id, kind),
            "class": reference(taught.sourced_id, "class"),
            "school": reference(taught.school.sourced_id, "org"),
            "role": role,
        }
        if number % 7 != 3:
            record["beginDate"] = taught.late_day if number % 10 == 9 else taught.first_day
            record["endDate"] = taught.end_day
        return record
