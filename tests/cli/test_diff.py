"""`oneroster diff`: what is told of two rosters, in which form, with which exit status, and what is not."""

import itertools
import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.cli.diff import HELP
from oneroster.inspection.diff import RecordChange, diff_rosters
from oneroster.pull.formats import format_of
from oneroster.pull.roster.roster_protocol import MemoryRoster
from tests.pull.formats.rosters import changes, roster, sandbox_roster, school, student, table, tables_of
from tests.series import examples

NAMES = {"csv": "r.zip", "ndjson": "r.ndjson", "parquet": "r.parquet", "duckdb": "r.duckdb", "sqlite": "r.sqlite"}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build(), ["diff", *map(str, arguments)])


def put(folder: Path, made: MemoryRoster, name: str = "r.parquet") -> Path:
    folder.mkdir(exist_ok=True)
    format_of(folder / name).write(folder / name, made)
    return folder / name


def compared(tmp_path: Path, old: MemoryRoster, new: MemoryRoster, *arguments: object) -> tuple[int, dict[str, Any]]:
    result = run(put(tmp_path / "old", old), put(tmp_path / "new", new), "--format", "json", *arguments)
    document = json.loads(result.stdout)
    assert document["same"] is (result.exit_code == 0)
    return result.exit_code, document["collections"]


@pytest.mark.series
@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise([*NAMES, "csv"])))
def test_the_same_roster_is_the_same_in_any_two_formats(first: str, second: str, tmp_path: Path) -> None:
    tables = tables_of(sandbox_roster())
    # What a bundle tells otherwise: deleted and incomplete records, an absent class type, a line break.
    made = roster(*(tables[element] for element in ("AcademicSession", "Org", "Demographics", "Category")))
    if "csv" not in (first, second):
        made = roster(*tables.values())
    result = run(put(tmp_path / "old", made, NAMES[first]), put(tmp_path / "new", made, NAMES[second]))
    assert result.exit_code == 0, result.output
    assert result.stdout.rstrip().endswith("No differences.")


def test_what_came_went_and_changed_is_told_by_id_and_field(tmp_path: Path) -> None:
    old = roster(table("Org", school("a", name="A"), school("b"), school("c", identifier="1")))
    new = roster(table("Org", school("d"), school("c", identifier="2", type="local"), school("a", name="A")))
    status, found = compared(tmp_path, old, new)
    assert status == 1
    assert found["orgs"] == {
        "rows": {"old": 3, "new": 3},
        "added": {"count": 1, "ids": ["d"]},
        "removed": {"count": 1, "ids": ["b"]},
        "changed": {
            "count": 1,
            "fields": {"type": 1, "identifier": 1},
            "records": [{"sourcedId": "c", "fields": {"type": ["school", "local"], "identifier": ["1", "2"]}}],
        },
        "not_compared": [],
    }


def test_the_table_says_it_like_a_patch(tmp_path: Path) -> None:
    old = roster(table("Org", school("a"), school("b"), school("c", identifier="1")))
    new = roster(table("Org", school("a"), school("c", identifier=None, name="\x1b[2J"), school("d"), school("e")))
    result = run(put(tmp_path / "old", old), put(tmp_path / "new", new), "--limit", 1)
    assert result.exit_code == 1
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[1].split() == ["orgs", "3", "4", "2", "1", "1"]
    assert lines[3:] == [
        "orgs (changed: name 1, identifier 1)",
        "  - b",
        "  + d",
        "  ~ c",
        "      name: School → \\x1b[2J",
        "      identifier: 1 → (no value)",
        "  … and 1 more; --limit 0 lists all",
    ]


@pytest.mark.parametrize("form", ["table", "json"])
def test_personal_values_are_masked_unless_asked_for_and_passwords_always(form: str, tmp_path: Path) -> None:
    old = student("u", givenName="Mia", password="pw-old", metadata='{"Mia":1}', _extras='{"nick":"Mia"}')
    new = student("u", givenName="Noa", password="pw-new", metadata='{"Noa":1}', _extras='{"nick":"Noa"}', role="aide")
    places = put(tmp_path / "old", roster(table("User", old))), put(tmp_path / "new", roster(table("User", new)))
    masked = run(*places, "--format", form).stdout
    assert not re.search("Mia|Noa|pw-", masked)
    assert re.search("givenName", masked)
    assert "aide" in masked
    shown = run(*places, "--format", form, "--show-personal").stdout
    assert "Mia" in shown
    assert "Noa" in shown
    assert "pw-" not in shown
    assert "Mia" not in repr(RecordChange("u", {"givenName": ("Mia", "Noa")}))


