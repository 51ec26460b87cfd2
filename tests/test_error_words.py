"""Messages about files and bodies say in words what is wrong, not with names of classes."""

import re
from pathlib import Path

import pytest

from oneroster import OneRosterError
from oneroster.error_words import words_of
from oneroster.pull import open_destination
from oneroster.setting_values import read_reference
from oneroster_runtime.json_types import json_type


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "x"), UnicodeError("x"), EOFError(), KeyError("x"), OSError("x")]
)
def test_no_error_is_named_by_its_class(error: Exception) -> None:
    assert type(error).__name__ not in words_of(error)


@pytest.mark.parametrize("name", ["r.zip", "r.duckdb", "r.sqlite"])
def test_a_file_of_another_kind_is_told_in_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("notes", encoding="utf-8")
    with pytest.raises(OneRosterError) as caught:
        open_destination(path).elements()
    assert not re.search(r"Error\b|Exception\b|BadZip", str(caught.value))


def test_the_file_of_a_secret_that_is_missing_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(OneRosterError, match=r"token: .*cannot be read \(there is no such file\)"):
        read_reference("token", "file", str(tmp_path / "none"), {})


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ("", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_types_are_those_of_json(value: object, name: str) -> None:
    assert json_type(value) == name
