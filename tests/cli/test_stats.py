"""`oneroster stats`: what is counted, and that it shows nobody."""

import json
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.cli.stats import HELP
from oneroster.pull.formats import format_of
from oneroster.pull.roster.roster_protocol import MemoryRoster
from tests.pull.formats.rosters import roster, sandbox_roster, school, student, table, tables_of


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build(), ["stats", *map(str, arguments)])


def statistics_json(folder: Path, made: MemoryRoster, *arguments: str, name: str = "r.parquet") -> dict[str, Any]:
    format_of(folder / name).write(folder / name, made)
    result = run(folder / name, "--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def enrollment(sourced_id: str, **more: Any) -> dict[str, Any]:
    given = {"sourcedId": sourced_id, "status": "active", "role": "student", "schoolSourcedId": "s"}
    return given | {"classSourcedId": "c", "userSourcedId": "u"} | more


SMALL = roster(
    table(
        "Org", school(name="North"), school("empty"), school("d", type="district"), school("old", status="tobedeleted")
    ),
    table(
        "User",
        student("u", grades=["01", "02"], agentSourcedIds=["nobody", "m"]),
        student("v", grades=["01"], status=None),
        student("m", role="teacher", orgSourcedIds=["s", "d"]),
        student("x", status="tobedeleted"),
    ),
    table(
        "Class",
        {"sourcedId": "c", "status": "active", "schoolSourcedId": "s"},
        {"sourcedId": "idle", "status": "active", "schoolSourcedId": "old"},
    ),
    table(
        "Enrollment",
        enrollment("e"),
        enrollment("f", userSourcedId="x"),
        enrollment("g", userSourcedId="m", role="teacher", classSourcedId="nowhere"),
        enrollment("h", status="tobedeleted", classSourcedId="nowhere"),
    ),
)


def test_everything_active_is_counted_where_it_belongs(tmp_path: Path) -> None:
    found = statistics_json(tmp_path, SMALL, "--show-personal")
    assert found["collections"] == {
        "orgs": {"active": 3, "deleted": 1},
        "users": {"active": 3, "deleted": 1},
        "classes": {"active": 2, "deleted": 0},
        "enrollments": {"active": 3, "deleted": 1},
    }
    assert found["roles"] == {"student": 2, "teacher": 1}
    assert found["enrollments"] == {"student": 2, "teacher": 1}
    assert found["grades"] == {"01": 2, "02": 1}
    counts = {place["sourced_id"]: tuple(place.values())[1:] for place in found["schools"]}
    assert counts == {
        "d": ("School", 0, 1, 0, 0),
        "empty": ("School", 0, 0, 0, 0),
        "old": (None, 0, 0, 1, 0),
        "s": ("North", 2, 1, 1, 3),
    }


def test_orphans_are_named_by_id(tmp_path: Path) -> None:
    found = {
        (orphans["collection"], orphans["what"]): (orphans["number"], orphans["ids"])
        for orphans in statistics_json(tmp_path, SMALL)["orphans"]
    }
    assert found == {
        ("users", "agentSourcedIds refers to a missing record"): (1, ["u"]),
        ("classes", "schoolSourcedId refers to a deleted record"): (1, ["idle"]),
        ("enrollments", "classSourcedId refers to a missing record"): (1, ["g"]),
        ("enrollments", "userSourcedId refers to a deleted record"): (1, ["f"]),
        ("classes", "has no enrollment"): (1, ["idle"]),
        ("users", "is a student without an enrollment"): (1, ["v"]),
    }


@pytest.mark.parametrize("name", ["r.parquet", "r.zip", "r.sqlite"])
def test_a_whole_sandbox_is_counted_as_its_rows_say(name: str, tmp_path: Path) -> None:
    found = statistics_json(tmp_path, sandbox_roster(), "--show-personal", name=name)
    active = [row for row in tables_of(sandbox_roster())["User"].to_pylist() if row["status"] == "active"]
    assert found["roles"] == Counter(row["role"] for row in active)
    grades = [grade for row in active if row["role"] == "student" for grade in row["grades"] or ()]
    assert found["grades"] == Counter(grades)
    assert found["collections"]["users"]["active"] == len(active)


def test_few_students_of_a_grade_do_not_show(tmp_path: Path) -> None:
    made = roster(table("User", student("a", grades=["01"]), *(student(f"b{i}", grades=["02"]) for i in range(5))))
    assert statistics_json(tmp_path, made)["grades"] == {"01": "<5", "02": 5}
    text = run(tmp_path / "r.parquet").stdout
    assert re.search(r"01 +<5", text)
    assert re.search(r"01 +1", run(tmp_path / "r.parquet", "--show-personal").stdout)


def test_the_limit_bounds_what_is_listed_and_not_what_is_counted(tmp_path: Path) -> None:
    made = roster(table("User", *(student(f"u{i:02}") for i in range(12))), table("Org", school("t")))
    for limit, number in (("3", 3), ("0", 12)):
        (orphans,) = statistics_json(tmp_path, made, "--limit", limit, name=f"{limit}.parquet")["orphans"]
        assert (orphans["number"], len(orphans["ids"])) == (12, number)
    assert "u00  u01  u02  …" in run(tmp_path / "3.parquet", "--limit", 3).stdout


def test_the_table_shows_the_same_and_nobody(tmp_path: Path) -> None:
    statistics_json(tmp_path, sandbox_roster())
    text = run(tmp_path / "r.parquet").stdout
    people = tables_of(sandbox_roster())["User"].to_pylist()
    values = {row[name] for row in people for name in ("username", "email", "identifier", "phone") if row[name]}
    assert not [value for value in values if value in text]
    for said in (
        "collection",
        "students of grade",
        "North Primary School",
        "agentSourcedIds refers to a deleted record",
    ):
        assert said in text


def test_a_roster_without_what_is_counted_is_no_trouble(tmp_path: Path) -> None:
    made = roster(table("User", student("u")).select(["sourcedId"]), table("Result"))
    found = statistics_json(tmp_path, made)
    assert found["collections"] == {"users": {"active": 1, "deleted": 0}, "results": {"active": 0, "deleted": 0}}
    assert not any(found[name] for name in ("roles", "grades", "schools", "orphans"))
    assert "No orphans." in run(tmp_path / "r.parquet").stdout


def test_a_place_that_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere.duckdb", tmp_path):
        result = run(place)
        assert result.exit_code == 2
        assert result.stderr.startswith("oneroster stats: ")
        assert "Traceback" not in result.output


def test_the_examples_of_the_help_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("today.parquet", "roster.zip"):
        format_of(tmp_path / name).write(tmp_path / name, SMALL)
    examples = re.findall(r"`oneroster (stats [^`]+)`", HELP)
    assert len(examples) == 2
    for example in examples:
        assert CliRunner().invoke(build(), shlex.split(example)).exit_code == 0
