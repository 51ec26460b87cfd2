"""A file that somebody else wrote is data: it reaches no other file, and its sizes are bounded before it is read."""

import gzip
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from oneroster.pull import DestinationError, open_destination
from oneroster.pull.formats import FORMATS
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS
from tests.pull.formats.rosters import roster, school, table, tables_of

SECRET = "kept apart from all rosters"


def stored(place: Path, name: str) -> Path:
    FORMATS[name].write(place, roster(table("Org", school())))
    return place


def replace_duckdb_table(place: Path, definition: str) -> None:
    with duckdb.connect(str(place)) as database:
        database.execute("ALTER TABLE orgs RENAME TO kept")
        database.execute(definition)


DUCKDB = {
    "a view of a file": "CREATE VIEW orgs AS SELECT content AS sourcedId, * EXCLUDE content FROM read_text('{secret}')",
    "a view of a table": "CREATE VIEW orgs AS SELECT * FROM kept",
    "a view in another schema": "CREATE SCHEMA temporary; CREATE VIEW temporary.orgs AS SELECT * FROM kept",
}


@pytest.mark.parametrize("case", DUCKDB)
def test_d3_a_duckdb_file_with_views_is_refused(case: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    place = stored(tmp_path / "v.duckdb", "duckdb")
    replace_duckdb_table(place, DUCKDB[case].format(secret=secret))
    with pytest.raises(DestinationError, match="has no table orgs") as refused:
        tables_of(open_destination(place))
    assert SECRET not in str(refused.value)


def test_d3_a_duckdb_file_whose_manifest_is_a_view_is_refused(tmp_path: Path) -> None:
    place = stored(tmp_path / "v.duckdb", "duckdb")
    with duckdb.connect(str(place)) as database:
        database.execute("ALTER TABLE _oneroster RENAME TO kept")
        database.execute("CREATE VIEW _oneroster AS SELECT content AS manifest FROM read_text('/etc/hostname')")
    with pytest.raises(DestinationError, match="has no table _oneroster"):
        open_destination(place)


SQLITE = {
    "a view": "CREATE VIEW orgs AS SELECT * FROM kept",
    "a virtual table": "CREATE VIRTUAL TABLE orgs USING fts5(sourcedId, status, dateLastModified, name)",
    "a computed column": "CREATE TABLE orgs (sourcedId TEXT, name TEXT AS (hex(zeroblob(100))))",
}


@pytest.mark.parametrize("case", SQLITE)
def test_d3_an_sqlite_file_with_more_than_tables_is_refused(case: str, tmp_path: Path) -> None:
    place = stored(tmp_path / "v.sqlite", "sqlite")
    database = sqlite3.connect(place)
    database.execute("ALTER TABLE orgs RENAME TO kept")
    database.execute(SQLITE[case])
    database.commit()
    database.close()
    with pytest.raises(DestinationError, match="has no table orgs"):
        tables_of(open_destination(place))


@pytest.mark.parametrize("value", [7, b"bytes", None, 1.5])
def test_a_manifest_that_is_no_text_is_refused(value: object, tmp_path: Path) -> None:
    place = stored(tmp_path / "v.sqlite", "sqlite")
    database = sqlite3.connect(place)
    database.execute("CREATE TABLE other (manifest)")
    database.execute("INSERT INTO other VALUES (?)", [value])
    database.execute("DROP TABLE _oneroster")
    database.execute("ALTER TABLE other RENAME TO _oneroster")
    database.commit()
    database.close()
    with pytest.raises(DestinationError, match="does not hold the manifest"):
        open_destination(place)


def zip_with(place: Path, name: str, size: int) -> Path:
    """A bundle in which a file is one long line."""
    header = ",".join(BINDINGS["1.1"].files["orgs"].header)
    modes = "".join(f"file.{each},{'bulk' if each == 'orgs' else 'absent'}\r\n" for each in BINDINGS["1.1"].files)
    manifest = f"propertyName,value\r\noneroster.version,1.1\r\n{modes}"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for each, start in (("manifest.csv", manifest), ("orgs.csv", f"{header}\r\n")):
            with archive.open(each, "w", force_zip64=True) as file:
                file.write(start.encode())
                if each == name:
                    for _ in range(size >> 20):
                        file.write(b"x" * (1 << 20))
    return place


def bundle_line(folder: Path) -> Path:
    return zip_with(folder / "r.zip", "orgs.csv", 700 << 20)


def bundle_manifest(folder: Path) -> Path:
    return zip_with(folder / "r.zip", "manifest.csv", 700 << 20)


def ndjson_line(folder: Path) -> Path:
    place = stored(folder / "r.ndjson.gz", "ndjson.gz")
    with gzip.open(place / "orgs.ndjson.gz", "wb", compresslevel=1) as file:
        for _ in range(700):
            file.write(b" " * (1 << 20))
    return place


def folder_manifest(folder: Path) -> Path:
    place = stored(folder / "r.parquet", "parquet")
    with (place / "_manifest.json").open("r+b") as file:
        file.truncate(700 << 20)
    return place


def parquet_value(folder: Path) -> Path:
    place = stored(folder / "r.parquet", "parquet")
    rows = pa.Table.from_pylist([school(name="x" * (600 << 20))], schema=parquet.read_schema(place / "orgs.parquet"))
    # Without dictionary and statistics, each of which would read the value once more.
    parquet.write_table(rows, place / "orgs.parquet", compression="zstd", use_dictionary=False, write_statistics=False)
    return place


def parquet_repeats(folder: Path) -> Path:
    place = stored(folder / "r.parquet", "parquet")
    rows = [school(f"s{number}", name="x" * (1 << 20)) for number in range(600)]
    schema = parquet.read_schema(place / "orgs.parquet")
    with parquet.ParquetWriter(place / "orgs.parquet", schema, compression="zstd") as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    return place


READ = """
import resource, sys
from oneroster.pull import DestinationError, open_destination
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    found = open_destination(sys.argv[1])
    for element in found.elements():
        for batch in found.read(element):
            pass
except DestinationError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""

BOMBS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "D4 a line of a bundle": (bundle_line, "a line of more than"),
    "D4 a manifest of a bundle": (bundle_manifest, "more than 16 MB"),
    "D4 a line of NDJSON": (ndjson_line, "a line of more than"),
    "D4 a manifest of a folder": (folder_manifest, "more than 16 MB"),
    "D4 a value of Parquet": (parquet_value, "a row group has more than"),
    "D4 a repeated value of Parquet": (parquet_repeats, ""),
}


@pytest.mark.series(by=lambda parameters: parameters["case"])
@pytest.mark.parametrize("case", BOMBS)
def test_d4_a_small_file_does_not_fill_the_memory(case: str, tmp_path: Path) -> None:
    make, said = BOMBS[case]
    place = make(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(place)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert int(done.stdout.splitlines()[-1]) < 450
