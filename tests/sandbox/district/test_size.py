"""How large a district is."""

from collections import Counter

import pytest

from oneroster.sandbox.district.size import Size
from tests.sandbox.districts import records


@pytest.mark.parametrize(("text", "users"), [("small", 41), ("medium", 4_001), ("large", 100_003), ("123", 123)])
def test_a_size_is_a_name_or_a_number(text: str, users: int) -> None:
    assert Size.parse(text).users == users
    assert str(Size.parse(text)) == text


@pytest.mark.parametrize("text", ["", "huge", "39", "-5", "1000001", "4.5"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="users"):
        Size.parse(text)


@pytest.mark.parametrize("users", [40, 41, 99, 1_000, 4_001, 100_003, 1_000_000])
def test_the_roles_add_up_and_every_school_has_its_people(users: int) -> None:
    size = Size(users)
    assert sum(size.people().values()) == users
    assert size.people()["teacher"] >= size.schools
    assert size.people()["student"] >= 5 * size.schools
    assert size.people()["administrator"] >= size.schools


@pytest.mark.parametrize(("name", "seed"), [("small", 0), ("small", 7), ("medium", 0)])
def test_no_total_is_a_multiple_of_a_usual_page(name: str, seed: int) -> None:
    totals = Counter(element for element, _ in records(Size.parse(name), seed))
    assert [element for element, total in totals.items() if total % 10 == 0 or total % 25 == 0] == []


def test_the_large_district_has_about_a_million_enrollments() -> None:
    size = Size.parse("large")
    students = size.people()["student"]
    assert 950_000 < students * size.classes_of_a_student < 1_050_000
