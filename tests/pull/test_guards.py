"""What is written is what is judged: a roster that lost too much on its last step is not published."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from oneroster import OneRosterError
from oneroster.cli import build
from oneroster.pull import GuardError, PullOptions, RosterSelection, open_destination, pull
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import manifest_path
from oneroster.pull.roster.roster_protocol import count_rows, rows_in_place
from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard
from tests.pull.pulling import (
    SMALL_PAGES,
    content_of,
    impatient,
    refused_records,
    roster_of,
    rows_at,
    tenant_and_store,
    truth,
)

PLACES = ("r.zip", "r.csv", "r.parquet", "r.ndjson", "r.ndjson.gz", "r.ndjson.zst", "r.duckdb", "r.sqlite")
STRICT = PullOptions()
WITHOUT_GRADES = PullOptions(selection=RosterSelection(without=["results", "lineItems", "categories", "demographics"]))

Change = Callable[[dict[str, Any]], dict[str, Any]]


def change_all(tenant: Sandbox, store: Store, element: str, change: Change, every: int = 1) -> int:
    """Change the records of an element behind the back of the server, all of them or every second, third …"""
    ids = [row["sourcedId"] for row in truth(tenant)[element]][::every]
    for sourced_id in ids:
        record = store.read(element, sourced_id)
        assert record is not None
        store.put(element, change(dict(record)))
    return len(ids)


def without(*names: str) -> Change:
    return lambda record: {name: value for name, value in record.items() if name not in names}


def with_value(name: str, value: Any) -> Change:
    return lambda record: {**record, name: value}


def with_id_of(name: str, sourced_id: str) -> Change:
    return lambda record: {**record, name: {**record[name], "sourcedId": sourced_id}}


def cli(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["pull", *arguments])


def refused(tenant: Sandbox, place: Path, *options: str) -> str:
    """The message of a pull that must be refused, and that leaves the folder of the place as it was."""
    before = content_of(place.parent)
    result = cli("--base-url", tenant.base_url, "--token", tenant.token, "--to", str(place), *options)
    assert result.exit_code == 3, result.output
    assert content_of(place.parent) == before
    return " ".join(result.stderr.split())


GUTTED: dict[str, tuple[str, Change, int, str, str, str]] = {
    # what changes: element, change, every which record, file, column, option
    "B2 terms null": ("Class", with_value("terms", None), 1, "classes.csv", "termSourcedIds", "classes.terms=100"),
    "B2 terms absent": ("Class", without("terms"), 1, "classes.csv", "termSourcedIds", "classes.terms=100"),
    "B2 terms empty": ("Class", with_value("terms", []), 1, "classes.csv", "termSourcedIds", "classes.terms=100"),
    "B3 usernames missing": ("User", without("username"), 1, "users.csv", "username", "users.username="),
    "B3 40 percent of usernames": ("User", with_value("username", None), 3, "users.csv", "username", "users.username="),
    "B3 school years": ("AcademicSession", without("schoolYear"), 1, "academicSessions.csv", "schoolYear", "="),
    "B3 empty titles": ("Class", with_value("title", ""), 1, "classes.csv", "title", "classes.title="),
    "B3 unknown roles": ("Enrollment", with_value("role", "pupil"), 1, "enrollments.csv", "role", "enrollments.role="),
    "B3 unknown statuses": ("User", with_value("status", "enrolled"), 1, "users.csv", "status", "users.status="),
    "B4 no such user": (
        "Enrollment",
        with_id_of("user", "nobody"),
        1,
        "enrollments.csv",
        "userSourcedId",
        "enrollments.user=",
    ),
}


@pytest.mark.series
@pytest.mark.parametrize("in_place", [False, True], ids=["new", "in place"])
@pytest.mark.parametrize("case", GUTTED)
def test_b2_b3_a_bundle_that_would_be_gutted_is_refused(case: str, in_place: bool, tmp_path: Path) -> None:
    element, change, every, file, column, option = GUTTED[case]
    place = tmp_path / "r.zip"
    with tenant_and_store() as (tenant, store), roster_of(tenant) as roster:
        if in_place:
            pull(roster, place, STRICT)
        number = change_all(tenant, store, element, change, every)
        said = refused(tenant, place)
        assert place.exists() == in_place
        assert file in said
        assert column in said
        assert option in said
        assert "--max-left-out" in said
        assert any(word.isdigit() and 0 < int(word) <= number for word in said.split())
        assert {one["collection"] for one in refused_records(place)} & {file, file.removesuffix(".csv")}


def test_b3_ids_with_a_line_break_are_a_loss(tmp_path: Path) -> None:
    place = tmp_path / "r.zip"
    with tenant_and_store() as (tenant, store):
        for row in truth(tenant)["Category"]:
            record = store.read("Category", row["sourcedId"])
            assert record is not None
            store.delete("Category", row["sourcedId"])
            store.put("Category", {**record, "sourcedId": row["sourcedId"] + "\n1"})
        said = refused(tenant, place, "--only", "categories")
    assert "categories.csv" in said
    assert "sourcedId contains a line break" in said


def test_b3_a_user_whose_state_cannot_be_read_is_not_written_as_enabled(tmp_path: Path) -> None:
    with tenant_and_store() as (tenant, store):
        change_all(tenant, store, "User", with_value("enabledUser", "off"), every=41)
        said = refused(tenant, tmp_path / "r.zip", "--max-unreadable", "10", "--only", "users")
        access = ["--base-url", tenant.base_url, "--token", tenant.token, "--only", "users", "--max-unreadable", "10"]
        assert cli(*access, "--to", str(tmp_path / "r.parquet")).exit_code == 0
    assert "--max-unreadable users.enabledUser=3 accepts it" in said


def test_b3_roles_in_another_spelling_are_written_in_that_of_the_standard(tmp_path: Path) -> None:
    with tenant_and_store() as (tenant, store), roster_of(tenant) as roster:
        number = change_all(tenant, store, "Enrollment", lambda record: {**record, "role": record["role"].title()})
        bundle = pull(roster, tmp_path / "r.zip", STRICT)
        table = pull(roster, tmp_path / "r.parquet", STRICT)
    roles = {row["role"] for row in rows_at(tmp_path / "r.zip")["Enrollment"]}
    assert roles <= {"student", "teacher", "administrator", "proctor"}
    assert {row["role"] for row in rows_at(tmp_path / "r.parquet")["Enrollment"]} == {role.title() for role in roles}
    assert any("values written in the standard's spelling" in note for note in bundle.notes)
    assert f"enrollments.role: {number} values differ" in " ".join(table.notes)


def test_b3_a_status_in_another_spelling_deletes_nothing(tmp_path: Path) -> None:
    selection = RosterSelection(active=True)
    with tenant_and_store() as (tenant, store), roster_of(tenant) as roster:
        wanted = pull(roster, tmp_path / "before.zip", PullOptions(selection=selection)).written
        change_all(tenant, store, "User", lambda record: {**record, "status": record["status"].upper()})
        for name in ("after.zip", "after.ndjson"):
            written = pull(roster, tmp_path / name, PullOptions(selection=selection)).written
            assert written[f"users{'.csv' if name == 'after.zip' else '.ndjson'}"] == wanted["users.csv"]


NO_VALUE: dict[str, Callable[[str], Change]] = {
    "absent": without,
    "null": lambda name: with_value(name, None),
    "blank": lambda name: with_id_of(name, " "),
    "under another name": lambda name: (
        lambda record: {**without(name)(record), f"{name}SourcedId": record[name]["sourcedId"]}
    ),
}
REQUIRED = [("Enrollment", "user"), ("Class", "course"), ("LineItem", "gradingPeriod"), ("Result", "lineItem")]


@pytest.mark.series
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("element", "name"), REQUIRED)
@pytest.mark.parametrize("how", NO_VALUE)
def test_b4_references_that_are_absent_in_every_record_are_refused(
    place: str, element: str, name: str, how: str, tmp_path: Path
) -> None:
    collection = collection_name(Standard.of().specification, element)
    with tenant_and_store() as (tenant, store):
        change_all(tenant, store, element, NO_VALUE[how](name))
        said = refused(tenant, tmp_path / place, *(["--format", "csv"] if place == "r.csv" else []))
    assert f"{collection}: " in said
    assert f"({name} " in said
    assert f"--max-unresolved {collection}.{name}=100 accepts it" in said


LOST: dict[str, tuple[str, Change, str, str]] = {
    # what changes: element, change, what is said, option
    "a reference under another name": (
        "Class",
        lambda record: {**without("course")(record), "courseSourcedId": record["course"]["sourcedId"]},
        "classes.course has 0 values now, 18 before",
        "classes.course=100",
    ),
    "a property": ("User", without("username"), "users.username has 0 values now, 36 before", "users.username=100"),
    "empty texts": ("Org", with_value("name", ""), "orgs.name has 0 values now, 14 before", "orgs.name=100"),
    "all are deleted": (
        "User",
        with_value("status", "ToBeDeleted"),
        "users: 0 rows are not marked as deleted now, 36 before",
        "users.status=100",
    ),
}


@pytest.mark.series
@pytest.mark.parametrize("name", [name for name in PLACES if name not in ("r.zip", "r.csv")])
@pytest.mark.parametrize("case", LOST)
def test_b3_b4_rows_that_lose_their_values_are_a_loss_in_every_format(case: str, name: str, tmp_path: Path) -> None:
    element, change, said, option = LOST[case]
    place = tmp_path / name
    with tenant_and_store() as (tenant, store), roster_of(tenant) as roster:
        pull(roster, place, STRICT)
        change_all(tenant, store, element, change)
        found = refused(tenant, place)
        assert f"{said}; --accept-shrink or --max-shrink {option} accepts it" in found
        assert found.count("--max-shrink") == 1
        accepted = cli(
            "--base-url", tenant.base_url, "--token", tenant.token, "--to", str(place), "--max-shrink", option
        )
    assert accepted.exit_code == 0, accepted.output


def test_b12_a_bound_for_one_property_accepts_that_property_only(tmp_path: Path) -> None:
    place = tmp_path / "r.parquet"
    with tenant_and_store() as (tenant, store):
        access = ["--base-url", tenant.base_url, "--token", tenant.token, "--to", str(place)]
        change_all(tenant, store, "LineItem", with_id_of("category", "none"))
        assert "--max-unresolved lineItems.category=100 accepts it" in refused(tenant, place)
        accepted = ["--max-unresolved", "lineItems.category=100"]
        result = cli(*access, *accepted)
        assert result.exit_code == 0, result.output
        change_all(tenant, store, "LineItem", with_id_of("class", "none"))
        assert "lineItems.class=100" in refused(tenant, place, *accepted)


def test_the_summary_shows_what_was_fetched_and_written_per_file(tmp_path: Path) -> None:
    with tenant_and_store() as (tenant, store):
        change_all(tenant, store, "User", without("username"), every=20)
        access = ["--base-url", tenant.base_url, "--token", tenant.token, "--to", str(tmp_path / "r.zip")]
        result = cli(*access, "--max-left-out", "10", "--only", "users")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["file", "fetched", "written"] in lines
    (found,) = [line for line in lines if line[:1] == ["users.csv"]]
    assert int(found[2]) == count_rows(open_destination(tmp_path / "r.zip"), "User") < int(found[1])


def test_b3_the_rows_in_place_are_counted_where_no_manifest_has_them(tmp_path: Path) -> None:
    place = tmp_path / "r.zip"
    with tenant_and_store() as (tenant, store), roster_of(tenant) as roster:
        pull(roster, place, STRICT)
        for row in truth(tenant)["Result"][:100]:
            store.delete("Result", row["sourcedId"])
        manifest_path(place).unlink()
        with pytest.raises(GuardError, match=r"results\.csv: \d+ rows now, \d+ before"):
            pull(roster, place, STRICT)


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-1", "101", "x", "", "users=", "users=nan", "=5", "pupils=5", "users.x=5"]
)
@pytest.mark.parametrize("option", ["--max-shrink", "--max-left-out", "--max-unreadable", "--max-unresolved"])
def test_a_bound_that_makes_no_sense_is_wrong_usage(option: str, text: str) -> None:
    result = cli("--sandbox", "--to", "r.zip", f"{option}={text}")
    assert result.exit_code == 2
    assert option in result.stderr


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the roster of a tenant without faults, in every format."""
    folder = tmp_path_factory.mktemp("good")
    with Sandbox("small", 3) as tenant, roster_of(tenant) as roster:
        for name in PLACES:
            pull(roster, folder / name, _options(name))
    return folder


