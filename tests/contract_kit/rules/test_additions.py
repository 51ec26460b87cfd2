"""What 1.2 adds: where a finding would be unfair there is none. The faults of the sandbox show each rule otherwise."""

from typing import Any

import pytest

from oneroster.contract.dialects.overlay import dialect_specification
from oneroster.contract.rules.additions import _case_ids, _is_uuid, _several_primary
from oneroster.contract.rules.additions_closed import further_properties
from oneroster.contract.rules.additions_scores import _bounds, _is_below
from oneroster.standard import Standard


def role(begin: str | None = None, end: str | None = None, kind: str = "primary") -> dict[str, Any]:
    return {"roleType": kind, "beginDate": begin, "endDate": end}


@pytest.mark.parametrize(
    ("roles", "wrong"),
    [
        ([role(), role()], True),
        ([role(), role(kind="secondary")], False),
        ([role(end="2026-08-01"), role("2026-08-01")], False),
        ([role("2026-01-01", "2026-09-01"), role("2026-08-01")], True),
    ],
)
def test_primary_roles_may_follow_each_other(roles: list[dict[str, Any]], wrong: bool) -> None:
    assert _several_primary(roles) is wrong


@pytest.mark.parametrize(
    ("value", "bounds"), [("90-100", (90, 100)), ("A-C", None), ("90", None), ("-5", None), (None, None), (7, None)]
)
def test_only_numbers_with_a_dash_are_a_range(value: object, bounds: tuple[float, float] | None) -> None:
    assert _bounds(value) == bounds


@pytest.mark.parametrize(
    ("score", "values", "below"),
    [
        (50, ["60-100", "0-59"], False),
        (-1, ["60-100", "0-59"], True),
        (120, ["60-100", "0-59"], False),
        (59.5, ["60-100", "0-59"], False),
        (-1, ["A", "0-59"], None),
        ("x", ["0-59"], None),
        (5, [], None),
    ],
)
def test_only_a_score_below_a_scale_of_numbers_is_judged(score: object, values: list[str], below: bool | None) -> None:
    assert _is_below(score, [{"itemValueLHS": value} for value in values]) is below


def test_only_what_is_described_nowhere_is_a_further_property() -> None:
    reference = {"href": "https://a/b", "sourcedId": "b", "type": "org", "name": "B"}
    user = {
        "sourcedId": "u",
        "metadata": {"a": 1},
        "givenname": "in the place of givenName",
        "colour": "red",
        "roles": [{"roleType": "primary", "role": "student", "org": reference, "note": 1}],
        "userProfiles": [{"credentials": [{"type": "login", "username": "u", "pin": "of the vendor"}]}],
    }
    found = list(further_properties(user, "User", dialect_specification("standard", Standard.of("1.2"))))
    assert found == ["colour", "roles.org.name", "roles.note"]


def test_ids_of_case_are_found_in_both_forms_and_no_others() -> None:
    sets = [
        {"source": "case", "learningObjectiveIds": ["a"]},
        {"source": "case", "learningObjectiveResults": [{"learningObjectiveId": "b"}]},
        {"source": "unknown", "learningObjectiveIds": ["c"]},
        "d",
    ]
    assert _case_ids({"learningObjectiveSet": sets}) == ["a", "b"]
    assert _is_uuid("5f0a2b1e-93a4-4a55-9c0a-0d5f6a1b2c3d")
    assert not _is_uuid("MATH-4-2")
