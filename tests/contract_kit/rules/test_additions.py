"""What 1.2 adds: where a finding would be unfair there is none. The faults of the sandbox show each rule otherwise."""

from typing import Any

import pytest

from oneroster.contract.rules.additions import _bounds, _case_ids, _is_uuid, _several_primary


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
