"""Full disks, places that cannot be written, hostile values, and records that no reader can read."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from oneroster import UnstableCollectionError
from oneroster.cli._pull_display import show_report
from oneroster.pull import DestinationError, GuardError, PullOptions, RosterSelection, SanityLimits, StagingError, pull
from oneroster.pull.fetch.staging import Staging, staging_path
from oneroster.pull.roster import manifest
from oneroster.pull.roster.rejects import rejects_path
from oneroster.sandbox import Sandbox
from oneroster_v1p1 import specification
from tests.pull.pulling import (
    SMALL_PAGES,
    by_id,
    content_of,
    leftovers,
    refused_records,
    roster_of,
    rows_at,
    tenant_and_store,
    truth,
)

ELEMENTS = specification().elements

PLACES = ("r.zip", "r.parquet", "r.ndjson", "r.ndjson.gz", "r.ndjson.zst", "r.duckdb", "r.sqlite")

TRUSTING = PullOptions(limits=SanityLimits(unresolved=1.0))

HOSTILE = {
    "formula": "=cmd|' /C calc'!A1",
    "newlines": "one\r\ntwo\nthree\rfour",
    "quotes": "\"'`,;\t\\",
    "nothing": "",
    "nul": "a\x00b",
    "long": "x" * 1_000_000,
    "signs": "\u202e\u200b\ufeff\U0001f600é",
    "null": "null",
}


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox("small", 3) as tenant:
        yield tenant


def hostile(record: dict[str, Any], value: str) -> dict[str, Any]:
    """A record with the value in every field of text that is there."""
    known = ELEMENTS["User"].properties
    texts = {name for name, found in known.items() if found.kind == "string" and name != "sourcedId"}
    lists = {name for name, found in known.items() if found.kind == "strings"}
    return {
        **record,
        **dict.fromkeys(texts - {"password"}, value),
        **{name: [value, value] for name in lists},
        "userIds": [{"type": value, "identifier": value}],
        "metadata": {value: value},
    }


@pytest.mark.parametrize("name", ["roster.parquet", "roster.ndjson.gz"])
def test_hostile_values_come_back_unchanged(tmp_path: Path, name: str) -> None:
    with tenant_and_store() as (server, store), roster_of(server) as roster:
        for number, value in enumerate(HOSTILE.values()):
            user = store.read("User", truth(server)["User"][number]["sourcedId"])
            assert user is not None
            store.put("User", hostile(user, value))
        settings = TRUSTING._replace(selection=RosterSelection(only=["users"]), paging=SMALL_PAGES)
        pull(roster, tmp_path / name, settings)
        wanted, found = truth(server)["User"], rows_at(tmp_path / name)["User"]
    for row in (*wanted, *found):
        row["metadata"] = row["metadata"] and json.loads(row["metadata"])
    assert found == wanted


def test_what_cannot_be_read_is_listed_by_id_and_field_and_bounded(tmp_path: Path) -> None:
    place = tmp_path / "roster.ndjson"
    with tenant_and_store() as (server, store), roster_of(server) as roster:
        demographics = store.read("Demographics", truth(server)["Demographics"][0]["sourcedId"])
        assert demographics is not None
        store.put("Demographics", {**demographics, "birthDate": "the day after", "sex": "unknown"})
        selection = RosterSelection(only=["demographics"])
        with pytest.raises(GuardError, match="1 field or record could not be read, in 22 rows"):
            pull(roster, place, TRUSTING._replace(selection=selection))
        report = pull(roster, place, TRUSTING._replace(selection=selection, limits=SanityLimits(unreadable=0.2)))
    listed = [json.loads(line) for line in rejects_path(place).read_text().splitlines()]
    assert listed == [
        {
            "collection": "demographics",
            "sourced_id": demographics["sourcedId"],
            "field": "birthDate",
            "reason": "unreadable",
            "kept": True,
        }
    ]
    assert "the day after" not in rejects_path(place).read_text()
    assert report.rejects == {("demographics", "unreadable"): 1}
    (row,) = [row for row in rows_at(place)["Demographics"] if row["sourcedId"] == demographics["sourcedId"]]
    assert row["birthDate"] is None
    assert row["sex"] == "unknown"


def test_no_value_of_a_record_is_in_what_is_said_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    place, child = tmp_path / "roster.zip", "Fake-Child-Zzyzx"
    with tenant_and_store() as (server, store), roster_of(server) as roster:
        rows = truth(server)
        user, demographics, enrollment = (
            store.read(element, rows[element][0]["sourcedId"]) for element in ("User", "Demographics", "Enrollment")
        )
        assert user is not None
        assert demographics is not None
        assert enrollment is not None
        store.put("User", {**hostile(user, child), "grades": 7, child: child})
        store.put("Demographics", {**demographics, "birthDate": child, "sex": child})
        store.put("Enrollment", {**enrollment, "beginDate": child, "role": child, "metadata": child})
        settings = PullOptions(selection=RosterSelection(filters={"orgs": f"name!='{child}'"}))
        with caplog.at_level("DEBUG", logger="oneroster"), pytest.raises(GuardError) as refused:
            pull(roster, place, settings)
        lenient = settings._replace(limits=SanityLimits(unreadable=1.0, unresolved=1.0, left_out=1.0))
        with caplog.at_level("DEBUG", logger="oneroster"):
            report = pull(roster, place, lenient)
    show_report(report, Console(width=300))
    said = [capsys.readouterr().out, str(refused.value), repr(refused.value), repr(report), caplog.text]
    said += [path.read_text() for path in (rejects_path(place), manifest.manifest_path(place))]
    assert report.rejects["demographics", "unreadable"] == 1
    assert not [text for text in said if child in text]


def test_rows_that_repeat_are_listed_by_id(tmp_path: Path) -> None:
    place = tmp_path / "roster.ndjson"
    settings = TRUSTING._replace(selection=RosterSelection(only=["users"]), paging=SMALL_PAGES)
    with Sandbox("small", 3, faults=["repeated-row"]) as server, roster_of(server) as roster:
        known = {row["sourcedId"] for row in truth(server)["User"]}
        with pytest.raises(UnstableCollectionError):
            pull(roster, place, settings)
    listed = refused_records(place)
    assert listed
    assert {(one["collection"], one["reason"]) for one in listed} == {("users", "repeated or lost")}
    assert {one["sourced_id"] for one in listed} <= known


def test_fields_that_the_document_does_not_know_are_kept(tmp_path: Path) -> None:
    with tenant_and_store() as (server, store), roster_of(server) as roster:
        org = store.read("Org", truth(server)["Org"][3]["sourcedId"])
        assert org is not None
        store.put("Org", {**org, "vendorColour": {"b": [1, None], "a": "é"}})
        pull(
            roster,
            tmp_path / "roster.parquet",
            TRUSTING._replace(selection=RosterSelection(only=["orgs"]), paging=SMALL_PAGES),
        )
    rows = rows_at(tmp_path / "roster.parquet")["Org"]
    kept = {row["sourcedId"]: row["_extras"] for row in rows if row["_extras"] is not None}
    assert kept == {org["sourcedId"]: '{"vendorColour":{"a":"é","b":[1,null]}}'}


def test_what_a_pull_makes_is_for_its_owner_alone(tenant: Sandbox, tmp_path: Path) -> None:
    staging = staging_path(tmp_path / "roster.parquet")
    with Staging(staging, {}, "now"):
        assert stat.S_IMODE(staging.stat().st_mode) == 0o700
    with roster_of(tenant) as roster:
        pull(roster, tmp_path / "roster.parquet", TRUSTING)
    assert stat.S_IMODE((tmp_path / "roster.parquet").stat().st_mode) == 0o700
    assert leftovers(tmp_path) == []


LIMITED = """
import resource, sys
from pathlib import Path
from oneroster import OneRoster
from oneroster.pull import DestinationError, pull
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
with OneRoster(base_url=sys.argv[1], token=sys.argv[2]) as roster:
    try:
        pull(roster, Path(sys.argv[3]))
    except DestinationError as error:
        print(error)
        sys.exit(7)
