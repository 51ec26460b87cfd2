"""Rendering of records as tables, CSV, JSON and NDJSON."""

import csv
import io
import json

import pytest
from rich.console import Console

from oneroster.inspection.record_rendering import RECORD_WRITERS, cell_text, print_table
from oneroster.inspection.terminal_text import escape_lines, escape_unprintable


def test_a_terminal_shows_as_many_columns_as_it_has_room_for_and_names_the_others() -> None:
    columns = [f"field{index}" for index in range(30)]
    rows = [dict.fromkeys(columns, "some value of a row")] * 2
    console = Console(width=80, force_terminal=True, file=io.StringIO())
    hidden = print_table(console, rows, columns)
    assert hidden == columns[-len(hidden) :]
    assert 0 < len(hidden) < len(columns)
    assert print_table(Console(width=80, file=io.StringIO()), rows, columns) == []


def test_nothing_that_moves_a_cursor_or_turns_the_writing_reaches_a_terminal() -> None:
    hostile = "a\x1b[2Jb\rc\u202ed\ud800e\nf"
    assert escape_unprintable(hostile) == "a\\x1b[2Jb\\rc\\u202ed\\ud800e\\nf"
    console = Console(width=200, file=(file := io.StringIO()), force_terminal=True, color_system=None)
    print_table(console, [{"title": hostile}], ["title"])
    print_table(console, [{"title": hostile}, {"title": "x" * 100}], ["title"])
    text = file.getvalue()
    assert text.replace("\n", "").isprintable()
    assert text.count(escape_unprintable(hostile)) == 2
    assert "x" * 41 not in text


def test_programs_get_hostile_values_unchanged() -> None:
    row = {"title": '=cmd|"\x00\r\n,\u202e\ud800'}
    assert json.loads("".join(RECORD_WRITERS["json"]([row, row], ["title"]))) == [row, row]
    assert [json.loads(line) for line in RECORD_WRITERS["ndjson"]([row], ["title"])] == [row]
    text = io.StringIO("".join(RECORD_WRITERS["csv"]([row], ["title"])), newline="")
    assert list(csv.reader(text, strict=True)) == [["title"], [row["title"]]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (1.5, "1.5"),
        (["01", "02"], "01,02"),
        ({"sourcedId": "s", "type": "org"}, "s"),
        ([{"sourcedId": "s"}, {"sourcedId": "t"}], "s,t"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_a_cell_is_the_text_of_a_value(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_no_records_are_an_empty_document() -> None:
    assert json.loads("".join(RECORD_WRITERS["json"]([], ["title"]))) == []
    assert "".join(RECORD_WRITERS["ndjson"]([], ["title"])) == ""
    assert "".join(RECORD_WRITERS["csv"]([], ["title"])) == "title\r\n"


def test_a_single_record_is_a_list_of_its_fields() -> None:
    console = Console(width=80, file=(file := io.StringIO()))
    assert print_table(console, [{"title": "Maths", "grades": None}], ["title", "grades"]) == []
    assert file.getvalue().split() == ["title", "Maths"]


def test_d7_the_lines_of_a_text_stay_apart() -> None:
    assert escape_lines("a\x1b]0;x\x07\nb\u202e") == "a\\x1b]0;x\\x07\nb\\u202e"
