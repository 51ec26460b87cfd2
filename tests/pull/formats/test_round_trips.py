"""What is put into a place comes out of it: the same rows, in the same order, of the same types."""

import os
import sqlite3
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats import FORMATS
from oneroster.pull.formats.rebatch import rebatch
from oneroster.pull.formats.sql_helpers import database_error
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.roster_protocol import MemoryRoster
from oneroster.standard import Standard
from tests.pull.formats.rosters import COLLECTED, HOSTILE, roster, sandbox_roster, school, table, tables, tables_of
from tests.series import examples

EXACT = [name for name in FORMATS if name != "csv"]
FOLDERS = [name for name in EXACT if name not in ("duckdb", "sqlite")]

pytestmark = pytest.mark.parametrize("name", EXACT)


def there_and_back(name: str, made: MemoryRoster, place: Path) -> dict[str, pa.Table]:
    FORMATS[name].write(place, made)
    return tables_of(FORMATS[name].open(place))


def assert_same(found: dict[str, pa.Table], wanted: dict[str, pa.Table]) -> None:
    assert list(found) == list(wanted)
    for element, rows in wanted.items():
        assert found[element].schema.equals(rows.schema, check_metadata=True)
        assert found[element].equals(rows), element


@examples(4, suppress_health_check=[HealthCheck.data_too_large])
@given(data=st.data())
def test_any_rows_come_back_as_they_were(name: str, data: st.DataObject) -> None:
    made = roster(
        *(data.draw(tables(element)) for element in data.draw(st.sets(st.sampled_from(COLLECTED), max_size=3)))
    )
    with TemporaryDirectory() as folder:
        assert_same(there_and_back(name, made, Path(folder) / "place"), tables_of(made))


def test_a_whole_sandbox_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    made = sandbox_roster()
    assert_same(there_and_back(name, made, tmp_path / "place"), tables_of(made))


@pytest.mark.series
def test_every_text_field_takes_every_hostile_value(name: str, tmp_path: Path) -> None:
    made = roster(*(hostile(element) for element in COLLECTED))
    assert_same(there_and_back(name, made, tmp_path / "place"), tables_of(made))


def hostile(element: str) -> pa.Table:
    rows = []
    for kind, value in HOSTILE.items():
        row: dict[str, object] = {"sourcedId": kind}
        for field in schema_of(Standard.of().specification, element):
            if pa.types.is_string(field.type) and field.name not in ("sourcedId", "metadata", "_extras"):
                row[field.name] = value
            elif field.type == pa.list_(pa.string()):
                row[field.name] = ["", value]
            elif field.name == "metadata":
                row[field.name] = msgspec.json.encode({value: value}).decode()
        rows.append(row)
    return table(element, *rows)


def test_json_that_only_some_parsers_take_stays_as_it_was(name: str, tmp_path: Path) -> None:
    made = roster(table("Org", school(metadata='{"half":"\\ud800"}'), school("t", metadata="{}")))
    assert_same(there_and_back(name, made, tmp_path / "place"), tables_of(made))


def test_the_manifest_says_what_was_written(name: str, tmp_path: Path) -> None:
    org = table("Org", school()).select(["sourcedId", "name"])
    FORMATS[name].write(
        tmp_path / "place", roster(org, base_url="https://sis.example", watermark="2026-01-01T00:00:00Z")
    )
    manifest = FORMATS[name].open(tmp_path / "place").manifest
    assert manifest.watermark == "2026-01-01T00:00:00Z"
    assert manifest.base_url == "https://sis.example"
    assert {wrapper: (held.element, held.rows, held.columns) for wrapper, held in manifest.collections.items()} == {
        "orgs": ("Org", 1, ["sourcedId", "name"])
    }


def test_a_roster_without_collections_and_one_without_rows_are_rosters_too(name: str, tmp_path: Path) -> None:
    assert there_and_back(name, roster(), tmp_path / "none") == {}
    assert there_and_back(name, roster(table("User")), tmp_path / "empty")["User"].num_rows == 0


def test_only_the_owner_can_read_it(name: str, tmp_path: Path) -> None:
    FORMATS[name].write(tmp_path / "place", sandbox_roster())
    for path in [tmp_path / "place", *(tmp_path / "place").glob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.series
def test_rows_that_come_in_many_small_batches_are_all_there(name: str, tmp_path: Path) -> None:
    one = table("Org", *(school(f"s-{index}") for index in range(20_000)))

    class Dripping(MemoryRoster):
        def read(self, element: str) -> pa.RecordBatchReader:
            assert element == "Org"
            return pa.RecordBatchReader.from_batches(one.schema, one.to_batches(max_chunksize=700))

    made = Dripping(roster(one).manifest, {"Org": one})
    assert_same(there_and_back(name, made, tmp_path / "place"), {"Org": one})


def newer(place: Path) -> None:
    rewrite_manifest(place, lambda text: text.replace('"format": 2', '"format": 99'))


def broken_manifest(place: Path) -> None:
    rewrite_manifest(place, lambda text: text[:-5])


def foreign_column(place: Path) -> None:
    rewrite_manifest(place, lambda text: text.replace('"givenName"', '"nickName"'))


def foreign_collection(place: Path) -> None:
    rewrite_manifest(place, lambda text: text.replace('"element": "User"', '"element": "Pupil"'))


def rewrite_manifest(place: Path, change: Callable[[str], str]) -> None:
    if place.is_dir():
        path = place / "_manifest.json"
        path.write_text(change(path.read_text()))
        return
    select, update = "SELECT manifest FROM _oneroster", "UPDATE _oneroster SET manifest = ?"
    connect = sqlite3.connect if place.read_bytes()[:6] == b"SQLite" else duckdb.connect
    database = connect(str(place))
    text = database.execute(select).fetchone()[0]  # type: ignore[index]  # there is a row
    database.execute(update, [change(text)])
    database.commit()
    database.close()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (newer, "has format 99"),
        (broken_manifest, "is not a manifest of a pull"),
        (foreign_column, "lists a column 'nickName' of User"),
        (foreign_collection, "lists a collection of 'Pupil'"),
    ],
)
def test_a_place_that_this_release_cannot_read_is_refused(
    name: str, damage: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    FORMATS[name].write(place, roster(table("User", {"sourcedId": "u", "givenName": "Mia"})))
    damage(place)
    with pytest.raises(DestinationError, match=said):
        FORMATS[name].open(place)


def test_what_is_no_place_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DestinationError):
        FORMATS[name].open(tmp_path / "nowhere")
    (tmp_path / "text").write_text("not a database, and no folder either")
    with pytest.raises(DestinationError):
        FORMATS[name].open(tmp_path / "text")


