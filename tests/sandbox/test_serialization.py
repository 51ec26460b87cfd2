"""Stored records become the JSON of a profile."""

from typing import Any

import pytest

from oneroster.sandbox.serialization import RecordSerializer, select_fields
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification
ORIGIN = "https://tenant.example"
(BASE_PATH,) = SPECIFICATION.services.values()


def test_a_reference_gets_href_and_type() -> None:
    record = {"org": {"sourcedId": "a b/c"}}
    serialized = RecordSerializer(SPECIFICATION, "standard").serialize("Course", record, ORIGIN)
    assert serialized == {"org": {"href": f"{ORIGIN}{BASE_PATH}/orgs/a%20b%2Fc", "sourcedId": "a b/c", "type": "org"}}


@pytest.mark.parametrize(
    ("profile", "json_booleans", "expected"),
    [("standard", False, "true"), ("standard", True, True), ("kimono", False, True)],
)
def test_booleans_have_the_form_of_the_profile(profile: str, json_booleans: bool, expected: Any) -> None:
    serializer = RecordSerializer(SPECIFICATION, profile, json_booleans=json_booleans)
    assert serializer.serialize("User", {"enabledUser": "true"}, ORIGIN) == {"enabledUser": expected}


def test_a_profile_has_its_own_properties_and_unknown_keys_are_kept() -> None:
    record = {"title": "Quiz", "weight": 2, "vendor": 1}
    assert "weight" not in RecordSerializer(SPECIFICATION, "standard").serialize("Category", record, ORIGIN)
    assert RecordSerializer(SPECIFICATION, "kimono").serialize("Category", record, ORIGIN) == record


def test_fields_selects_exactly_the_requested_ones() -> None:
    assert select_fields({"sourcedId": "1", "title": "Quiz"}, frozenset({"title"})) == {"title": "Quiz"}
    assert select_fields({"sourcedId": "1"}, None) == {"sourcedId": "1"}
