"""Lines that commands print: wrapped between words on a terminal, unchanged elsewhere."""

import sys

import pytest

from oneroster.cli._wrapped_lines import echo_wrapped
from tests.cli.test_lists import Terminal

CURL = "   curl: curl -sS -H 'Authorization: Bearer $ONEROSTER_TOKEN' https://sis.example/ims/oneroster/v1p1/orgs"
TEXT = f"""OR-PAG-05  X-Total-Count, if sent, is the number of rows
12. GET /orgs?limit=1000&offset=0&filter=status='active' OR status='tobedeleted': HTTP 200
   body: {{orgs: array of 15 [{{sourcedId: string, status: string, dateLastModified: string}}]}}
{CURL}
"""


@pytest.mark.parametrize("width", [40, 80, 120])
def test_on_a_terminal_lines_break_between_words_and_keep_their_indent(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Terminal()
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys, "stdout", out)
    echo_wrapped(TEXT)
    lines = out.getvalue().splitlines()
    assert out.getvalue().split() == TEXT.split()
    assert CURL in lines
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines if line != CURL)


def test_elsewhere_nothing_is_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    echo_wrapped(TEXT)
    assert capsys.readouterr().out == f"{TEXT}\n"
