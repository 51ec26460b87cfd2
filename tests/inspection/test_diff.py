"""The differences of two rosters, without the command line."""

import pytest

from oneroster.inspection.diff import RecordChange, diff_rosters
from oneroster.pull.errors import DestinationError
from tests.pull.formats.rosters import changes, roster, school, student, table


def test_added_removed_and_changed_records_are_listed_by_id() -> None:
    old = roster(table("Org", school("a"), school("b"), school("c", identifier="1")))
    new = roster(table("Org", school("a"), school("c", identifier="2"), school("d")))
    (found,) = diff_rosters(old, new, 0)
    assert (found.element, found.collection, found.rows) == ("Org", "orgs", (3, 3))
    assert (found.added_ids, found.removed_ids) == (["d"], ["b"])
    assert found.changes == [RecordChange("c", {"identifier": ("1", "2")})]
    assert found.fields == {"identifier": 1}
    assert not found.is_same


def test_the_limit_bounds_the_lists_and_not_the_counts() -> None:
    (found,) = diff_rosters(roster(table("Org")), roster(table("Org", *(school(f"s{i}") for i in range(5)))), 2)
    assert (found.added, found.added_ids) == (5, ["s0", "s1"])


def test_collections_can_be_selected() -> None:
    made = roster(table("Org", school()), table("User", student("u")))
    assert [found.collection for found in diff_rosters(made, made, 0, ["users"])] == ["users"]
    assert all(found.is_same for found in diff_rosters(made, made, 0))


def test_rosters_of_changes_and_unknown_collections_are_refused() -> None:
    whole, delta = roster(table("Org", school())), changes(table("Org", school()))
    with pytest.raises(DestinationError, match="NEW contains changes"):
        list(diff_rosters(whole, delta, 0))
    with pytest.raises(DestinationError, match="Neither roster has a collection 'pupils'; collections: orgs"):
        list(diff_rosters(whole, whole, 0, ["pupils"]))


def test_the_repr_of_a_change_has_no_values() -> None:
    assert repr(RecordChange("u", {"givenName": ("Mia", "Noa")})) == "RecordChange('u', givenName)"
