"""Spellings of one instant give one number."""

import pytest

from oneroster.sandbox.query.timestamps import parse_timestamp


def test_spellings_of_an_instant_are_equal() -> None:
    spellings = ("1970-01-02", "1970-01-02T00:00:00Z", "1970-01-02T02:00:00.000+02:00", "1970-01-02T00:00")
    assert {parse_timestamp(spelling) for spelling in spellings} == {24 * 60 * 60 * 1_000_000}


@pytest.mark.parametrize("text", ["", "today", "1970-13-01", "1970-01-01 00:00", "01/02/1970"])
def test_other_texts_are_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_timestamp(text)
