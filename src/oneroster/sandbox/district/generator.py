"""Generate all entities of a district, one school after the other."""

from collections.abc import Iterator
from itertools import chain

from oneroster.sandbox.district.calendar import Calendar
from oneroster.sandbox.district.classes import Classes
from oneroster.sandbox.district.courses import Courses
from oneroster.sandbox.district.entity_types import Entity, Person
from oneroster.sandbox.district.gradebook import Gradebook
from oneroster.sandbox.district.organisation import Organisation
from oneroster.sandbox.district.people import People, demographics
from oneroster.sandbox.district.random_stream import RandomStream
from oneroster.sandbox.district.size import Size


def district_entities(size: Size, seed: int) -> Iterator[Entity]:
    """Yield the entities of a district.

    Every id that an entity refers to exists, all dates are in order, and the entities of a kind are not in the order of
    their ids. No more than one school is held in memory at a time.

    Args:
        size: The size of the district.
        seed: Any number; each gives another district.
    """
    calendar = Calendar(seed)
    organisation = Organisation(size, seed)
    courses = Courses(seed, calendar, organisation)
    gradebook = Gradebook(size, seed)
    yield from chain[Entity](
        calendar.sessions(),
        organisation.orgs(),
        courses.learning_resources(),
        courses.courses(),
        gradebook.categories(),
    )
    people = People(size, seed, organisation)
    classes = Classes(size, seed, calendar, courses)
    yield from _schools(seed, organisation, people, classes, gradebook)


def _schools(
    seed: int, organisation: Organisation, people: People, classes: Classes, gradebook: Gradebook
) -> Iterator[Entity]:
    guests: list[Person] = []
    for school, following in zip(organisation.schools, [*organisation.schools[1:], None], strict=True):
        random = RandomStream("school", seed, school.number)
        members = people.of(school)
        visitor = members.students[1]
        if following:
            visitor.orgs.append(following.sourced_id)
        for person in members.everyone():
            people.complete(person, random)
            yield person
        for student in members.students:
            yield demographics(student, random)
        taught = classes.of(school, len(members.students))
        for one in taught:
            classes.complete(one, random)
            yield one
        yield from classes.enrollments(taught, members, guests, random)
        for one in taught:
            yield from gradebook.of(one)
        guests = [visitor] if following else []
