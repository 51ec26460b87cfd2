"""OneRoster CSV bundles, read back by readers that know nothing of the writer, and by the format itself."""

import os
import re
import string
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats import FORMATS, format_of
from oneroster.pull.roster.columns import columns_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest, StoredCollection, manifest_path, write_manifest
from oneroster.standard import Standard
from tests.pull.formats.oneroster_csv.standard_tables import FILES, MANIFEST_ORDER, assert_valid, header, strict
from tests.pull.formats.rosters import (
    HOSTILE,
    changes,
    roster,
    sandbox_roster,
    school,
    small,
    student,
    table,
    tables_of,
)
from tests.series import examples

CSV = FORMATS["csv"]


def write(folder: Path, made: Any) -> tuple[Path, Any]:
    written = CSV.write(folder / "bundle", made)
    return folder / "bundle", written


def test_a_whole_sandbox_is_a_valid_bulk_bundle(tmp_path: Path) -> None:
    bundle, written = write(tmp_path, sandbox_roster())
    assert_valid(bundle)
    assert written.rows == {
        f"{path.name}": len(strict(path)) for path in bundle.glob("*.csv") if path.stem != "manifest"
    }
    assert set(written.rows) == {f"{name}.csv" for name in FILES}


def test_the_rows_are_those_of_the_roster(tmp_path: Path) -> None:
    made = sandbox_roster()
    bundle, _ = write(tmp_path, made)
    active = {row["sourcedId"]: row for row in made.read("User").read_all().to_pylist() if row["status"] == "active"}
    rows = strict(bundle / "users.csv")
    assert {row["sourcedId"] for row in rows} == set(active)
    for row in rows:
        wanted = active[row["sourcedId"]]
        for name in ("username", "givenName", "familyName", "middleName", "email", "role", "identifier", "phone"):
            assert row[name] == (wanted[name] or "")
        assert row["enabledUser"] == str(wanted["enabledUser"]).lower()
        assert row["grades"] == ",".join(wanted["grades"] or [])


def test_duckdb_reads_the_same_rows_as_the_standard_library(tmp_path: Path) -> None:
    bundle, written = write(tmp_path, sandbox_roster())
    for name, number in written.rows.items():
        found = duckdb.sql(
            f"SELECT * FROM read_csv('{bundle / name}', all_varchar=true, header=true, quote='\"', escape='\"')"  # noqa: S608  # own names
        )
        assert found.columns == header(name.removesuffix(".csv"))
        rows = [tuple(row.values()) for row in strict(bundle / name)]
        assert [tuple(cell or "" for cell in row) for row in found.fetchall()] == rows
        assert len(rows) == number


def test_a_zip_holds_the_same_files_at_its_root_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    bundle, written = write(tmp_path, sandbox_roster())
    zipped = format_of(tmp_path / "roster.zip")
    assert zipped.write(tmp_path / "roster.zip", sandbox_roster()) == written
    zipped.write(tmp_path / "again.zip", sandbox_roster())
    assert (tmp_path / "roster.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "roster.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            path.name: path.read_bytes() for path in bundle.iterdir()
        }
    assert tables_of(zipped.open(tmp_path / "roster.zip")) == tables_of(CSV.open(bundle))


def test_changes_are_a_valid_delta_bundle(tmp_path: Path) -> None:
    gone = student("u-2", status="tobedeleted", dateLastModified=datetime(2026, 3, 1, 12, 30, 1, 5678, tzinfo=UTC))
    bundle, _ = write(tmp_path, changes(table("User", student("u-1"), gone)))
    assert_valid(bundle, delta=True)
    assert [(row["sourcedId"], row["status"], row["dateLastModified"]) for row in strict(bundle / "users.csv")] == [
        ("u-1", "active", "2026-01-01T00:00:00.000Z"),
        ("u-2", "tobedeleted", "2026-03-01T12:30:01.005Z"),
    ]