def test_an_absent_text_or_list_and_an_empty_one_are_the_same(tmp_path: Path) -> None:
    old = roster(table("User", student("u", email="", grades=[], userIds=None)))
    new = roster(table("User", student("u", email=None, grades=None, userIds=[])))
    assert compared(tmp_path, old, new)[0] == 0


def test_a_few_huge_values_do_not_fill_the_memory() -> None:
    names = ("username", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone")
    old, new = (
        roster(table("User", *(student(f"u{i}", **dict.fromkeys(names, sign * 2**20)) for i in range(12))))
        for sign in "ab"
    )
    (found,) = diff_rosters(old, new, 1)
    assert (found.changed, set(found.fields)) == (12, set(names))
    before, after = found.changes[0].fields["email"]
    assert re.fullmatch("1048576 characters, SHA-256 [0-9a-f]{64}", before)
    assert before != after


def test_all_kinds_of_values_are_compared_and_told(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    before = {
        "sourcedId": "x",
        "dateLastModified": moment,
        "resultValueMin": 0.5,
        "dueDateOffset": 60,
        "dueDate": moment,
    }
    after = before | {
        "dateLastModified": moment.replace(microsecond=5000),
        "resultValueMin": 0.25,
        "dueDateOffset": None,
    }
    _, found = compared(tmp_path, roster(table("LineItem", before)), roster(table("LineItem", after)))
    assert found["lineItems"]["changed"]["records"][0]["fields"] == {
        "dateLastModified": ["2026-01-01T12:00:00.000Z", "2026-01-01T12:00:00.005Z"],
        "dueDateOffset": [60, None],
        "resultValueMin": [0.5, 0.25],
    }
    one, two = {"sourcedId": "t", "startDate": date(2026, 1, 1)}, {"sourcedId": "t", "startDate": date(2026, 1, 2)}
    again = tmp_path / "again"
    again.mkdir()
    _, found = compared(again, roster(table("AcademicSession", one)), roster(table("AcademicSession", two)))
    assert found["academicSessions"]["changed"]["records"][0]["fields"] == {"startDate": ["2026-01-01", "2026-01-02"]}


def test_of_a_bundle_and_another_format_only_what_a_bundle_tells_counts(tmp_path: Path) -> None:
    moment = datetime(2026, 2, 1, 3, tzinfo=UTC)
    item = {"sourcedId": "li", "status": "active", "title": "t", "assignDate": moment, "dueDate": moment} | {
        "assignDateOffset": -480,
        "classSourcedId": "c",
        "categorySourcedId": "ca",
        "gradingPeriodSourcedId": "t",
        "resultValueMin": 0.0,
        "resultValueMax": 1.0,
    }
    made = roster(table("LineItem", item, item | {"sourcedId": "gone", "status": "tobedeleted"}))
    result = run(put(tmp_path / "old", made, "r.csv"), put(tmp_path / "new", made, "r.sqlite"))
    assert result.exit_code == 0, result.output
    assert "Not compared, because only one roster has them: _extras, dateLastModified, metadata" in result.stdout
    later = roster(table("LineItem", item | {"assignDateOffset": None}))
    result = run(put(tmp_path / "old", made, "s.csv"), put(tmp_path / "new", later, "s.parquet"))
    assert result.exit_code == 1
    assert "assignDate: 2026-01-31 → 2026-02-01" in result.stdout


def test_columns_and_collections_that_only_one_has(tmp_path: Path) -> None:
    old = roster(table("User", student("u", email="a")).drop_columns(["email"]))
    new = roster(table("User", student("u", email="b")), table("Org", school()))
    status, found = compared(tmp_path, old, new)
    assert status == 1
    assert found["users"]["changed"]["count"] == 0
    assert found["users"]["not_compared"] == ["email"]
    assert (found["orgs"]["rows"], found["orgs"]["added"]) == ({"old": 0, "new": 1}, {"count": 1, "ids": ["s"]})
    assert run(put(tmp_path / "a", old), put(tmp_path / "b", new), "--only", "users").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.parquet", "r.parquet"), "nowhere.parquet"),
        (("r.parquet", "delta.parquet"), "NEW contains changes instead of a whole roster"),
        (("delta.parquet", "r.parquet"), "OLD contains changes instead of a whole roster"),
        (("r.parquet", "thing"), "thing does not exist"),
        (("r.parquet", "env.sh"), "env.sh is no roster: its form is none of a pull. Name a roster that was pulled."),
        (("r.parquet", "folder"), "folder is no roster: it has neither manifest.csv nor _manifest.json. Name a"),
        (("r.parquet", "r.parquet", "--only", "pupils"), "Neither roster has a collection 'pupils'; collections: orgs"),
        (("r.parquet",), "NEW"),
    ],
)
def test_trouble_ends_with_2(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, roster(table("Org", school())))
    put(tmp_path, changes(table("Org", school())), "delta.parquet")
    (tmp_path / "env.sh").write_text("A=1", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "--format" not in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["ndjson", "parquet", "duckdb", "sqlite"])