def test_damaged_data_is_told_without_a_value_of_it(name: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    FORMATS[name].write(place, roster(table("User", *({"sourcedId": f"u{i}", "givenName": "Mia"} for i in range(999)))))
    file = next(path for path in place.iterdir() if "users" in path.name) if place.is_dir() else place
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(DestinationError, match=str(file)) as caught:
        tables_of(FORMATS[name].open(place))
    assert "Mia" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_is_already_there_is_not_touched(name: str, tmp_path: Path) -> None:
    (tmp_path / "place").write_text("something")
    with pytest.raises((OSError, DestinationError)):
        FORMATS[name].write(tmp_path / "place", roster(table("Org", school())))
    assert (tmp_path / "place").read_text() == "something"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a full disk is played by /dev/full")  # noqa: PTH110  # a device
def test_a_full_disk_is_an_error_of_the_system(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in FOLDERS:
        monkeypatch.setattr(
            f"oneroster.pull.formats.{name.partition('.')[0]}.create_private_file",
            lambda _: os.open("/dev/full", os.O_WRONLY),
        )
        with pytest.raises(OSError, match="No space left"):
            FORMATS[name].write(tmp_path / "place", sandbox_roster())
    else:
        with pytest.raises(OSError, match="full disk"):
            raise database_error(tmp_path, name, sqlite3.OperationalError("database or disk is full"))


def test_batches_are_cut_and_joined_by_rows_and_by_bytes(name: str) -> None:  # noqa: ARG001  # of all formats
    one = table("Org", *(school(f"s-{index}", name="x" * (index % 50) * 1000) for index in range(300)))
    for rows, size in ((7, 1 << 30), (1000, 100_000), (1000, 1)):
        cut = list(rebatch(one.to_batches(max_chunksize=11), rows, size))
        assert pa.Table.from_batches(cut) == one
        assert max(batch.num_rows for batch in cut) <= rows
        assert all(batch.num_rows for batch in cut)
        assert all(batch.num_rows == 1 or batch.nbytes <= 2 * size for batch in cut)


def test_columns_that_are_not_what_the_manifest_says_are_refused_or_absent(name: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    FORMATS[name].write(place, roster(table("Org", school(identifier="Mia")).select(["sourcedId", "identifier"])))
    rewrite_manifest(place, lambda text: text.replace('"identifier"', '"childrenSourcedIds"'))
    found = FORMATS[name].open(place)
    if name.startswith("ndjson"):  # where a line has no field, the record has no value
        assert tables_of(found)["Org"].to_pylist() == [{"sourcedId": "s", "childrenSourcedIds": None}]
        return
    with pytest.raises(DestinationError, match=str(place)) as caught:
        tables_of(found)
    assert "Mia" not in str(caught.value)


def test_a_manifest_that_is_there_twice_or_not_at_all_is_refused(name: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    FORMATS[name].write(place, roster(table("Org", school())))
    if place.is_dir():
        (place / "_manifest.json").unlink()
        with pytest.raises(DestinationError, match=r"is not the folder of a roster: it has no _manifest[.]json"):
            FORMATS[name].open(place)
        return
    for statement, rows in (("INSERT INTO _oneroster SELECT * FROM _oneroster", 2), ("DELETE FROM _oneroster", 0)):
        connect = sqlite3.connect if name == "sqlite" else duckdb.connect
        database = connect(str(place))
        database.execute(statement)
        database.commit()
        database.close()
        with pytest.raises(DestinationError, match=f"must have one row, not {rows}"):
            FORMATS[name].open(place)


def test_cells_that_are_not_of_their_type_are_refused(name: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    FORMATS[name].write(place, roster(table("Demographics", {"sourcedId": "d", "birthDate": date(2015, 1, 1)})))
    if name == "sqlite":
        database = sqlite3.connect(str(place))
        database.execute("UPDATE demographics SET birthDate = 'Mia'")
        database.commit()
        database.close()
    elif name == "ndjson":
        path = place / "demographics.ndjson"
        path.write_text(path.read_text().replace("2015-01-01", "Mia"))
    else:
        return  # the others cannot hold it
    with pytest.raises(DestinationError, match=str(place)) as caught:
        tables_of(FORMATS[name].open(place))
    assert "Mia" not in str(caught.value)