"""


@pytest.mark.series(dear=True)
@pytest.mark.parametrize("most", [1_000, 3_000, 6_000, 12_000, 40_000])
@pytest.mark.parametrize(
    "name", ["r.zip", "r.parquet", "r.ndjson", "r.ndjson.gz", "r.ndjson.zst", "r.duckdb", "r.sqlite"]
)
def test_a_disk_that_fills_leaves_the_old_roster(tenant: Sandbox, tmp_path: Path, name: str, most: int) -> None:
    place = tmp_path / name
    with roster_of(tenant) as roster:
        pull(roster, place)
    before, rows = content_of(tmp_path), rows_at(place)
    command = [sys.executable, "-c", LIMITED, tenant.base_url, tenant.token, str(place), str(most)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 7), done.stderr
    if done.returncode == 0:
        assert rows_at(place) == rows
        return
    assert "cannot be" in done.stdout or "failed" in done.stdout
    assert content_of(tmp_path) == before
    with roster_of(tenant) as roster:
        pull(roster, place, PullOptions(resume=True))
    assert rows_at(place) == rows
    assert leftovers(tmp_path) == []


def test_a_destination_that_cannot_be_made_is_told_before_anything_is_sent(tenant: Sandbox) -> None:
    with roster_of(tenant) as roster, pytest.raises(DestinationError, match="cannot be prepared"):
        pull(roster, Path("/proc/roster.parquet"))


def test_a_link_goes_on_leading_to_the_roster(tenant: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "current.parquet"
    with roster_of(tenant) as roster:
        pull(roster, tmp_path / "elsewhere" / "roster.parquet")
        link.symlink_to(tmp_path / "elsewhere" / "roster.parquet")
        pull(roster, link)
    assert link.is_symlink()
    assert rows_at(link) == truth(tenant)
    assert leftovers(tmp_path) == leftovers(tmp_path / "elsewhere") == []


def test_two_pulls_to_one_place_do_not_meet(tenant: Sandbox, tmp_path: Path) -> None:
    place = tmp_path / "roster.parquet"
    at_work = pytest.raises(StagingError, match="Another pull uses")
    with Staging(staging_path(place), {}, "now"), roster_of(tenant) as roster, at_work:
        pull(roster, place)
    assert not place.exists()


def test_rows_fetched_under_another_plan_are_not_mixed_in(tenant: Sandbox, tmp_path: Path) -> None:
    place = tmp_path / "roster.parquet"
    with Staging(staging_path(place), {"base_url": "https://other.example"}, "then"):
        pass
    with roster_of(tenant) as roster:
        with pytest.raises(StagingError, match="another selection, tenant or release"):
            pull(roster, place, TRUSTING._replace(resume=True))
        pull(roster, place, TRUSTING)
    assert by_id(rows_at(place)) == by_id(truth(tenant))


ODD_NAMES = (
    'nick "Bob"',
    "back\\slash",
    "tab\tline\nnul\0",
    "",
    "oneroster-kit:extras",
    "extras_",
    "\u202e",
    "a.b",
    "'",
)


@pytest.mark.parametrize("name", ["roster.zip", "roster.parquet", "roster.ndjson", "roster.duckdb", "roster.sqlite"])
def test_d1_properties_of_any_name_are_extras_like_others(tmp_path: Path, name: str) -> None:
    with tenant_and_store() as (server, store), roster_of(server) as roster:
        for row in truth(server)["Org"][:3]:
            org = store.read("Org", row["sourcedId"])
            store.put("Org", {**(org or {}), **{odd: {odd: 1} for odd in ODD_NAMES}})
        pull(roster, tmp_path / name, TRUSTING._replace(selection=RosterSelection(only=["orgs"]), paging=SMALL_PAGES))
        kept = [org for org in roster.get_all_orgs() if org.additional_properties]
    rows = rows_at(tmp_path / name)["Org"]
    assert [org.additional_properties.keys() for org in kept] == [set(ODD_NAMES)] * 3
    if name != "roster.zip":
        extras = [json.loads(row["_extras"]) for row in rows if row["_extras"] is not None]
        assert extras == [{odd: {odd: 1} for odd in sorted(ODD_NAMES)}] * 3


def test_d1_records_of_any_depth_are_read(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(700):
        deep = {"a": deep}
    with tenant_and_store() as (server, store), roster_of(server) as roster:
        (first, *_) = truth(server)["Org"]
        store.put("Org", {**(store.read("Org", first["sourcedId"]) or {}), "extra": deep, "name": 5})
        pull(roster, tmp_path / "r.parquet", TRUSTING._replace(selection=RosterSelection(only=["orgs"])))
    (extras,) = [row["_extras"] for row in rows_at(tmp_path / "r.parquet")["Org"] if row["_extras"]]
    assert extras.count("{") == 701
