"""Lists of commands: readable on a terminal of any width, and searchable in a pipe."""

import io
import re
import sys

import pytest

from oneroster.cli._lists import print_lines

ROWS = [
    {"name": "records-end-before-they-begin", "does": "a sentence of several words", "breaks": "5.2 a clause [A]"},
    {"name": "short", "does": "a far longer sentence, with more words than a line has", "breaks": ""},
]
WORDS = {word for row in ROWS for value in row.values() for word in value.split()}


class Terminal(io.StringIO):
    """An output that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_on_a_terminal_no_word_is_lost_and_no_line_too_long(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", out)
    print_lines(ROWS)
    lines = re.sub("\x1b\\[[0-9;]*m", "", out.getvalue()).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    assert {word for line in lines for word in line.split()} - {"name", "does", "breaks"} == WORDS
    assert (lines[0].split() == ["name", "does", "breaks"]) is (width >= 80)


def test_elsewhere_each_entry_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines(ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["records-end-before-they-begin", "short"]
