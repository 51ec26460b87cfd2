"""Generate the orgs, from the nation down to the departments of the schools."""

from collections.abc import Iterator
from typing import Final

from oneroster.sandbox.district.entity_types import Org, School
from oneroster.sandbox.district.ids_and_timestamps import change_time, ids
from oneroster.sandbox.district.name_lists import PLACES
from oneroster.sandbox.district.random_stream import RandomStream
from oneroster.sandbox.district.size import Size

_ABOVE: Final = (
    ("national", "Republic of Exampleland"),
    ("state", "State of Sample"),
    ("local", "Sample Valley Co-operative"),
    ("district", "Exampleton Unified"),
)
_STAGES: Final = (
    ("Primary School", ("KG", "01", "02", "03", "04", "05")),
    ("Middle School", ("06", "07", "08")),
    ("High School", ("09", "10", "11", "12")),
)
_DEPARTMENTS: Final = ("Sciences", "Languages")


class Organisation:
    """The tree of orgs.

    Attributes:
        district: The org of the staff that serves all schools.
        schools: The schools with students.
    """

    def __init__(self, size: Size, seed: int) -> None:
        self._random = RandomStream("organisation", seed)
        self._ids = {"org": ids("org", seed), "school": ids("s", seed), "department": ids("dept", seed)}
        self._root = self._org("org", *_ABOVE[0], above=None)
        self.district = self._root
        for kind, name in _ABOVE[1:]:
            self.district = self._org("org", kind, name, above=self.district)
        self.schools = [self._school(number) for number in range(size.schools)]
        for school in self.schools:
            for name in _DEPARTMENTS:
                self._org("department", "department", f"{name}, {school.name}", above=school)
        closed = self._org("department", "department", "Department of Typewriting", above=self.district)
        closed.deleted = True
        if not size.one_school:
            # Not open yet: a school without classes, people and departments.
            self._add_school("Tomorrow School")

    def orgs(self) -> Iterator[Org]:
        """Yield all orgs, each before those below it."""
        yield from self._walk(self._root)

    def _org(self, series: str, kind: str, name: str, *, above: Org | None) -> Org:
        org = Org(sourced_id=next(self._ids[series]), kind=kind, name=name, parent=above)
        if above:
            above.children.append(org)
        return org

    def _school(self, number: int) -> School:
        stage, grades = _STAGES[number % len(_STAGES)]
        place = PLACES[number % len(PLACES)]
        repetition = "" if number < len(PLACES) else f" {number // len(PLACES) + 1}"
        return self._add_school(f"{place} {stage}{repetition}", number, grades)

    def _add_school(self, name: str, number: int = 0, grades: tuple[str, ...] = ()) -> School:
        school = School(
            sourced_id=next(self._ids["school"]), name=name, number=number, grades=grades, parent=self.district
        )
        self.district.children.append(school)
        return school

    def _walk(self, org: Org) -> Iterator[Org]:
        org.last_modified = change_time(self._random)
        if org.kind != "department":
            org.identifier = f"{org.kind[0].upper()}{self._random.below(100_000):05}"
        if org.kind == "school":
            org.colour = self._random.pick(("Red", "blue", "Grün"))
        yield org
        for child in org.children:
            yield from self._walk(child)
