"""Numbers with their nouns."""

import pytest

from oneroster.counts import count_of


@pytest.mark.parametrize(
    ("count", "plural", "text"),
    [(1, "", "1 row was"), (0, "rows were", "0 rows were"), (2, "rows were", "2 rows were")],
)
def test_one_is_singular(count: int, plural: str, text: str) -> None:
    assert count_of(count, "row was", plural) == text
    assert count_of(1, "record") == "1 record"
    assert count_of(2, "record") == "2 records"