def test_a_delta_of_a_whole_sandbox_keeps_deleted_records(tmp_path: Path) -> None:
    whole = tables_of(sandbox_roster())
    bundle, _ = write(tmp_path, changes(*whole.values()))
    assert_valid(bundle, delta=True)
    said = {row["sourcedId"]: row["status"] for row in strict(bundle / "enrollments.csv")}
    assert said == dict(
        zip(whole["Enrollment"]["sourcedId"].to_pylist(), whole["Enrollment"]["status"].to_pylist(), strict=True)
    )
    assert "tobedeleted" in said.values()


def test_nothing_at_all_is_a_bundle_of_a_manifest(tmp_path: Path) -> None:
    bundle, written = write(tmp_path, roster(table("Org"), table("User")))
    assert [path.name for path in bundle.iterdir()] == ["manifest.csv"]
    assert_valid(bundle)
    assert written.rows == {}


def test_b3_texts_of_white_space_are_no_values(tmp_path: Path) -> None:
    blank = " \u00a0\t"
    user = student("u", email=blank, grades=[blank, "01"], agentSourcedIds=[" "])
    made = roster(table("Org", school()), table("User", user, student("v", givenName=blank)))
    bundle, written = write(tmp_path, made)
    assert_valid(bundle)
    (found,) = strict(bundle / "users.csv")
    assert (found["sourcedId"], found["email"], found["grades"], found["agentSourcedIds"]) == ("u", "", "01", "")
    assert [(one.sourced_id, one.field, one.reason) for one in written.rejects] == [("v", "givenName", "has no value")]
    assert "users.csv, column email: texts of white space only left blank: 1." in written.notes
    assert "users.csv, column grades: texts of white space only left blank: 1." in written.notes


@pytest.mark.parametrize("kind", [kind for kind, value in HOSTILE.items() if value.strip()])
def test_a_hostile_value_in_every_text_field_comes_back_in_the_form_of_the_binding(kind: str, tmp_path: Path) -> None:
    value = HOSTILE[kind]
    names = ("username", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone", "password")
    made = roster(
        table("Org", school(name=value, identifier=value)),
        table("User", student("u", **dict.fromkeys(names, value), grades=[value, "01"])),
    )
    bundle, written = write(tmp_path, made)
    wanted = re.sub("\r\n|\r|\n", " ", value)
    (org,) = strict(bundle / "orgs.csv")
    (user,) = strict(bundle / "users.csv")
    assert org["name"] == org["identifier"] == wanted
    assert {user[name] for name in names} == {wanted}
    assert user["grades"] == f"{wanted.replace(',', '')},01".removeprefix(",")
    said = " ".join(written.notes)
    assert ("line breaks replaced by spaces" in said) is (value != wanted)
    assert ("longer than 255 characters" in said) is (len(value) > 255)
    found = tables_of(CSV.open(bundle))["User"].to_pylist()[0]
    assert {found[name] for name in names} == {wanted}


@pytest.mark.series
@pytest.mark.parametrize("kind", [kind for kind, value in HOSTILE.items() if value.strip()])
def test_every_text_column_of_every_file_takes_a_hostile_value(kind: str, tmp_path: Path) -> None:
    made = small()
    texts: dict[str, list[str]] = {}
    for element, rows in made.items():
        known = [(column.name, column.property) for column in columns_of(Standard.of().specification, element)]
        names = [name for name, found in known if found and found.kind == "string" and name != "sourcedId"]
        file = collection_name(Standard.of().specification, element)
        texts[file] = [name for name in names if name in header(file)]
        made[element] = table(element, *({**row, **dict.fromkeys(names, HOSTILE[kind])} for row in rows.to_pylist()))
    bundle, written = write(tmp_path, roster(*made.values()))
    assert written.rejects == ()
    wanted = re.sub("\r\n|\r|\n", " ", HOSTILE[kind])
    for file, names in texts.items():
        (row,) = strict(bundle / f"{file}.csv")
        assert {name: row[name] for name in names} == dict.fromkeys(names, wanted)
    found = tables_of(CSV.open(bundle))
    assert found["Result"]["comment"].to_pylist() == [wanted]
    assert sum(map(len, texts.values())) > 25


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("a full disk is played by /dev/full")
    monkeypatch.setattr(
        "oneroster.pull.formats.oneroster_csv.sinks.create_private_file", lambda _: os.open("/dev/full", os.O_WRONLY)
    )
    for name in ("bundle", "bundle.zip"):
        with pytest.raises(OSError, match="No space left"):
            format_of(tmp_path / name, "csv").write(tmp_path / name, sandbox_roster())


ids = st.text(string.ascii_letters + string.digits + "-._/@ äß", min_size=1, max_size=8).map(str.strip).filter(bool)
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=10).filter(
    lambda text: not text.isspace()  # white space only is written as nothing
)
item = st.text(st.characters(exclude_categories=["Cs", "Z", "C"], exclude_characters=","), min_size=1, max_size=5)
part = st.text(st.characters(exclude_categories=["Cs", "Z", "C"], exclude_characters=",:{}"), min_size=1, max_size=5)
user_ids = st.lists(st.fixed_dictionaries({"type": part, "identifier": part}), min_size=1, max_size=3)
optional = ("middleName", "identifier", "email", "sms", "phone", "password")