def test_a_place_that_breaks_while_it_is_read_is_named(name: str, tmp_path: Path) -> None:
    old = put(tmp_path / "old", sandbox_roster(), NAMES[name])
    new = put(tmp_path / "new", sandbox_roster(), NAMES[name])
    file = next(path for path in new.iterdir() if "users" in path.name) if new.is_dir() else new
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    result = run(old, new)
    assert result.exit_code == 2
    assert str(file) in result.stderr


cells = st.none() | st.sampled_from(["", "a", "b"])
rosters = st.dictionaries(
    st.sampled_from("uvwx"), st.tuples(cells, st.none() | st.lists(st.sampled_from("12"), max_size=2))
)


@examples(20)
@given(old=rosters, new=rosters)
def test_the_differences_are_those_of_a_naive_comparison(old: dict[str, Any], new: dict[str, Any]) -> None:
    (found,) = diff_rosters(users(old), users(new), 0)
    assert found.added_ids == sorted(new.keys() - old.keys())
    assert found.removed_ids == sorted(old.keys() - new.keys())
    wanted = {}
    for sourced_id in sorted(old.keys() & new.keys()):
        pairs = zip(("email", "grades"), old[sourced_id], new[sourced_id], strict=True)
        fields = {
            name: (before or None, after or None)
            for name, before, after in pairs
            if (before or None) != (after or None)
        }
        if fields:
            wanted[sourced_id] = fields
    assert {change.sourced_id: change.fields for change in found.changes} == wanted
    assert (found.added, found.removed, found.changed) == (len(found.added_ids), len(found.removed_ids), len(wanted))
    assert found.is_same is (not wanted and old.keys() == new.keys())


def users(rows: dict[str, Any]) -> MemoryRoster:
    made = (student(sourced_id, email=email, grades=grades) for sourced_id, (email, grades) in rows.items())
    return roster(table("User", *made))


def test_the_examples_of_the_help_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("yesterday.parquet", "today.parquet", "yesterday.zip", "today.duckdb"):
        put(tmp_path, roster(table("User", student(name[:1])), table("Org", school())), name)
    examples = re.findall(r"`oneroster (diff [^`]+)`", HELP)
    assert len(examples) == 3
    for example in examples:
        result = CliRunner().invoke(build(), shlex.split(example))
        assert result.exit_code == 1, result.output


@pytest.mark.parametrize("missing", ["pyarrow", "duckdb"])
@pytest.mark.parametrize("command", ["diff", "stats"])
def test_without_its_libraries_it_says_what_to_install(command: str, missing: str, tmp_path: Path) -> None:
    places = [str(put(tmp_path, roster(table("Org", school()))))] * (2 if command == "diff" else 1)
    program = f"import sys; sys.modules[{missing!r}] = None; from oneroster.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, command, *places], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f'oneroster {command}: {missing} is not installed; run pip install "oneroster-kit[pull]"\n'
