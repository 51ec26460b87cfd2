"""The orgs: from the nation down to the departments of the schools."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from oneroster.sandbox.district.names import PLACES
from oneroster.sandbox.district.random_source import Chance
from oneroster.sandbox.district.records import Record, changed, ids, reference
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


@dataclass
class Org:
    """An organisation and those below it."""

    sourced_id: str
    kind: str
    name: str
    children: list["Org"] = field(default_factory=list)
    status: str = "active"


@dataclass
class School(Org):
    """A school: the grades it teaches and its number among the schools."""

    number: int = 0
    grades: tuple[str, ...] = ()


class Organisation:
    """The tree of orgs.

    Attributes:
        district: the org to which the staff that serves all schools belongs.
        schools: those with students.
    """

    def __init__(self, size: Size, seed: int) -> None:
        self._chance = Chance("organisation", seed)
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
        closed.status = "tobedeleted"
        if not size.one_school:
            # Planned, not yet open: without classes, people and departments.
            self.district.children.append(School(next(self._ids["school"]), "school", "Tomorrow School"))

    def records(self) -> Iterator[Record]:
        """All orgs on the wire, each before those below it."""
        yield from self._records(self._root, None)

    def _org(self, series: str, kind: str, name: str, *, above: Org | None) -> Org:
        org = Org(next(self._ids[series]), kind, name)
        if above:
            above.children.append(org)
        return org

    def _school(self, number: int) -> School:
        stage, grades = _STAGES[number % len(_STAGES)]
        place = PLACES[number % len(PLACES)]
        round_about = "" if number < len(PLACES) else f" {number // len(PLACES) + 1}"
        name = f"{place} {stage}{round_about}"
        school = School(next(self._ids["school"]), "school", name, number=number, grades=grades)
        self.district.children.append(school)
        return school

    def _records(self, org: Org, above: Org | None) -> Iterator[Record]:
        record: Record = {
            "sourcedId": org.sourced_id,
            "status": org.status,
            "dateLastModified": changed(self._chance),
            "name": org.name,
            "type": org.kind,
        }
        if org.kind != "department":
            record["identifier"] = f"{org.kind[0].upper()}{self._chance.below(100_000):05}"
        if above:
            record["parent"] = reference(above.sourced_id, "org")
        if org.children:
            record["children"] = [reference(child.sourced_id, "org") for child in org.children]
        if org.kind == "school":
            record["metadata"] = {"exampleton.colour": self._chance.pick(("Red", "blue", "Grün"))}
        yield record
        for child in org.children:
            yield from self._records(child, org)