@st.composite
def users(draw: st.DrawFn) -> pa.Table:
    rows = [
        student(
            sourced_id,
            username=draw(plain),
            givenName=draw(plain),
            familyName=draw(plain),
            enabledUser=draw(st.booleans()),
            userIds=draw(st.none() | user_ids),
            grades=draw(st.none() | st.lists(item, min_size=1, max_size=3)),
            **{name: draw(st.none() | plain) for name in optional},
        )
        for sourced_id in draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    ]
    return table("User", *rows)


@examples(25)
@given(made=users())
def test_whatever_the_binding_has_a_form_for_comes_back_unchanged(made: pa.Table) -> None:
    with TemporaryDirectory() as folder:
        written = CSV.write(Path(folder) / "bundle", changes(made))
        found = tables_of(CSV.open(Path(folder) / "bundle"))["User"]
        assert found.to_pylist() == made.select(found.column_names).to_pylist()
        assert [row["givenName"] for row in strict(Path(folder) / "bundle" / "users.csv")] == made[
            "givenName"
        ].to_pylist()
        assert written.rejects == ()


def test_a_whole_sandbox_comes_back_but_for_what_bulk_does_not_tell(tmp_path: Path) -> None:
    made = tables_of(sandbox_roster())
    bundle, written = write(tmp_path, sandbox_roster())
    found = tables_of(CSV.open(bundle))
    assert list(found) == list(made)
    left_out = {reject.sourced_id for reject in written.rejects}
    for element, rows in found.items():
        wanted = [
            row for row in made[element].to_pylist() if row["status"] == "active" and row["sourcedId"] not in left_out
        ]
        assert [row["sourcedId"] for row in rows.to_pylist()] == [row["sourcedId"] for row in wanted]
        told = [{name: in_one_line(cell) for name, cell in row.items() if cell} for row in wanted]
        wanted = [{"classType": "scheduled"} | row for row in told]
        same = set(rows.column_names) - {"assignDate", "dueDate", "agentSourcedIds", "resourceSourcedIds"}
        for name in same:
            assert [row[name] or None for row in rows.to_pylist()] == [row.get(name) for row in wanted], name


def in_one_line(cell: Any) -> Any:
    return cell.replace("\n", " ") if isinstance(cell, str) else cell


def test_the_manifest_beside_a_bundle_says_what_the_bundle_cannot(tmp_path: Path) -> None:
    made = roster(table("Org", school()), table("User").drop_columns(["email"]), watermark="2026-01-01T00:00:00Z")
    bundle, _ = write(tmp_path, made)
    assert CSV.open(bundle).elements() == ("Org",)
    held = {
        "users": StoredCollection("User", 0, ["sourcedId", "role"]),
        "orgs": StoredCollection("Org", 1, ["sourcedId", "status", "name"]),
    }
    write_manifest(bundle, Manifest(collections=held, watermark="2026-01-01T00:00:00Z"))
    found = CSV.open(bundle)
    assert manifest_path(bundle).is_file()
    assert found.manifest.watermark == "2026-01-01T00:00:00Z"
    assert found.elements() == ("Org", "User")
    assert found.schema("User").names == ["sourcedId", "status", "role"]
    assert found.read("Org").read_all().to_pylist() == [{"sourcedId": "s", "status": "active", "name": "School"}]
    assert found.read("User").read_all().num_rows == 0


