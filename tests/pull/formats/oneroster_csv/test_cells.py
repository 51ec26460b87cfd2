"""Text of CSV cells: written, and parsed back."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from oneroster.pull.formats.oneroster_csv.cell_parser import parse_cells
from oneroster.pull.formats.oneroster_csv.cell_writer import column_text, contains_any, csv_lines
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from tests.pull.formats.rosters import student, table

USERS = BINDINGS["1.1"].files["users"]


def text(name: str, value: object, losses: LossCounts | None = None) -> str | None:
    (batch,) = table("User", student("u", **{name: value})).to_batches()
    (found,) = column_text(batch, name, USERS, losses or LossCounts()).to_pylist()
    assert found is None or isinstance(found, str)
    return found


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("enabledUser", True, "true"),
        ("grades", ["01", "02"], "01,02"),
        ("grades", None, None),
        ("userIds", [{"type": "a", "identifier": "1"}, {"type": "b", "identifier": "2"}], "{a:1},{b:2}"),
        ("dateLastModified", datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000Z"),
    ],
)
def test_values_are_written_and_parsed_back(name: str, value: object, written: str | None) -> None:
    assert text(name, value) == written
    parsed = parse_cells(pa.array([written], pa.string()), USERS.column(name).type)
    assert parsed.to_pylist() == [value]


def test_what_a_cell_cannot_represent_is_counted() -> None:
    losses = LossCounts()
    assert text("givenName", "a\r\nb", losses) == "a b"
    assert text("grades", ["1,2", ""], losses) == "12"
    assert losses.notes() == (
        "users.csv, column givenName: line breaks replaced by spaces: 1.",
        "users.csv, column grades: commas removed from list items: 1.",
        "users.csv, column grades: empty list items left out: 1.",
    )


def test_lines_are_quoted_where_needed_and_end_in_crlf() -> None:
    columns = [pa.array(["a", 'b"c']), pa.array(["d,e", None], pa.string())]
    assert csv_lines(columns).to_pybytes() == b'a,"d,e"\r\n"b""c",\r\n'
    assert contains_any(columns[0], b'"')
    assert not contains_any(columns[0], b",", b"\n")


@pytest.mark.parametrize(("cell", "name"), [("yes", "enabledUser"), ("{a}", "userIds")])
def test_a_cell_of_another_type_is_an_error(cell: str, name: str) -> None:
    with pytest.raises(ValueError, match=r"must be|not a list"):
        parse_cells(pa.array([cell]), USERS.column(name).type)
