"""Generate the classes of the schools, and the enrollments in them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from oneroster.sandbox.district.calendar import Calendar
from oneroster.sandbox.district.courses import Courses
from oneroster.sandbox.district.entity_types import Class, Enrollment, Person, School
from oneroster.sandbox.district.ids_and_timestamps import change_time, ids
from oneroster.sandbox.district.name_lists import SUBJECTS
from oneroster.sandbox.district.people import Members
from oneroster.sandbox.district.random_stream import RandomStream
from oneroster.sandbox.district.size import Size

_HOMEROOM_EVERY: Final = 12
_DELETED: Final = 5  # the number of the class of each school that is deleted
_SUPERVISED: Final = (("administrator", 2), ("proctor", 3))
_PROCTORED: Final = 4  # the number of the class that the teacher of another one supervises
_LATE: Final = timedelta(days=14)


class Classes:
    """Generates classes and enrollments school by school."""

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
        """Return the classes of a school with this number of students; the last class stays without students."""
        count = self._size.classes_of_a_school(students) + 1
        return [
            Class(
                sourced_id=next(self._ids),
                deleted=number == _DELETED,
                number=number,
                school=school,
                sessions=self._spans[4] if number % _HOMEROOM_EVERY == 0 else self._spans[number % len(self._spans)],
            )
            for number in range(count)
        ]

    def complete(self, taught: Class, random: RandomStream) -> None:
        """Add the values that no other entity depends on; only some classes have the optional ones."""
        school, number = taught.school, taught.number
        grade = school.grades[number % len(school.grades)]
        homeroom = number % _HOMEROOM_EVERY == 0
        subject, code = SUBJECTS[number % len(SUBJECTS)]
        start = min(session.start for session in taught.sessions)
        taught.first_day = start.isoformat()
        taught.late_day = (start + _LATE).isoformat()
        taught.last_day = max(session.end for session in taught.sessions).isoformat()
        taught.last_modified = change_time(random)
        taught.title = f"Homeroom {grade}" if homeroom else f"{subject} {grade}-{number}"
        taught.course = self._courses.homeroom(school) if homeroom else self._courses.taught(school, subject)
        if number % 6 != 4:
            taught.kind = "homeroom" if homeroom else "scheduled"
            taught.grades = (grade,)
        if not homeroom:
            second = [SUBJECTS[(number + 1) % len(SUBJECTS)]] if number % 8 == 2 else []
            taught.subjects = ((subject, code), *second)
            taught.code = f"{code}-{number}"
        if number % 3:
            taught.location = f"Room {number % 40}"
            taught.meets = ("1", "3") if number % 2 else (f"{number % 8}",)
        if number % 4 == 1:
            taught.resources = (random.pick(self._courses.resources),)

    def enrollments(
        self, classes: list[Class], members: Members, guests: list[Person], random: RandomStream
    ) -> Iterator[Enrollment]:
        """Yield all enrollments at a school.

        Args:
            classes: The classes of the school; their students are added to them.
            members: The people of the school.
            guests: Students of another school who attend one class.
            random: Decides what is left open.
        """
        filled = classes[:-1]
        per_student = self._size.classes_of_a_student
        for number, student in enumerate(members.students):
            for index in range(per_student):
                yield self._enroll_student(filled[(number * per_student + index) % len(filled)], student, random)
        for guest in guests:
            yield self._enroll_student(filled[1], guest, random)
        teachers = members.staff["teacher"]
        for taught in classes:
            for index in range(2 if taught.number % 7 == 3 and len(teachers) > 1 else 1):
                teacher = teachers[(taught.number + index) % len(teachers)]
                enrollment = self._enrollment(taught, teacher, "teacher", random)
                enrollment.primary = index == 0
                yield enrollment
        if len(teachers) > 1 and classes[0].school.number % 2 == 0:
            # A teacher may be enrolled in another role.
            yield self._enrollment(filled[_PROCTORED], teachers[(_PROCTORED + 1) % len(teachers)], "proctor", random)
        for role, number in _SUPERVISED:
            for person in members.staff[role][:1]:
                yield self._enrollment(filled[number], person, role, random)

    def _enroll_student(self, taught: Class, student: Person, random: RandomStream) -> Enrollment:
        taught.students.append(student)
        return self._enrollment(taught, student, "student", random)

    def _enrollment(self, taught: Class, person: Person, role: str, random: RandomStream) -> Enrollment:
        number = self._enrolled
        self._enrolled += 1
        enrollment = Enrollment(
            sourced_id=next(self._enrollment_ids),
            deleted=taught.deleted or person.deleted,
            last_modified=change_time(random),
            serial=number,
            person=person,
            class_=taught,
            role=role,
        )
        if number % 7 != 3:
            enrollment.begin = taught.late_day if number % 10 == 9 else taught.first_day
            enrollment.end = taught.last_day
        return enrollment