def bundle_of(folder: Path, *, mode: str = "bulk", files: dict[str, str], extra: str = "") -> Path:
    folder.mkdir()
    lines = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1"]
    lines += [f"file.{name},{mode if name in files else 'absent'}" for name in MANIFEST_ORDER]
    (folder / "manifest.csv").write_text("\n".join([*lines, extra]) + "\n")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_bundle_of_another_writer_is_read(tmp_path: Path) -> None:
    """Byte order mark, LF, all quoted, blanks in lists, columns of its own, and values that bulk should not have."""
    text = (
        "\ufeff" + ",".join(f'"{name}"' for name in [*header("users"), "metadata.vendor.x"]) + "\n"
        '"u-7","active","2024-08-01T06:00:00.000Z","true","o-1, o-2","student","kim.l","{LDAP:kl7},{SIS:991}","Kim",'
        '"Lund, Jr.","","0007","","","","","05","","more"\n'
    )
    place = bundle_of(tmp_path / "b", files={"users": text})
    assert CSV.open(place).read("User").read_all().to_pylist() == [
        {
            "sourcedId": "u-7",
            "status": "active",
            "username": "kim.l",
            "userIds": [{"type": "LDAP", "identifier": "kl7"}, {"type": "SIS", "identifier": "991"}],
            "enabledUser": True,
            "givenName": "Kim",
            "familyName": "Lund, Jr.",
            "middleName": None,
            "role": "student",
            "identifier": "0007",
            "email": None,
            "sms": None,
            "phone": None,
            "agentSourcedIds": None,
            "orgSourcedIds": ["o-1", "o-2"],
            "grades": ["05"],
            "password": None,
        }
    ]


ORGS: Final = ",".join(header("orgs")) + "\n"


@pytest.mark.parametrize(
    ("files", "manifest", "said"),
    [
        ({"orgs": ORGS.replace("name,type", "type,name")}, "", "orgs.csv does not have the OneRoster 1.1 header"),
        ({"orgs": ORGS + "o-1,,,Mia,school,,,more\n"}, "", "orgs.csv cannot be read at row 2: 8 cells instead of 7"),
        ({"orgs": ORGS + "o-1,,,A,school,,\no-2,,,Mia\n"}, "", "orgs.csv cannot be read at row 3: 4 cells"),
        ({"orgs": ORGS + ",,,Mia,school,,\n"}, "", "orgs.csv has rows without a sourcedId"),
        (
            {"users": ",".join(header("users")) + "\nu,,,Mia,,,,,,,,,,,,,,\n"},
            "",
            "enabledUser has an invalid value in row 2",
        ),
        (
            {"users": ",".join(header("users")) + "\nu,,,,,,,Mia,,,,,,,,,,\n"},
            "",
            "userIds has an invalid value in row 2",
        ),
        ({"orgs": ORGS}, "file.users,bulk", "says 'bulk' for users"),
        ({"orgs": ORGS}, "file.orgs,full", "says 'full' for orgs"),
        ({"orgs": ORGS}, "file.orgs,absent", "says 'absent' for orgs"),
        ({"orgs": ORGS}, "oneroster.version,9.9", "is not a OneRoster 1.1 or 1.2 manifest"),
        ({"orgs": ORGS, "users": ",".join(header("users")) + "\n"}, "file.users,delta", "mixes bulk and delta"),
    ],
)
def test_a_bundle_that_breaks_the_standard_is_refused_without_a_value_of_it(
    files: dict[str, str], manifest: str, said: str, tmp_path: Path
) -> None:
    place = bundle_of(tmp_path / "b", files=files, extra=manifest)
    with pytest.raises(DestinationError, match=re.escape(said)) as caught:
        tables_of(CSV.open(place))
    assert "Mia" not in str(caught.value)


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file.zip").write_bytes(b"PK but no zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("inside/manifest.csv", "propertyName,value")
    for place in ("file.zip", "empty.zip", "nowhere.zip", "."):
        with pytest.raises(DestinationError, match=r"manifest\.csv"):
            CSV.open(tmp_path / place)
