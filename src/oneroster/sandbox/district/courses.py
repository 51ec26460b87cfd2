"""What can be taught, and with which resources."""

from collections.abc import Iterator
from typing import Final

from oneroster.sandbox.district.calendar import Calendar
from oneroster.sandbox.district.names import SUBJECTS
from oneroster.sandbox.district.organisation import Organisation, School
from oneroster.sandbox.district.random_source import Chance
from oneroster.sandbox.district.records import Record, changed, ids, reference

_VERY_LONG: Final = "Advanced topics in the comparative history of long titles, with exercises " * 7
_RESOURCES: Final = 11
_ROLES: Final = (("student", "teacher"), ("teacher",), ("aide", "guardian", "parent"), ())


class Courses:
    """The catalogue of the district.

    Attributes:
        resources: the ids of the resources.
    """

    def __init__(self, seed: int, calendar: Calendar, organisation: Organisation) -> None:
        self._chance = Chance("courses", seed)
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
        """The course of a subject, which the district offers to all schools with the same grades."""
        return self._shared[school.grades, subject]

    def homeroom(self, school: School) -> str:
        """The course that a school offers itself."""
        return self._own[school.number]

    def records(self) -> Iterator[Record]:
        """All courses on the wire."""
        codes = dict(SUBJECTS)
        for number, ((grades, subject), sourced_id) in enumerate(self._shared.items()):
            record = self._course(sourced_id, f"{subject} {grades[0]} to {grades[-1]}", self._district)
            record |= {"grades": list(grades), "subjects": [subject], "subjectCodes": [codes[subject]]}
            if number % 2 == 0:
                chosen = self.resources[number % _RESOURCES :][:2]
                record["resources"] = [reference(resource, "resource") for resource in chosen]
            yield record
        for school in self._schools:
            yield self._course(self._own[school.number], f"Homeroom of {school.name}", school.sourced_id)
        # Nobody teaches these two: one too long for most columns, one on its way out and with nothing optional.
        yield self._course(next(self._ids), _VERY_LONG.strip(), self._district)
        retired = self._course(next(self._ids), "Shorthand", None)
        yield {**retired, "status": "tobedeleted"}

    def resource_records(self) -> Iterator[Record]:
        """All resources on the wire."""
        for number, sourced_id in enumerate(self.resources):
            roles = _ROLES[number % len(_ROLES)]
            record: Record = {
                "sourcedId": sourced_id,
                "status": "tobedeleted" if number == _RESOURCES - 1 else "active",
                "dateLastModified": changed(self._chance),
                "vendorResourceId": f"urn:example:book:{number}",
            }
            if number % 3:
                record |= {
                    "title": f"Reader {number}, «Légende»",
                    "importance": "primary" if number % 2 else "secondary",
                }
            if roles:
                record["roles"] = list(roles)
            if number % 4 == 0:
                record |= {"vendorId": "vendor.example", "applicationId": f"app{number}"}
            yield record

    def _course(self, sourced_id: str, title: str, org: str | None) -> Record:
        record: Record = {
            "sourcedId": sourced_id,
            "status": "active",
            "dateLastModified": changed(self._chance),
            "title": title,
        }
        if org:
            record |= {
                "courseCode": f"C{self._chance.below(10_000):04}",
                "org": reference(org, "org"),
                "schoolYear": reference(self._year, "academicSession"),
            }
        return record
