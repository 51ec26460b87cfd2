"""Personal data of a record is recognized in other texts."""

import pytest

from oneroster.contract.oracle.personal_data import personal_fields_in, personal_traits
from oneroster.standard import Standard

ELEMENT = Standard.of("1.1").specification.elements["User"]
USER = {
    "sourcedId": "u-1",
    "username": "mia2042",
    "givenName": "Mia",
    "familyName": "Sample",
    "email": "mia.sample@school.example",
    "phone": "(555) 0142",
    "userIds": [{"type": "LDAP", "identifier": "cn=204211"}],
    "grades": ["05"],
}


def test_traits_are_long_values_and_the_full_name() -> None:
    assert {trait.field for trait in personal_traits(ELEMENT, USER)} == {
        "username",
        "email",
        "phone",
        "userIds",
        "givenName and familyName",
    }


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("MIA2042 is locked", ["username"]),
        ("cannot show Sample, Mia", ["givenName and familyName"]),
        ("see mia.sample@school.example.", ["email", "givenName and familyName"]),
        ("no user cn=204211", ["userIds"]),
        ("Mia is not enough", []),
        ("a Sample of Miami", []),
        ("xmia2042", []),
    ],
)
def test_only_whole_words_of_a_text_match(text: str, fields: list[str]) -> None:
    assert personal_fields_in(ELEMENT, USER, text) == fields


def test_a_value_that_is_part_of_the_id_is_no_trait() -> None:
    record = USER | {"sourcedId": "mia.sample@school.example"}
    assert "email" not in {trait.field for trait in personal_traits(ELEMENT, record)}


def test_values_of_a_wrong_type_are_ignored() -> None:
    assert (
        personal_traits(
            ELEMENT,
            {"username": 5, "userIds": [None, {"identifier": 7}], "email": None},
        )
        == []
    )
