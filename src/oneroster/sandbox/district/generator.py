"""All parts of a district, one school after the other."""

from collections.abc import Iterator

from oneroster.sandbox.district.calendar import Calendar
from oneroster.sandbox.district.classes import Classes
from oneroster.sandbox.district.courses import Courses
from oneroster.sandbox.district.gradebook import Gradebook
from oneroster.sandbox.district.organisation import Organisation
from oneroster.sandbox.district.people import People, Person, demographics
from oneroster.sandbox.district.random_source import Chance
from oneroster.sandbox.district.records import Record
from oneroster.sandbox.district.size import Size


def records(size: Size, seed: int) -> Iterator[tuple[str, Record]]:
    """The records of a district, each with the name of its element, in the wire form of OneRoster 1.1 (clause 5).

    Booleans are the strings `true` and `false`. References have `sourcedId` and `type`; their href is left to whoever
    serves them, for it depends on where. Every reference leads to a record that is there, every date is in order, and
    the order of the records of an element is not that of their ids. No more than a school is held at a time.

    Args:
        size: how many users.
        seed: any number; each gives another district.
    """
    calendar = Calendar(seed)
    organisation = Organisation(size, seed)
    courses = Courses(seed, calendar, organisation)
    gradebook = Gradebook(size, seed)
    for element, made in (
        ("AcademicSession", calendar.records()),
        ("Org", organisation.records()),
        ("Resource", courses.resource_records()),
        ("Course", courses.records()),
        ("Category", gradebook.category_records()),
    ):
        for record in made:
            yield element, record
    people = People(size, seed, organisation)
    classes = Classes(size, seed, calendar, courses)
    yield from _schools(seed, organisation, people, classes, gradebook)


def _schools(
    seed: int, organisation: Organisation, people: People, classes: Classes, gradebook: Gradebook
) -> Iterator[tuple[str, Record]]:
    guests: list[Person] = []
    for school, following in zip(organisation.schools, [*organisation.schools[1:], None], strict=True):
        chance = Chance("school", seed, school.number)
        members = people.of(school)
        visitor = members.students[1]
        if following:
            visitor.orgs.append(following.sourced_id)
        for person in members.everyone():
            yield "User", people.record(person, chance)
        for student in members.students:
            yield "Demographics", demographics(student, chance)
        taught = classes.of(school, len(members.students))
        for one in taught:
            yield "Class", classes.record(one, chance)
        for enrollment in classes.enrollments(taught, members, guests, chance):
            yield "Enrollment", enrollment
        for one in taught:
            yield from gradebook.of(one)
        guests = [visitor] if following else []
