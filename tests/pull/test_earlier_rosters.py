"""Rosters in `data`, written by the code at commit ca83aec: manifests of format 1, orgs and sessions of a sandbox."""

import gzip
import shutil
from pathlib import Path

import pytest

from oneroster.pull import PullOptions, RosterSelection, open_destination, pull
from oneroster.sandbox import Sandbox
from tests.pull.pulling import by_id, roster_of, rows_at, truth

DATA = Path(__file__).with_name("data")
EMBEDDED = ["roster.ndjson", "roster.ndjson.gz", "roster.parquet", "roster.duckdb", "roster.sqlite"]
CSV = ["roster.csv", "roster.zip"]
ROWS = {"academicSessions": 21, "orgs": 15}


@pytest.fixture
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a roster in `data`, with the manifest beside it; database files are kept there compressed."""
    destination = tmp_path / request.param
    packed = DATA / f"{request.param}.gz"
    if packed.is_file():
        destination.write_bytes(gzip.decompress(packed.read_bytes()))
    elif (DATA / request.param).is_dir():
        shutil.copytree(DATA / request.param, destination)
    else:
        shutil.copy(DATA / request.param, destination)
    manifest = DATA / f"{request.param}.manifest.json"
    if manifest.is_file():
        shutil.copy(manifest, tmp_path)
    return destination


@pytest.mark.parametrize("destination", [*EMBEDDED, *CSV], indirect=True)
def test_the_manifest_of_an_earlier_release_is_read(destination: Path) -> None:
    manifest = open_destination(destination).manifest
    assert {name: collection.rows for name, collection in manifest.collections.items()} == ROWS
    assert manifest.kind == "whole"
    assert manifest.watermark == manifest.started_at != ""


@pytest.mark.parametrize("destination", EMBEDDED, indirect=True)
def test_every_row_and_field_of_an_earlier_roster_is_read(destination: Path) -> None:
    with Sandbox("small", 3) as tenant:
        expected = truth(tenant)
    assert rows_at(destination) == {element: expected[element] for element in ("Org", "AcademicSession")}


@pytest.mark.parametrize("destination", CSV, indirect=True)
def test_the_rows_of_an_earlier_bundle_are_read(destination: Path) -> None:
    rows = rows_at(destination)
    with Sandbox("small", 3) as tenant:
        expected = truth(tenant)
    for element in ("Org", "AcademicSession"):
        active = [row["sourcedId"] for row in expected[element] if row["status"] == "active"]
        assert [row["sourcedId"] for row in rows[element]] == active


@pytest.mark.parametrize("destination", ["roster.parquet"], indirect=True)
def test_an_earlier_roster_is_brought_up_to_date(destination: Path) -> None:
    with Sandbox("small", 3) as tenant, roster_of(tenant) as roster:
        selection = RosterSelection(only=["orgs", "academicSessions"])
        report = pull(roster, destination, PullOptions(selection=selection, since="last"))
        expected = truth(tenant)
    assert report.manifest.since is not None
    assert by_id(rows_at(destination)) == by_id({element: expected[element] for element in ("Org", "AcademicSession")})
