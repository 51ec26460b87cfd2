"""What is written can be read by pandas and Polars, value by value, and by a strict reader of CSV."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oneroster.pull.formats import format_of
from tests.pull.formats.rosters import roster, school, student, table
from tests.pull.formats.test_every_value import ITEM, LINE_ITEMS, ODD_ITEMS, folder, read
from tests.series import examples

Column = list[Any]


def strict_csv(path: Path, column: str) -> Column:
    csv.field_size_limit(4 << 20)
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return [row[column] for row in rows]


def pandas_csv(path: Path, column: str) -> Column:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")[column].tolist()


def polars_csv(path: Path, column: str) -> Column:
    return pl.read_csv(path, infer_schema=False)[column].to_list()


def pandas_parquet(path: Path, column: str) -> Column:
    return pd.read_parquet(path)[column].tolist()


def polars_parquet(path: Path, column: str) -> Column:
    return pl.read_parquet(path)[column].to_list()


def pandas_ndjson(path: Path, column: str) -> Column:
    text = io.StringIO(path.read_bytes().decode())
    found = pd.read_json(text, lines=True, dtype=False)
    return found[column].tolist() if column in found else []


def polars_ndjson(path: Path, column: str) -> Column:
    return pl.read_ndjson(path.read_bytes(), schema={column: pl.String}, ignore_errors=False)[column].to_list()


def pandas_duckdb(path: Path, column: str) -> Column:
    with duckdb.connect(str(path), read_only=True) as database:
        return database.sql(f'SELECT "{column}" FROM lineItems').df()[column].tolist()  # noqa: S608  # a column of the test


def polars_duckdb(path: Path, column: str) -> Column:
    with duckdb.connect(str(path), read_only=True) as database:
        return database.sql(f'SELECT "{column}" FROM lineItems').pl()[column].to_list()  # noqa: S608  # as above


READERS: dict[str, tuple[str, Callable[[Path, str], Column]]] = {
    "strict CSV": ("r.csv", strict_csv),
    "pandas CSV": ("r.csv", pandas_csv),
    "Polars CSV": ("r.csv", polars_csv),
    "pandas Parquet": ("r.parquet", pandas_parquet),
    "Polars Parquet": ("r.parquet", polars_parquet),
    "pandas NDJSON": ("r.ndjson", pandas_ndjson),
    "Polars NDJSON": ("r.ndjson", polars_ndjson),
    "pandas DuckDB": ("r.duckdb", pandas_duckdb),
    "Polars DuckDB": ("r.duckdb", polars_duckdb),
}


def file_of(place: Path, collection: str) -> Path:
    return place if place.suffix == ".duckdb" else place / f"{collection}{place.suffix}"


@pytest.mark.series
@pytest.mark.parametrize("reader", READERS)
@examples(2, deadline=None)
@given(items=st.lists(LINE_ITEMS, min_size=1, max_size=6))
@example(items=ODD_ITEMS)
def test_b7_others_read_the_values_that_are_written(reader: str, items: list[dict[str, Any]]) -> None:
    name, read_with = READERS[reader]
    sent = ({**ITEM, "sourcedId": f"li-{number}", "title": "Item", **item} for number, item in enumerate(items))
    found, _ = read("LineItem", *sent)
    with folder() as made:
        place = made / name
        written = format_of(place).write(place, roster(found))
        path = file_of(place, "lineItems")
        if not written.rows:
            assert not path.exists() or name == "r.duckdb"
            return
        ids = [str(one) for one in read_with(path, "sourcedId")]
        titles = read_with(path, "title")
    assert len(ids) == len(titles) == written.rows[next(iter(written.rows))]
    if name == "r.csv":
        assert set(ids) <= set(found["sourcedId"].to_pylist())
        return
    assert ids == found["sourcedId"].to_pylist()
    assert [one if isinstance(one, str) else None for one in titles] == found["title"].to_pylist()


IDS = ["i" * 100_000, "\x1b[2J", "a\u2028b", '"', "'", "\\", " ", "001", "NA", "null", "1e5", "true", "=1+1"]


@pytest.mark.parametrize("reader", [name for name in READERS if "DuckDB" not in name])
def test_b7_others_read_ids_of_any_kind(reader: str, tmp_path: Path) -> None:
    name, read_with = READERS[reader]
    made = roster(table("Org", *map(school, IDS)), table("User", student("u", orgSourcedIds=IDS[:1])))
    format_of(tmp_path / name).write(tmp_path / name, made)
    assert [str(one) for one in read_with(file_of(tmp_path / name, "orgs"), "sourcedId")] == IDS
