"""Generate the courses and their learning resources."""

from collections.abc import Iterator
from typing import Final

from oneroster.sandbox.district.calendar import Calendar
from oneroster.sandbox.district.entity_types import Course, LearningResource, School
from oneroster.sandbox.district.ids_and_timestamps import change_time, ids
from oneroster.sandbox.district.name_lists import SUBJECTS
from oneroster.sandbox.district.organisation import Organisation
from oneroster.sandbox.district.random_stream import RandomStream

_VERY_LONG: Final = "Advanced topics in the comparative history of long titles, with exercises " * 7
_RESOURCES: Final = 11
_ROLES: Final = (("student", "teacher"), ("teacher",), ("aide", "guardian", "parent"), ())


class Courses:
    """The course catalogue of the district.

    Attributes:
        resources: The ids of the learning resources.
    """

    def __init__(self, seed: int, calendar: Calendar, organisation: Organisation) -> None:
        self._random = RandomStream("courses", seed)
        self._year = calendar.year.sourced_id
        self._district = organisation.district.sourced_id
        self._stages = {school.grades for school in organisation.schools}
        self._schools = organisation.schools
        self._ids = ids("course", seed)
        resource_ids = ids("resource", seed)
        self.resources = [next(resource_ids) for _ in range(_RESOURCES)]
        self._shared = {
            (grades, subject): next(self._ids) for grades in sorted(self._stages) for subject, _ in SUBJECTS
        }
        self._own = {school.number: next(self._ids) for school in self._schools}

    def taught(self, school: School, subject: str) -> str:
        """Return the id of the course of a subject, which the district offers to all schools with the same grades."""
        return self._shared[school.grades, subject]

    def homeroom(self, school: School) -> str:
        """Return the id of the course that a school offers itself."""
        return self._own[school.number]

    def courses(self) -> Iterator[Course]:
        """Yield all courses."""
        codes = dict(SUBJECTS)
        for number, ((grades, subject), sourced_id) in enumerate(self._shared.items()):
            course = self._course(sourced_id, f"{subject} {grades[0]} to {grades[-1]}", self._district)
            course.grades = grades
            course.subjects = ((subject, codes[subject]),)
            if number % 2 == 0:
                course.resources = self.resources[number % _RESOURCES :][:2]
            yield course
        for school in self._schools:
            yield self._course(self._own[school.number], f"Homeroom of {school.name}", school.sourced_id)
        # Two courses without classes: one with a title too long for most columns, one deleted and with no optional
        # values.
        yield self._course(next(self._ids), _VERY_LONG.strip(), self._district)
        retired = self._course(next(self._ids), "Shorthand", None)
        retired.deleted = True
        yield retired

    def learning_resources(self) -> Iterator[LearningResource]:
        """Yield all learning resources."""
        for number, sourced_id in enumerate(self.resources):
            resource = LearningResource(
                sourced_id=sourced_id,
                deleted=number == _RESOURCES - 1,
                last_modified=change_time(self._random),
                vendor_resource_id=f"urn:example:book:{number}",
                roles=_ROLES[number % len(_ROLES)],
            )
            if number % 3:
                resource.title = f"Reader {number}, «Légende»"
                resource.importance = "primary" if number % 2 else "secondary"
            if number % 4 == 0:
                resource.vendor_id = "vendor.example"
                resource.application_id = f"app{number}"
            yield resource

    def _course(self, sourced_id: str, title: str, org: str | None) -> Course:
        course = Course(sourced_id=sourced_id, last_modified=change_time(self._random), title=title)
        if org:
            course.code = f"C{self._random.below(10_000):04}"
            course.org = org
            course.school_year = self._year
        return course
