"""The runner of the benchmarks, at a scale that says nothing about speed: it runs, and measures what it says."""

import csv
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from benchmarks import ROOT
from benchmarks.fast_server import enrollments, running, users
from benchmarks.file_formats import ours, pages_of, stock_csv, stock_parquet
from benchmarks.measurement import Line, in_turn, line, table
from benchmarks.read_loops import arrow_walk, classlink_walk, guaranteed_walk, stock_walk, typed_walk
from benchmarks.stock_client import Stock, generated
from benchmarks.synthetic_records import page
from oneroster_v1p1.models import EnrollmentPage, UserPage

TINY = ["--quick", "--rounds", "1", "--rows", "1200", "--latency", "1"]
MEASURED = {
    "decode": 6,
    "walk": 7,
    "latency": 2,
    "memory": 1,
    "import": 1,
    "files": 2,
    "pull": 2,
    "pull-peers": 3,
    "requests": 2,
    "pull-latency": 2,
    "pull-memory": 3,
    "growth": 2,
}


EACH_PART = "tests/benchmarks/test_bench.py::test_each_part_gives_its_rows_of_the_table["

Rows = dict[str, list[str]]


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest) -> tuple[str, Rows]:
    """The progress of one run of all parts that a test asks for, and the rows of its table by part."""
    tests = [item for item in request.session.items if item.nodeid.startswith(EACH_PART)]
    parts = [part for part in MEASURED if any(item.nodeid.endswith(f"[{part}]") for item in tests)]
    only = [word for part in parts for word in ("--only", part)]
    command = [sys.executable, "-m", "benchmarks", *TINY, *only]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    head, *rows = outcome.stdout.splitlines()
    assert head.split() == ["measured", "median", "least", "most", "target"]
    lines = iter(rows)
    by_part = {part: list(islice(lines, MEASURED[part])) for part in parts}
    assert list(lines) == []
    return outcome.stderr, by_part


@pytest.mark.series(dear=True)
@pytest.mark.parametrize("part", MEASURED)
def test_each_part_gives_its_rows_of_the_table(part: str, measured: tuple[str, Rows]) -> None:
    progress, rows = measured
    assert len(rows[part]) == MEASURED[part]
    for row in rows[part]:
        assert re.search(r"  \d+\.\d\d  +\d+\.\d\d  +\d+\.\d\d(  +<= \d\.\d\d  (met|missed))?$", row), row
    assert "round 1 of 1" in progress


def test_the_script_is_the_same_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import environment

    monkeypatch.setattr(environment, "ensure", lambda: None)
    monkeypatch.setattr(sys, "argv", ["bench", "--help"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "scripts" / "bench"))
    assert ended.value.code == 0
    assert "--quick" in capsys.readouterr().out


def test_contestants_take_turns_and_none_is_always_first() -> None:
    order: list[str] = []

    def runner(name: str, cost: float) -> float:
        order.append(name)
        return cost

    costs = in_turn("x", {"a": lambda: runner("a", 1.0), "b": lambda: runner("b", 4.0)}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert costs == {"a": [1.0] * 3, "b": [4.0] * 3}


def test_ratios_are_taken_within_a_round_before_their_median() -> None:
    # The machine was ten times slower in the second round; that must not show.
    found = line("x", [1.0, 10.0, 3.0], [2.0, 20.0, 2.0], 0.5)
    assert found.ratios == (0.5, 0.5, 1.5)
    assert (found.median, found.verdict) == (0.5, "met")


def test_the_table_says_met_and_missed_and_nothing_without_a_target() -> None:
    text = table([Line("one", (0.9,), 1.0), Line("two", (1.1,), 1.0), Line("three", (1.1,))])
    assert [row.split()[-1] for row in text.splitlines()[1:]] == ["met", "missed", "1.10"]


@given(rows=st.integers(1, 5000), limit=st.integers(1, 3000))
def test_the_quick_server_has_every_row_once_however_it_is_cut(rows: int, limit: int) -> None:
    collection = enrollments(rows)
    ids: list[str] = []
    for offset in range(0, rows + limit, limit):
        ids.extend(row["sourcedId"] for row in json.loads(collection.page(offset, limit))["enrollments"])
    assert len(ids) == len(set(ids)) == rows


@pytest.fixture(scope="module")
def stock() -> Iterator[Stock]:
    with generated() as package:
        yield package


def test_all_ways_see_all_rows_of_the_quick_server(stock: Stock) -> None:
    with running(2500) as base_url:
        assert typed_walk(base_url) == arrow_walk(base_url) == guaranteed_walk(base_url, 1000) == 2500
        assert classlink_walk(base_url, 1000) == 2500
        assert stock_walk(stock, base_url, 1000) == 2500


@pytest.mark.parametrize("count", [1, 300, 1000, 3000])
def test_every_enrollment_is_of_a_user_who_is_there(count: int) -> None:
    there = {row["sourcedId"] for row in json.loads(users(count).page(0, count))["users"]}
    rows = json.loads(enrollments(5000, count).page(0, 5000))["enrollments"]
    assert {row["user"]["sourcedId"] for row in rows} == there


def test_both_ways_to_csv_write_the_same_cells(stock: Stock, tmp_path: Path) -> None:
    pages = pages_of(2000, 1000)
    assert ours(pages, "csv", tmp_path / "ours")["users.csv"] == 2000
    assert stock_csv(stock, pages, tmp_path / "stock") == {"users.csv": 2000, "enrollments.csv": 2000}
    for name in ("users.csv", "enrollments.csv"):
        texts = ((tmp_path / way / name).read_text(encoding="utf-8") for way in ("ours", "stock"))
        mine, theirs = (list(csv.reader(text.splitlines())) for text in texts)
        assert mine == theirs


def test_both_ways_to_parquet_write_all_rows(stock: Stock, tmp_path: Path) -> None:
    pages = pages_of(1500, 1000)
    ours(pages, "parquet", tmp_path / "ours")
    stock_parquet(stock, pages, tmp_path / "stock")
    for name in ("users.parquet", "enrollments.parquet"):
        mine, theirs = (parquet.read_table(tmp_path / way / name) for way in ("ours", "stock"))
        assert mine["sourcedId"].to_pylist() == theirs["sourcedId"].to_pylist()
        assert mine.num_rows == 1500


def test_regular_pages_have_no_problems_and_odd_ones_one_in_so_many() -> None:
    for wrapper, model in (("users", UserPage), ("enrollments", EnrollmentPage)):
        regular = getattr(model.from_dict(json.loads(page(wrapper, 500))), wrapper)
        assert not any(record.problems() or record.additional_properties for record in regular)
        whole, odd = (json.loads(page(wrapper, 500, every))[wrapper] for every in (None, 100))
        assert [index for index in range(500) if whole[index] != odd[index]] == [99, 199, 299, 399, 499]
