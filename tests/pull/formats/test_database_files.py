"""Tables of the DuckDB and SQLite formats, and lines of NDJSON, read without this package."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from oneroster.pull.formats import sqlite_file
from oneroster.pull.formats.duckdb_file import DuckDbFormat
from oneroster.pull.formats.ndjson import NdJsonFormat
from oneroster.pull.formats.sqlite_file import SqliteFormat
from tests.pull.formats.rosters import ENROLLMENT, roster, school, student, table

USER = student("u", grades=["01"], metadata='{"a": 1}')
ROSTER = roster(table("User", USER), table("Enrollment", ENROLLMENT))


def test_duckdb_tables_are_typed(tmp_path: Path) -> None:
    assert DuckDbFormat().write(tmp_path / "r", ROSTER).rows == {"users": 1, "enrollments": 1}
    with duckdb.connect(str(tmp_path / "r"), read_only=True) as database:
        types = {name: kind for name, kind, *_ in database.execute("DESCRIBE users").fetchall()}
        assert database.execute("SELECT grades FROM users").fetchall() == [(["01"],)]
    assert types["dateLastModified"] == "TIMESTAMP WITH TIME ZONE"
    assert (types["enabledUser"], types["grades"]) == ("BOOLEAN", "VARCHAR[]")


def test_sqlite_tables_have_text_and_indexed_references(tmp_path: Path) -> None:
    assert SqliteFormat().write(tmp_path / "r", ROSTER).rows == {"users": 1, "enrollments": 1}
    database = sqlite3.connect(tmp_path / "r")
    found = database.execute("SELECT enabledUser, grades, dateLastModified FROM users").fetchall()
    indexes = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql > ''")}
    database.close()
    assert found == [(1, '["01"]', "2026-01-01T00:00:00.000000Z")]
    assert indexes == {f"enrollments_{name}SourcedId" for name in ("class", "school", "user")}


def test_ndjson_lines_are_flat_and_omit_missing_values(tmp_path: Path) -> None:
    assert NdJsonFormat().write(tmp_path / "r", ROSTER).rows == {"users.ndjson": 1, "enrollments.ndjson": 1}
    (line,) = (tmp_path / "r" / "users.ndjson").read_text().splitlines()
    record = json.loads(line)
    assert record.keys() == USER.keys()
    assert record["metadata"] == {"a": 1}
    assert datetime.fromisoformat(record["dateLastModified"]) == datetime(2026, 1, 1, tzinfo=UTC)


def test_d4_sqlite_rows_are_read_in_groups_of_limited_size(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sqlite_file, "_LONGEST_VALUE", 100_000)
    rows = [school(f"s{number}", name="x" * 30_000) for number in range(10)]
    SqliteFormat().write(tmp_path / "r.sqlite", roster(table("Org", *rows)))
    batches = list(SqliteFormat().open(tmp_path / "r.sqlite").read("Org"))
    assert [batch.num_rows for batch in batches] == [4, 4, 2]
