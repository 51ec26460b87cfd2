"""The commands read, pull, compare and count rosters of both versions."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.pull import collection_schema, extract, open_destination
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from oneroster.v1p2 import OneRoster

WIDE = {"COLUMNS": "250"}
SANDBOX = ("--sandbox", "--standard", "1.2")
FORMATS = ("csv", "ndjson", "ndjson.gz", "ndjson.zst", "parquet", "duckdb", "sqlite")


def run(*arguments: str | Path, status: int = 0) -> Result:
    found = CliRunner().invoke(build(), [str(each) for each in arguments], env=WIDE)
    assert found.exit_code == status, found.output
    return found


def without_origin(value: Any) -> Any:
    """Return a value without the port of the sandbox that it came from."""
    if isinstance(value, dict):
        return {name: without_origin(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_origin(each) for each in value]
    return re.sub(r"127\.0\.0\.1:\d+", "sandbox", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A roster of 1.2."""
    path = tmp_path_factory.mktemp("new") / "roster.parquet"
    run("pull", *SANDBOX, "--to", path)
    return path


def test_get_reads_what_only_1_2_has() -> None:
    found = run("get", "score-scales", *SANDBOX, "--limit", "1")
    assert "itemValueLHS" in found.stdout
    assert "of 21 scoreScales" in found.stderr + found.stdout


def test_stats_count_a_roster_of_1_2(new: Path) -> None:
    shown = run("stats", new).stdout
    assert {"scoreScales", "assessmentResults", "siteAdministrator", "ext:librarian"} <= set(shown.split())


def test_diff_compares_rosters_of_one_version_only(new: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.parquet"
    run("pull", "--sandbox", "--to", old)
    assert "No differences." in run("diff", new, new).stdout
    assert "of OneRoster 1.1 and NEW of 1.2, and cannot be compared" in run("diff", old, new, status=2).stderr
    converted = tmp_path / "converted.parquet"
    run("pull", *SANDBOX, "--as", "1.1", "--to", converted)
    shown = run("diff", old, converted, status=1).stdout
    assert {line.split(":")[0].strip() for line in shown.splitlines() if "→" in line} == {"identifier", "courseCode"}


@pytest.mark.series
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_holds_a_roster_of_1_2(form: str, new: Path, tmp_path: Path) -> None:
    path = tmp_path / f"roster.{form}"
    run("pull", *SANDBOX, "--format", form, "--to", path)
    assert "siteAdministrator" in run("stats", path).stdout
    if form == "csv":
        return
    one, other = open_destination(path), open_destination(new)
    assert one.elements() == other.elements()
    for element in one.elements():
        found, wanted = (each.read(element).read_all().to_pylist() for each in (one, other))
        assert [without_origin(row) for row in found] == [without_origin(row) for row in wanted], element


def test_an_extract_of_1_2_has_its_columns() -> None:
    collections = ["users", "scoreScales", "assessmentResults"]
    with (
        Sandbox("small", standard=Standard.of("1.2")) as tenant,
        OneRoster(base_url=tenant.base_url, token=tenant.token) as roster,
        extract(roster, collections) as found,
    ):
        assert [one.collection for one in found.raise_for_error().outcomes] == collections
        for name in collections:
            table = found.read(name).read_all()
            assert table.num_rows
            assert table.schema.names == collection_schema(name, standard="1.2").names