def _options(name: str) -> PullOptions:
    return WITHOUT_GRADES._replace(format="csv" if name == "r.csv" else None, paging=SMALL_PAGES)


OF_THE_TENANT = [name for name, each in FAULTS.items() if not each.needs.missing_from(Standard.of().specification)]


@pytest.mark.series
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("fault", OF_THE_TENANT)
def test_with_any_fault_a_place_holds_the_old_roster_or_one_within_the_bounds(
    fault: str, name: str, good: Path, tmp_path: Path
) -> None:
    place = tmp_path / name
    for path in good.glob(f"{name}*"):
        if path.name.removeprefix(name) in ("", ".manifest.json", ".rejects.ndjson"):
            (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / path.name)
    before, rows_before = content_of(tmp_path), rows_in_place(open_destination(place))
    with Sandbox("small", 3, faults=[fault]) as tenant, impatient(tenant, fault) as roster:
        try:
            report = pull(roster, place, _options(name))
        except OneRosterError:
            assert content_of(tmp_path) == before
            return
    found = open_destination(place)
    counted = {element: count_rows(found, element) for element in found.elements()}
    for stored in found.manifest.collections.values():
        assert counted[stored.element] == stored.rows
    limits = PullOptions().limits
    for file, rows in report.written.items():
        collection = file.partition(".")[0]
        assert rows >= rows_before[collection] * (1 - limits.shrink)
        fetched = report.fetched.get(collection)
        omitted = sum(
            int(note.rpartition(": ")[2].rstrip("."))
            for note in report.notes
            if note.startswith(f"{file}: rows left out, not active")
        )
        if fetched is not None:
            assert fetched - omitted - rows <= fetched * limits.left_out


@pytest.mark.parametrize("name", ["r.zip", "r.parquet"])
def test_b10_an_empty_parent_is_none_and_noted(name: str, tmp_path: Path) -> None:
    with Sandbox("small", 3, faults=["empty-parent"]) as tenant, roster_of(tenant) as roster:
        report = pull(roster, tmp_path / name, WITHOUT_GRADES)
        without_parent = [org for org in roster.get_all_orgs() if org.parent is None]
    assert report.rejects["orgs", "empty reference, read as none"] == len(without_parent) > 0
    rows = rows_at(tmp_path / name)["Org"]
    assert sum(row["parentSourcedId"] is None for row in rows) == len(without_parent)
