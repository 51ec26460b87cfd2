"""Every value that a server can send is a reject, or is written so that we and other readers can read it back."""

import csv
import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyarrow import parquet

from oneroster.inspection.diff import diff_rosters
from oneroster.inspection.statistics import compute_statistics
from oneroster.pull import open_destination
from oneroster.pull.fetch.arrow_batches import Batcher
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.pull.formats import FORMATS, format_of
from oneroster.pull.incremental.watermark import known_state
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.rejects import UNREADABLE, WITHOUT_ZONE, Reject
from oneroster.standard import Standard
from oneroster.transport.bounded_response import RawResponse
from tests.pull.formats.rosters import roster, school, small, student, table, tables_of
from tests.series import examples

STANDARD = Standard.of()
BASE = "https://sis.example/ims/oneroster/v1p1"
PLACES = ("r.zip", "r.parquet", "r.ndjson", "r.ndjson.gz", "r.ndjson.zst", "r.duckdb", "r.sqlite")

TEXTS = st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Cf"]), max_size=8)
EDGES = st.sampled_from(
    ["0001-01-01T00:00:00", "0001-01-01T23:59:59.999999", "9999-12-31T23:59:59.999999", "9999-12-31T00:00:00"]
)
MIDDLE = st.datetimes().map(lambda when: when.isoformat())
ZONES = st.sampled_from(["", "Z", "+00:00", "-00:00", "+05:30", "-05:00", "+14:00", "-12:00", "+23:59", "-23:59"])
INSTANTS = st.tuples(EDGES | MIDDLE, ZONES).map("".join) | TEXTS
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
LINE_ITEMS = st.fixed_dictionaries(
    {"dueDate": INSTANTS, "assignDate": INSTANTS, "dateLastModified": INSTANTS, "title": TEXTS},
    optional={
        "metadata": JSON,
        "extra": JSON,
        "resultValueMax": st.floats() | st.integers(-(10**400), 10**400) | TEXTS,
    },
)

ODD_ITEMS: list[dict[str, Any]] = [
    {"dueDate": "9999-12-31T23:59:59-05:00"},
    {"dueDate": "0001-01-01T00:00:00+05:00"},
    {"dueDate": "9999-12-31T23:59:59Z", "assignDate": "0001-01-01T00:00:00Z"},
    {"dueDate": "9999-12-31T23:00:00+23:59", "assignDate": "9999-12-31T00:00:00-23:59"},
    {"dateLastModified": "0001-01-01T00:00:00Z"},
    {"extra": "\ud800", "metadata": {"\udfff": 1}, "title": "\x00\x1b\x85"},
    {"extra": 2**80, "metadata": {"a": -(2**80)}},
    {"title": "x" * 1_000_000},
]


def read(element: str, *records: dict[str, Any], time_zone: str | None = None) -> tuple[pa.Table, list[Reject]]:
    """The rows that a pull makes of the records of a server, and the rejects."""
    operation = STANDARD.specification.elements[element].collection or ""
    call = RowsCall(STANDARD, operation, {}, BASE, time_zone)
    body = json.dumps({call.collection: list(records)}).encode()
    page = call.read_rows(RawResponse(200, httpx.Headers(), body, BASE))
    rows = [row for row in page.rows if row is not None]
    schema = schema_of(STANDARD.specification, element)
    batches = [Batcher(STANDARD, schema).batch(rows)] if rows else []
    return pa.Table.from_batches(batches, schema), [flaw for flaws in page.flaws.values() for flaw in flaws]


def reference(to: str, kind: str) -> dict[str, str]:
    return {"sourcedId": to, "type": kind, "href": f"{BASE}/{kind}/{to}"}


ITEM = {"sourcedId": "li", "status": "active", "class": reference("c", "class"), "resultValueMin": 0} | {
    "category": reference("ca", "category"),
    "gradingPeriod": reference("t", "academicSession"),
    "resultValueMax": 10,
}


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def others_read(place: Path, name: str, rows: int) -> None:
    """Read a collection as programs do that know nothing of us: each must find the same number of rows."""
    if place.suffix == ".zip":
        with zipfile.ZipFile(place) as archive:
            if f"{name}.csv" in archive.namelist():
                csv.field_size_limit(4 << 20)
                text = io.TextIOWrapper(archive.open(f"{name}.csv"), "utf-8", errors="strict", newline="")
                found = list(csv.DictReader(text, strict=True))
                assert all(None not in row and None not in row.values() for row in found)
    elif place.suffix == ".parquet":
        assert parquet.read_table(place / f"{name}.parquet").num_rows == rows
        with duckdb.connect() as database:
            query = f"SELECT * FROM read_parquet('{place / name}.parquet')"  # noqa: S608  # a name of the test's own
            assert database.execute(f"CREATE TABLE found AS {query}").fetchone() == (rows,)
    elif place.suffix == ".ndjson":
        lines = (place / f"{name}.ndjson").read_bytes().splitlines()
        assert len([json.loads(line) for line in lines]) == rows
    elif place.suffix == ".sqlite":
        database = sqlite3.connect(place)
        assert len(database.execute(f"SELECT * FROM {name}").fetchall()) == rows  # noqa: S608  # a name of the roster
        database.close()
    elif place.suffix == ".duckdb":
        with duckdb.connect(str(place), read_only=True) as database:
            assert database.sql(f"SELECT * FROM {name}").to_arrow_table().num_rows == rows  # noqa: S608  # a name of the roster


