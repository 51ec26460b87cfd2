"""Which format a place has: by what is there, else by its name, else by what is said."""

import os
from pathlib import Path

import pytest

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats import FORMATS, format_of
from oneroster.pull.formats.detection import open_destination
from tests.pull.formats.rosters import roster, school, table


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("r.zip", "csv"),
        ("r.csv", "csv"),
        ("r.ndjson", "ndjson"),
        ("r.ndjson.gz", "ndjson.gz"),
        ("R.NDJSON.ZST", "ndjson.zst"),
        ("r.parquet", "parquet"),
        ("r.duckdb", "duckdb"),
        ("r.sqlite", "sqlite"),
        ("r.sqlite3", "sqlite"),
        ("r.db", "sqlite"),
    ],
)
def test_a_name_tells_the_format_where_nothing_is(name: str, format_: str, tmp_path: Path) -> None:
    assert format_of(tmp_path / name).name == format_


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_there_outranks_the_name(name: str, tmp_path: Path) -> None:
    place = tmp_path / ("r.parquet" if name != "parquet" else "r.zip")
    FORMATS[name].write(place, roster(table("Org", school())))
    assert format_of(place).name == name
    assert format_of(place).open(place).read("Org").read_all().num_rows == 1


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_said_outranks_all(name: str, tmp_path: Path) -> None:
    FORMATS["sqlite"].write(tmp_path / "r.duckdb", roster())
    assert format_of(tmp_path / "r.duckdb", name) is FORMATS[name]


def test_csv_into_a_name_that_ends_in_zip_is_a_zip(tmp_path: Path) -> None:
    for name in (None, "csv"):
        format_of(tmp_path / "r.zip", name).write(tmp_path / "r.zip", roster())
        assert (tmp_path / "r.zip").read_bytes().startswith(b"PK")
        (tmp_path / "r.zip").unlink()


@pytest.mark.parametrize("name", ["roster", "roster.txt", "."])
def test_an_unclear_place_is_answered_with_what_to_say(name: str, tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match=r"Pass --format with one of csv, ndjson, .*\.sqlite"):
        format_of(tmp_path / name)


def test_an_unknown_format_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="Unknown format 'xml'; formats: csv, ndjson"):
        format_of(tmp_path / "r", "xml")


def test_an_empty_folder_is_what_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "r.parquet").mkdir()
    assert format_of(tmp_path / "r.parquet").name == "parquet"
    FORMATS["parquet"].write(tmp_path / "s.ndjson", roster())
    assert format_of(tmp_path / "s.ndjson").name == "ndjson"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", ["r.zip", "r.duckdb", "r.sqlite", "r.parquet", "r.other"])
def test_d4_a_pipe_is_no_destination(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(DestinationError, match="neither a file nor a folder"):
        format_of(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", ["csv", "ndjson", "ndjson.gz", "parquet"])
def test_d4_a_pipe_in_a_folder_is_no_file_of_a_roster(name: str, tmp_path: Path) -> None:
    place = tmp_path / "r"
    FORMATS[name].write(place, roster(table("Org", school())))
    (place / f"orgs.{name}").unlink()
    os.mkfifo(place / f"orgs.{name}")
    with pytest.raises(DestinationError, match=r"orgs"):
        FORMATS[name].open(place).read("Org").read_all()


@pytest.mark.parametrize("name", ["a.zip", "a.duckdb", "a.sqlite", "a.parquet", "a.ndjson", "a.csv", "a.ndjson.gz"])
def test_a_roster_that_does_not_exist_is_named_as_such(tmp_path: Path, name: str) -> None:
    with pytest.raises(DestinationError) as caught:
        open_destination(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name} does not exist; name a roster that was pulled."
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_of_other_files_is_named_as_such(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("notes", encoding="utf-8")
    with pytest.raises(DestinationError, match=r"is (not the folder of a roster|a folder, and).* Name another"):
        FORMATS[name].open(tmp_path)
