"""Views and merges of small rosters in memory."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from oneroster import ConfigurationError
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.manifest import CHANGES_ONLY, Manifest
from oneroster.pull.roster.roster_protocol import MemoryRoster, Roster, count_rows, describe_collections
from oneroster.pull.roster.school_subset import SchoolSubset
from oneroster.pull.roster.updates_and_deltas import RosterDelta, UpdatedRoster
from oneroster.pull.roster.views import RosterView, active_only, changed_since, with_columns, with_manifest
from oneroster.standard import Standard
from tests.pull.formats.rosters import school, small, table

JANUARY, JUNE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def orgs(**status_by_id: str) -> Roster:
    rows = [school(name, status=status) for name, status in status_by_id.items()]
    return MemoryRoster(Manifest(), {"Org": table("Org", *rows)})


def statuses(roster: Roster) -> dict[str, str]:
    rows = roster.read("Org").read_all().to_pylist()
    return {row["sourcedId"]: row["status"] for row in rows}


def test_only_active_records_are_viewed() -> None:
    assert statuses(active_only(orgs(a="active", b="tobedeleted"))) == {"a": "active"}


def test_a_view_has_fewer_columns_and_another_manifest() -> None:
    view = with_manifest(with_columns(orgs(a="active"), {"Org": ("name",)}), Manifest(kind=CHANGES_ONLY))
    assert view.schema("Org").names == ["sourcedId", "status", "dateLastModified", "name"]
    assert view.read("Org").read_all().schema.names == view.schema("Org").names
    assert view.manifest.kind == CHANGES_ONLY
    assert RosterView(view).elements() == ("Org",)


def test_changes_update_the_rows_of_an_old_roster() -> None:
    old, fetched = orgs(a="active", b="active"), orgs(b="tobedeleted", c="active")
    updated = UpdatedRoster(old, fetched, Manifest(), complete=set(), arriving=fetched)
    assert statuses(updated) == {"a": "active", "b": "tobedeleted", "c": "active"}
    assert statuses(UpdatedRoster(old, fetched, Manifest(), {"Org"}, fetched)) == statuses(fetched)


def test_a_delta_has_new_changed_and_deleted_rows() -> None:
    old, fetched = orgs(a="active", b="active", gone="active"), orgs(a="active", b="tobedeleted", c="active")
    delta = RosterDelta(old, fetched, Manifest(), {"Org"}, JUNE)
    assert statuses(delta) == {"b": "tobedeleted", "c": "active", "gone": "tobedeleted"}
    dates = {row["sourcedId"]: row["dateLastModified"] for row in delta.read("Org").read_all().to_pylist()}
    assert dates["gone"] == JUNE
    assert "gone" not in statuses(RosterDelta(old, fetched, Manifest(), set(), JUNE))


def test_rows_changed_since_a_time_include_those_without_a_date() -> None:
    rows = [school("old", dateLastModified=JANUARY), school("new", dateLastModified=JUNE)]
    roster = MemoryRoster(Manifest(), {"Org": table("Org", *rows, school("undated", dateLastModified=None))})
    assert set(statuses(changed_since(roster, JUNE))) == {"new", "undated"}


def test_a_school_includes_what_its_records_reference() -> None:
    roster = MemoryRoster(Manifest(), small(Org=[school("district", type="district"), school(), school("other")]))
    subset = SchoolSubset(roster, ["s"])
    assert set(statuses(subset)) == {"s"}
    assert count_rows(subset, "Enrollment") == count_rows(subset, "Course") == count_rows(subset, "User") == 1
    assert count_rows(SchoolSubset(roster, ["other"]), "Enrollment") == 0
    with pytest.raises(ConfigurationError, match="no school 'nowhere'"):
        SchoolSubset(roster, ["nowhere"])


def test_a_user_belongs_to_the_schools_of_all_its_roles() -> None:
    specification = Standard.of("1.2").specification
    people = {"u": ["s", "district"], "v": ["other"], "w": ["district", "s"], "x": []}
    users = [{"sourcedId": name, "roles": [{"orgSourcedId": org} for org in orgs]} for name, orgs in people.items()]
    users[1]["primaryOrgSourcedId"] = "other"
    rows = {"User": users, "Org": [{"sourcedId": name} for name in ("s", "district", "other")]}
    tables = {
        element: pa.Table.from_pylist(found, schema=schema_of(specification, element))
        for element, found in rows.items()
    }
    subset = SchoolSubset(MemoryRoster(Manifest(standard="1.2"), tables), ["s"])
    assert set(subset.read("User").read_all()["sourcedId"].to_pylist()) == {"u", "w"}
    assert set(statuses(subset)) == {"s", "district"}


def test_collections_are_described_for_the_manifest() -> None:
    described = describe_collections(orgs(a="active", b="active"))
    assert described["orgs"].rows == 2
    assert described["orgs"].element == "Org"
    assert "name" in described["orgs"].columns