@pytest.mark.series
@pytest.mark.parametrize("name", PLACES)
@examples(2, deadline=None)
@given(items=st.lists(LINE_ITEMS, min_size=1, max_size=6))
@example(items=ODD_ITEMS)
def test_b7_what_a_server_sends_is_written_so_that_it_can_be_read(name: str, items: list[dict[str, Any]]) -> None:
    sent = ({**ITEM, "sourcedId": f"li-{number}", "title": "Item", **item} for number, item in enumerate(items))
    found, _ = read("LineItem", *sent)
    made = roster(found)
    with folder() as place:
        written = format_of(place / name).write(place / name, made)
        stored = open_destination(place / name)
        tables = tables_of(stored)
        if name != "r.zip":
            assert tables["LineItem"].to_pylist() == found.to_pylist()
        others_read(place / name, "lineItems", found.num_rows)
        assert {file.collection: file.rows for file in written.files}["lineItems"] == len(tables.get("LineItem", ()))
        compute_statistics(stored, 1)
        assert all(difference.is_same for difference in diff_rosters(stored, stored, 1))
        list(diff_rosters(made, stored, 1))
        if name != "r.zip":
            known_state(stored, "LineItem")


@pytest.mark.series
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("sourced_id", ["i" * 1_000_000, "\x00", "\x1b[2J", "a\u2028b", '"', "'", "\\", " "])
def test_b7_ids_of_any_kind_come_back(name: str, sourced_id: str, tmp_path: Path) -> None:
    made = roster(table("Org", school(sourced_id)), table("User", student("u", orgSourcedIds=[sourced_id])))
    format_of(tmp_path / name).write(tmp_path / name, made)
    tables = tables_of(open_destination(tmp_path / name))
    assert tables["Org"]["sourcedId"].to_pylist() == [sourced_id]
    assert tables["User"]["orgSourcedIds"].to_pylist() == [[sourced_id]]
    others_read(tmp_path / name, "orgs", 1)


@pytest.mark.parametrize("due", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+00:01"])
def test_b7_instants_that_no_calendar_holds_are_rejects(due: str) -> None:
    found, rejects = read("LineItem", {**ITEM, "title": "Item", "dueDate": due})
    assert [(reject.field, reject.reason) for reject in rejects if reject.reason == UNREADABLE] == [
        ("dueDate", UNREADABLE)
    ]
    assert found["dueDate"].to_pylist() == [None]


def test_b7_escaped_digits_hide_nothing() -> None:
    call = RowsCall(STANDARD, "getAllLineItems", {}, BASE)
    body = json.dumps({"lineItems": [{**ITEM, "dueDate": "9999-12-31T23:59:59-05:00"}]}).replace("9999", "\\u0039999")
    page = call.read_rows(RawResponse(200, httpx.Headers(), body.encode(), BASE))
    assert any(flaw.reason == UNREADABLE and flaw.field == "dueDate" for flaw in page.flaws[0])


def days(tmp_path: Path, due: str, time_zone: str) -> tuple[str, str]:
    found, _ = read(
        "LineItem", {**ITEM, "title": "Item", "assignDate": due, "dueDate": due}, time_zone=time_zone or None
    )
    made = roster(*(part for element, part in small().items() if element != "LineItem"), found, time_zone=time_zone)
    notes = FORMATS["csv"].write(tmp_path / "bundle", made).notes
    (row,) = csv.DictReader((tmp_path / "bundle" / "lineItems.csv").read_text().splitlines())
    return row["dueDate"], " ".join(notes)


@pytest.mark.parametrize(
    ("due", "time_zone", "day", "noted"),
    [
        ("2026-03-07T04:59:00Z", "America/New_York", "2026-03-06", False),
        ("2026-03-07T04:59:00Z", "", "2026-03-07", True),
        ("2026-03-06T23:59:00-05:00", "", "2026-03-06", False),
        ("2026-03-06T23:59:00-05:00", "Asia/Tokyo", "2026-03-07", False),
        ("2026-03-06T23:59:00", "America/New_York", "2026-03-06", False),
        ("2026-07-07T03:59:00Z", "America/New_York", "2026-07-06", False),
        ("9999-12-31T23:59:59Z", "Asia/Tokyo", "9999-12-31", False),
    ],
)
def test_b8_b9_a_day_is_that_of_the_tenant(tmp_path: Path, due: str, time_zone: str, day: str, noted: bool) -> None:
    found, notes = days(tmp_path, due, time_zone)
    assert found == day
    assert ("set time_zone" in notes) == noted


def test_b9_times_without_a_zone_are_of_the_tenant_or_counted_as_odd() -> None:
    item = {**ITEM, "title": "Item", "dueDate": "2026-03-06T23:59:00"}
    found, rejects = read("LineItem", item)
    assert [(reject.field, reject.kept) for reject in rejects if reject.reason == WITHOUT_ZONE] == [("dueDate", True)]
    assert found["dueDate"].to_pylist() == [datetime(2026, 3, 6, 23, 59, tzinfo=UTC)]
    found, rejects = read("LineItem", item, time_zone="America/New_York")
    assert not [reject for reject in rejects if reject.reason == WITHOUT_ZONE]
    eastern = timezone(timedelta(hours=-5))
    assert found["dueDate"].to_pylist() == [datetime(2026, 3, 6, 23, 59, tzinfo=eastern)]
