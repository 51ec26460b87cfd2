"""Rosters that are read from disk by their manifest."""

from pathlib import Path

import pytest

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.file_per_collection import read_folder_manifest
from oneroster.pull.formats.format import WriteResult, WrittenFile
from oneroster.pull.formats.parquet import ParquetFormat
from oneroster.pull.formats.stored_roster import StoredRoster, manifest_to_store
from oneroster.pull.roster.manifest import Manifest, StoredCollection
from tests.pull.formats.rosters import roster, school, table


def test_the_manifest_lists_what_was_written() -> None:
    made = roster(table("Org", school()).select(["sourcedId", "name"]), base_url="https://sis.example")
    manifest = manifest_to_store(made, {"Org": 1})
    assert manifest.collections == {"orgs": StoredCollection("Org", 1, ["sourcedId", "name"])}
    assert manifest.base_url == "https://sis.example"


def test_the_collections_and_columns_are_those_of_the_manifest() -> None:
    users, orgs = StoredCollection("User", 0, ["sourcedId"]), StoredCollection("Org", 0, ["sourcedId", "name"])
    stored = StoredRoster(Path("r"), Manifest(collections={"users": users, "orgs": orgs}))
    assert stored.elements() == ("Org", "User")
    assert stored.schema("Org").names == ["sourcedId", "name"]


@pytest.mark.parametrize(
    ("collection", "problem"),
    [
        (StoredCollection("Pupil", 0, []), "lists a collection of 'Pupil'"),
        (StoredCollection("GUIDRef", 0, []), "lists a collection of 'GUIDRef'"),
        (StoredCollection("User", 0, ["nickName"]), "lists a column 'nickName' of User"),
    ],
)
def test_names_that_the_standard_does_not_define_are_refused(collection: StoredCollection, problem: str) -> None:
    with pytest.raises(DestinationError, match=problem):
        StoredRoster(Path("r"), Manifest(collections={"pupils": collection}))


def test_a_folder_has_one_file_per_collection_and_a_manifest(tmp_path: Path) -> None:
    written = ParquetFormat().write(tmp_path / "r", roster(table("Org", school())))
    assert written == WriteResult((WrittenFile("orgs.parquet", "orgs", 1),))
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["_manifest.json", "orgs.parquet"]
    assert read_folder_manifest(tmp_path / "r").collections["orgs"].rows == 1
    with pytest.raises(DestinationError, match=r"_manifest\.json"):
        read_folder_manifest(tmp_path)
