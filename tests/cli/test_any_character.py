"""Output in every locale: no character ends a command."""

import io
import sys

import pytest

from oneroster.cli import write_any_character


@pytest.mark.parametrize(
    ("encoding", "chosen", "written"),
    [
        ("utf-8", "", "é …".encode()),
        ("latin-1", "", "é …".encode()),
        ("ascii", "ascii", rb"\xe9 \u2026"),
        ("latin-1", "latin-1", b"\xe9 \\u2026"),
    ],
)
def test_a_character_that_the_locale_lacks_is_written(
    encoding: str, chosen: str, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chosen:
        monkeypatch.setenv("PYTHONIOENCODING", chosen)
    else:
        monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding))
    write_any_character()
    sys.stdout.write("é …")
    sys.stdout.flush()
    assert out.getvalue() == written
