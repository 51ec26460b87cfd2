"""Whether rows stand in an order that a sort could have meant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.oracle.collations import COLLATIONS, certainly_after
from oneroster.contract.oracle.sorting import first_out_of_order, omits_earlier_row, sort_values

TEXTS = st.lists(st.text(max_size=8), max_size=12)
NUMBERS = st.lists(st.integers(-50, 50) | st.none(), max_size=20)


@given(TEXTS, st.sampled_from(COLLATIONS), st.booleans())
def test_text_may_stand_in_any_known_order(texts: list[str], key: Any, descending: bool) -> None:
    assert first_out_of_order(sorted(texts, key=key, reverse=descending), "string", descending=descending) is None


@given(st.text(), st.text())
def test_no_text_stands_certainly_behind_another_and_before_it(one: str, other: str) -> None:
    assert not (certainly_after(one, other) and certainly_after(other, one))


@given(NUMBERS, st.booleans())
def test_numbers_stand_by_their_value_and_absent_ones_anywhere(keys: list[int | None], descending: bool) -> None:
    present = [key for key in keys if key is not None]
    in_order = present == sorted(present, reverse=descending)
    assert (first_out_of_order(keys, "number", descending=descending) is None) is in_order


@given(st.lists(st.integers(0, 30), min_size=1), st.data())
def test_a_page_is_left_behind_by_no_row_when_it_holds_the_first(keys: list[int], data: st.DataObject) -> None:
    ordered = sorted(keys)
    cut = data.draw(st.integers(1, len(ordered)))
    assert not omits_earlier_row(ordered[:cut], ordered[cut:], "number", descending=False)
    assert omits_earlier_row([*ordered[:cut], 99], [50], "number", descending=False)


@pytest.mark.parametrize(
    ("keys", "place"),
    [(["a", "a", "b"], None), (["b", "a"], None), (["a", "b", "a"], 2), ([None, "a", None, "a"], None)],
)
def test_enumerated_values_stand_in_groups(keys: list[str | None], place: int | None) -> None:
    assert first_out_of_order(keys, "enumeration", descending=False) == place


def test_a_group_that_was_left_must_not_go_on_behind_the_page() -> None:
    assert omits_earlier_row(["a", "b"], ["a"], "enumeration", descending=False)
    assert not omits_earlier_row(["a", "b"], ["b", "c"], "enumeration", descending=False)
    assert not omits_earlier_row([None], ["a"], "enumeration", descending=False)


def test_keys_are_read_by_their_kind() -> None:
    rows: list[dict[str, Any]] = [{"score": "100"}, {"score": 9}, {"score": "none"}, {}]
    assert sort_values(rows, "score", "number") == [100.0, 9.0, None, None]
    moments = [{"at": "2025-09-01T14:00:00+02:00"}, {"at": "2025-09-01T12:00:00Z"}]
    assert len(set(sort_values(moments, "at", "date-time"))) == 1
