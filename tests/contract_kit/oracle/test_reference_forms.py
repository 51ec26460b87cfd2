"""References in other forms than the documented one, read so that they can be followed."""

from typing import Any

import pytest

from oneroster.contract.oracle.reference_forms import references_at, references_in, stand_in


def test_anything_that_is_not_a_reference_is_ignored() -> None:
    assert list(references_in([{"sourcedId": "a"}, None, 7, ""])) == [{"sourcedId": "a"}]
    assert list(references_in(None)) == []


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"user": {"sourcedId": "u-1"}}, "user"),
        ({"user": "u-1"}, "user"),
        ({"userSourcedId": "u-1"}, "user"),
        ({"user_id": "u-1"}, "user"),
        ({"userId": "u-1", "user": None}, "user"),
        ({"orgs": ["u-1"]}, "orgs"),
        ({"orgSourcedIds": ["u-1"]}, "orgs"),
        ({"org": {"sourcedId": "u-1"}}, "orgs"),
    ],
)
def test_a14_a_reference_of_another_shape_is_followed(record: dict[str, Any], name: str) -> None:
    assert [each["sourcedId"] for each in references_at(record, name)] == ["u-1"]


@pytest.mark.parametrize("other", ["username", "userType", "theUser", "us"])
def test_other_properties_take_no_place(other: str) -> None:
    assert stand_in({other: "u-1"}, "user") is None
