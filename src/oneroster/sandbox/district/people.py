"""The users of all roles, and what is known of the students beside their roster."""

from dataclasses import dataclass, field
from typing import Final

from oneroster.sandbox.district.names import FAMILY, GIVEN, MIDDLE, TOWNS
from oneroster.sandbox.district.organisation import Organisation, School
from oneroster.sandbox.district.random_source import Chance
from oneroster.sandbox.district.records import Record, changed, ids, reference
from oneroster.sandbox.district.size import Size, share

_CARERS: Final = ("parent", "guardian", "relative")
_STAFF: Final = ("teacher", "administrator", "aide", "proctor")
_BORN_BEFORE: Final = 2020  # a child in kindergarten is born in this year
_RACES: Final = (
    "americanIndianOrAlaskaNative",
    "asian",
    "blackOrAfricanAmerican",
    "nativeHawaiianOrOtherPacificIslander",
    "white",
)


@dataclass
class Person:
    """A user in the making."""

    sourced_id: str
    serial: int
    role: str
    family: str
    orgs: list[str]
    grade: str | None = None
    status: str = "active"
    agents: list[str] = field(default_factory=list)


@dataclass
class Members:
    """The people of one school."""

    students: list[Person]
    staff: dict[str, list[Person]]
    carers: list[Person]

    def everyone(self) -> list[Person]:
        """All of them, students first."""
        return [*self.students, *(person for group in self.staff.values() for person in group), *self.carers]


class People:
    """Makes the people school by school, so that no more than one school is held at a time."""

    def __init__(self, size: Size, seed: int, organisation: Organisation) -> None:
        self._seed = seed
        self._totals = size.people()
        self._organisation = organisation
        self._ids = ids("u", seed)
        self._made = 0

    def of(self, school: School) -> Members:
        """The people who belong to a school."""
        chance = Chance("people", self._seed, school.number)
        students = self._group("student", school, chance)
        for number, student in enumerate(students):
            student.grade = school.grades[number % len(school.grades)]
        students[-1].status = "tobedeleted"
        staff = {role: self._group(role, school, chance) for role in _STAFF}
        for head in staff["administrator"][:1]:
            head.orgs = [self._organisation.district.sourced_id]
        carers = [person for role in _CARERS for person in self._group(role, school, chance)]
        _make_families(students, carers)
        return Members(students, staff, carers)

    def record(self, person: Person, chance: Chance) -> Record:
        """The user on the wire; what is optional is there for some and not for others."""
        serial, username = person.serial, f"{'ö' if person.serial % 20 == 3 else ''}{person.role[0]}{person.serial:06}"
        disabled = person.status != "active" or serial % 11 == 10
        record: Record = {
            "sourcedId": person.sourced_id,
            "status": person.status,
            "dateLastModified": changed(chance),
            "username": username,
            "enabledUser": "false" if disabled else "true",
            "givenName": chance.pick_early(GIVEN),
            "familyName": person.family,
            "role": person.role,
            "orgs": [reference(org, "org") for org in person.orgs],
        }
        if person.grade:
            record["grades"] = [person.grade]
        if person.agents:
            record["agents"] = [reference(agent, "user") for agent in person.agents]
        if serial % 5 < 3:
            record["userIds"] = _user_ids(serial)
        if serial % 4 == 1:
            record["middleName"] = chance.pick(MIDDLE)
        if serial % 3:
            record["identifier"] = f"{serial:07}"
        _add_contacts(record, serial)
        if serial % 9 == 4:
            record["metadata"] = _metadata(serial)
        return record

    def _group(self, role: str, school: School, chance: Chance) -> list[Person]:
        count = share(self._totals[role], len(self._organisation.schools), school.number)
        return [self._person(role, school, chance) for _ in range(count)]

    def _person(self, role: str, school: School, chance: Chance) -> Person:
        serial = self._made
        self._made += 1
        status = "tobedeleted" if serial % 19 == 18 else "active"
        family = chance.pick_early(FAMILY)
        return Person(next(self._ids), serial, role, family, [school.sourced_id], status=status)


def demographics(student: Person, chance: Chance) -> Record:
    """What is known of a student, under the id of the user (clause 5.6 [A])."""
    races = [chance.pick(_RACES)] if student.serial % 8 else list(_RACES[1:3])
    record: Record = {
        "sourcedId": student.sourced_id,
        "status": student.status,
        "dateLastModified": changed(chance),
    }
    if student.serial % 6 != 4:
        record["sex"] = chance.pick(("female", "male"))
    if student.serial % 6 == 5:  # some families tell nothing more
        return record
    years = int(student.grade) if student.grade and student.grade.isdigit() else 0
    record["birthDate"] = f"{_BORN_BEFORE - years}-{chance.below(12) + 1:02}-{chance.below(28) + 1:02}"
    record |= {race: "true" if race in races else "false" for race in _RACES}
    record["demographicRaceTwoOrMoreRaces"] = "true" if len(races) > 1 else "false"
    record["hispanicOrLatinoEthnicity"] = "true" if chance.once_in(5) else "false"
    record["countryOfBirthCode"] = "US"
    record["stateOfBirthAbbreviation"] = "OR"
    record["cityOfBirth"] = chance.pick(TOWNS)
    record["publicSchoolResidenceStatus"] = "01652"
    return record


def _make_families(students: list[Person], carers: list[Person]) -> None:
    """Agents in both directions (clause 5.13 [A]); every third carer has two children, who share the family name."""
    for number, carer in enumerate(carers):
        first, second = students[number % len(students)], students[(number + 1) % len(students)]
        carer.family = first.family
        _relate(carer, first)
        if number % 3 == 0:
            second.family = first.family
            _relate(carer, second)


def _relate(carer: Person, student: Person) -> None:
    carer.agents.append(student.sourced_id)
    student.agents.append(carer.sourced_id)


def _user_ids(serial: int) -> list[Record]:
    ids = [{"type": "LDAP", "identifier": f"cn={serial}"}, {"type": "FED", "identifier": f"{serial}@sso.example"}]
    return ids if serial % 5 == 0 else ids[:1]


def _add_contacts(record: Record, serial: int) -> None:
    if serial % 5:
        record["email"] = f"{record['username']}@exampleton.example"
    if serial % 7 == 2:
        record["sms"] = f"+1 555 01{serial % 100:02}"
    if serial % 7 == 3:
        record["phone"] = f"(555) 01{serial % 100:02}"
    if serial % 20 == 7:
        record["password"] = f"sandbox-{serial:06}"


def _metadata(serial: int) -> Record:
    """A vendor may put there what it likes (clause 5.1 [A])."""
    return {
        "exampleton.bus": f"{serial % 12}",
        "exampleton.clubs": ["Chess", "Café"] if serial % 2 else ["Choir"],
        "exampleton.consent": serial % 2 == 0,
        "sample.locker": serial,
        "sample.address": {"street": "Prüfweg"},
    }
