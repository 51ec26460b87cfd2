"""Masking of personal data and passwords."""

import pytest

from oneroster.inspection.masking import MASK, is_column_masked, mask_personal, mask_secrets
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification


def test_passwords_and_unknown_properties_stay_masked() -> None:
    record = {"sourcedId": "u-1", "password": "pw-1", "nickname": "Mia", "orgs": [{"sourcedId": "o-1", "name": "Mia"}]}
    assert mask_personal(SPECIFICATION, "User", record) == {
        "sourcedId": "u-1",
        "password": MASK,
        "nickname": MASK,
        "orgs": [{"sourcedId": "o-1", "name": MASK}],
    }
    assert mask_personal(SPECIFICATION, "User", {"orgs": "Mia"}) == {"orgs": MASK}
    assert mask_secrets(SPECIFICATION, "User", record) == record | {"password": MASK}


@pytest.mark.parametrize("element", [name for name, found in SPECIFICATION.elements.items() if found.collection])
def test_every_personal_property_of_every_element_is_masked(element: str) -> None:
    properties = SPECIFICATION.elements[element].properties
    shown = mask_personal(SPECIFICATION, element, {name: {"sourcedId": "x"} for name in properties})
    hidden = {name for name, value in shown.items() if value == MASK}
    assert hidden == {name for name, found in properties.items() if found.personal or found.secret}


@pytest.mark.parametrize(
    ("column", "masked", "masked_with_personal"),
    [
        ("sourcedId", False, False),
        ("role", False, False),
        ("givenName", True, False),
        ("password", True, True),
        ("metadata", True, False),
        ("_extras", True, False),
        ("nickName", True, False),
    ],
)
def test_columns_are_masked_by_their_property(column: str, masked: bool, masked_with_personal: bool) -> None:
    assert is_column_masked(SPECIFICATION, "User", column, False) is masked
    assert is_column_masked(SPECIFICATION, "User", column, True) is masked_with_personal


def test_passwords_of_nested_records_are_masked() -> None:
    newer = Standard.of("1.2").specification
    credentials = [{"type": "login", "username": "kim", "password": "pw-1"}]
    record = {"sourcedId": "u-1", "userProfiles": [{"profileId": "p", "credentials": credentials}, "odd"], "odd": 1}
    shown = mask_secrets(newer, "User", record)
    assert shown["userProfiles"][0] == {"profileId": "p", "credentials": [{**credentials[0], "password": MASK}]}
    assert "pw-1" not in str(shown)
    assert is_column_masked(newer, "User", "userProfiles", show_personal=True)
    assert not is_column_masked(newer, "User", "roles", show_personal=True)
