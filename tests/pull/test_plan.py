"""Which collections and columns are fetched, for a dialect and a selection."""

import pytest

from oneroster import ConfigurationError
from oneroster.pull import RosterSelection
from oneroster.pull.plan import collections_to_fetch, columns_to_fetch, fields_to_drop, personal_columns
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification


def names(selection: RosterSelection, profile: str = "standard") -> list[str]:
    return [source.collection for source in collections_to_fetch(SPECIFICATION, profile, selection)]


def test_all_collections_are_fetched_by_default() -> None:
    collected = [element for element in SPECIFICATION.elements.values() if element.collection]
    assert len(names(RosterSelection())) == len(collected)


def test_a_selection_narrows_the_collections() -> None:
    assert names(RosterSelection(only=["users", "orgs"], without=["users"])) == ["orgs"]
    assert "demographics" not in names(RosterSelection(drop_personal=True))
    assert names(RosterSelection(only=["demographics"], drop_personal=True)) == ["demographics"]


def test_a_dialect_has_its_own_operations() -> None:
    own = collections_to_fetch(SPECIFICATION, "kimono")
    standard = {source.operation_id for source in collections_to_fetch(SPECIFICATION)}
    assert {source.operation_id for source in own} - standard
    with pytest.raises(ConfigurationError, match="'lantern' does not exist"):
        collections_to_fetch(SPECIFICATION, "lantern")


def test_passwords_and_personal_columns_are_left_out() -> None:
    assert "password" not in columns_to_fetch(SPECIFICATION, "User", RosterSelection())
    assert "password" in columns_to_fetch(SPECIFICATION, "User", RosterSelection(with_password=True))
    dropped = columns_to_fetch(SPECIFICATION, "User", RosterSelection(drop_personal=True))
    assert not set(dropped) & personal_columns(SPECIFICATION, "User")
    assert "role" in dropped


def test_passwords_and_personal_fields_of_nested_records_are_left_out() -> None:
    newer = Standard.of("1.2").specification
    password = "userProfiles.credentials.password"
    assert fields_to_drop(newer, "User", RosterSelection()) == {password}
    assert fields_to_drop(newer, "User", RosterSelection(with_password=True)) == set()
    dropped = fields_to_drop(newer, "User", RosterSelection(drop_personal=True))
    assert dropped >= {"userProfiles.credentials", "roles.userProfile"}
    assert fields_to_drop(SPECIFICATION, "User", RosterSelection()) == set()


def test_a_filter_is_not_written_to_the_manifest() -> None:
    selection = RosterSelection(only=["users"], filters={"users": "familyName='Zzyzx'"}, columns={"users": ["b", "a"]})
    assert selection.as_json() == {"only": ["users"], "filters": ["users"], "columns": {"users": ["a", "b"]}}
