"""Generate the people of all roles, and the demographics of the students."""

from dataclasses import dataclass
from typing import Any, Final

from oneroster.sandbox.district.entity_types import Origin, Person, School, StudentDemographics
from oneroster.sandbox.district.ids_and_timestamps import change_time, ids
from oneroster.sandbox.district.name_lists import FAMILY, GIVEN, MIDDLE, RACES, TOWNS
from oneroster.sandbox.district.organisation import Organisation
from oneroster.sandbox.district.random_stream import RandomStream
from oneroster.sandbox.district.size import Size, share

_CARERS: Final = ("parent", "guardian", "relative")
_STAFF: Final = ("teacher", "administrator", "aide", "proctor")
_KINDERGARTEN_BIRTH_YEAR: Final = 2020


@dataclass
class Members:
    """The people of one school."""

    students: list[Person]
    staff: dict[str, list[Person]]
    carers: list[Person]

    def everyone(self) -> list[Person]:
        """Return all of them, students first."""
        return [*self.students, *(person for group in self.staff.values() for person in group), *self.carers]


class People:
    """Generates the people school by school, so that only one school is in memory at a time."""

    def __init__(self, size: Size, seed: int, organisation: Organisation) -> None:
        self._seed = seed
        self._totals = size.people()
        self._organisation = organisation
        self._ids = ids("u", seed)
        self._made = 0

    def of(self, school: School) -> Members:
        """Return the people of a school; `complete` adds their remaining values."""
        random = RandomStream("people", self._seed, school.number)
        students = self._group("student", school, random)
        for number, student in enumerate(students):
            student.grade = school.grades[number % len(school.grades)]
        students[-1].deleted = True
        staff = {role: self._group(role, school, random) for role in _STAFF}
        for head in staff["administrator"][:1]:
            head.orgs = [self._organisation.district.sourced_id]
        carers = [person for role in _CARERS for person in self._group(role, school, random)]
        _make_families(students, carers)
        return Members(students, staff, carers)

    @staticmethod
    def complete(person: Person, random: RandomStream) -> None:
        """Add the values that no other person depends on; only some people have the optional ones."""
        serial = person.serial
        person.username = f"{'ö' if serial % 20 == 3 else ''}{person.role[0]}{serial:06}"
        person.enabled = not (person.deleted or serial % 11 == 10)
        person.last_modified = change_time(random)
        person.given_name = random.pick_skewed(GIVEN)
        if serial % 5 < 3:
            person.user_ids = _user_ids(serial)
        if serial % 4 == 1:
            person.middle_name = random.pick(MIDDLE)
        if serial % 3:
            person.identifier = f"{serial:07}"
        _add_contacts(person)
        if serial % 9 == 4:
            person.extension = _extension(serial)

    def _group(self, role: str, school: School, random: RandomStream) -> list[Person]:
        count = share(self._totals[role], len(self._organisation.schools), school.number)
        return [self._person(role, school, random) for _ in range(count)]

    def _person(self, role: str, school: School, random: RandomStream) -> Person:
        serial = self._made
        self._made += 1
        return Person(
            sourced_id=next(self._ids),
            deleted=serial % 19 == 18,
            serial=serial,
            role=role,
            family_name=random.pick_skewed(FAMILY),
            orgs=[school.sourced_id],
        )


def demographics(student: Person, random: RandomStream) -> StudentDemographics:
    """Return the demographics of a student; some families give no more than the sex, and some not even that."""
    races = (random.pick(RACES),) if student.serial % 8 else RACES[1:3]
    found = StudentDemographics(
        sourced_id=student.sourced_id, deleted=student.deleted, last_modified=change_time(random)
    )
    if student.serial % 6 != 4:
        found.sex = random.pick(("female", "male"))
    if student.serial % 6 != 5:
        found.origin = _origin(student, races, random)
    return found


def _origin(student: Person, races: tuple[str, ...], random: RandomStream) -> Origin:
    years = int(student.grade) if student.grade and student.grade.isdigit() else 0
    return Origin(
        birth_date=f"{_KINDERGARTEN_BIRTH_YEAR - years}-{random.below(12) + 1:02}-{random.below(28) + 1:02}",
        races=races,
        hispanic=random.once_in(5),
        country="US",
        state="OR",
        city=random.pick(TOWNS),
        residence_status="01652",
    )


def _make_families(students: list[Person], carers: list[Person]) -> None:
    """Relate carers and students in both directions (clause 5.13 [A]).

    Every third carer has two children, who share the family name.
    """
    for number, carer in enumerate(carers):
        first, second = students[number % len(students)], students[(number + 1) % len(students)]
        carer.family_name = first.family_name
        _relate(carer, first)
        if number % 3 == 0:
            second.family_name = first.family_name
            _relate(carer, second)


def _relate(carer: Person, student: Person) -> None:
    carer.agents.append(student.sourced_id)
    student.agents.append(carer.sourced_id)


def _user_ids(serial: int) -> list[tuple[str, str]]:
    found = [("LDAP", f"cn={serial}"), ("FED", f"{serial}@sso.example")]
    return found if serial % 5 == 0 else found[:1]


def _add_contacts(person: Person) -> None:
    serial = person.serial
    if serial % 5:
        person.email = f"{person.username}@exampleton.example"
    if serial % 7 == 2:
        person.sms = f"+1 555 01{serial % 100:02}"
    if serial % 7 == 3:
        person.phone = f"(555) 01{serial % 100:02}"
    if serial % 20 == 7:
        person.password = f"sandbox-{serial:06}"


def _extension(serial: int) -> dict[str, Any]:
    """Return metadata of a vendor, which may have any form (clause 5.1 [A])."""
    return {
        "exampleton.bus": f"{serial % 12}",
        "exampleton.clubs": ["Chess", "Café"] if serial % 2 else ["Choir"],
        "exampleton.consent": serial % 2 == 0,
        "sample.locker": serial,
        "sample.address": {"street": "Prüfweg"},
    }
