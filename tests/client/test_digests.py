"""The set of ids behaves like a set, and stays within 40 bytes a row."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from oneroster.digests import IdSet


@given(st.lists(st.text(max_size=3)))
def test_it_holds_what_a_set_of_stripped_strings_holds(ids: list[str]) -> None:
    model: set[str] = set()
    small = IdSet()
    for sourced_id in ids:
        assert small.add(sourced_id) == (sourced_id.strip() not in model)
        model.add(sourced_id.strip())
        assert sourced_id in small
    assert len(small) == len(model)


def test_a_row_costs_less_than_half_of_forty_bytes_wherever_the_growth_stands() -> None:
    # A second reading remembers its rows in a second set, so one set may take half.
    tracemalloc.start()
    try:
        small, before = IdSet(), tracemalloc.get_traced_memory()[0]
        for number in range(60_000):
            small.add(f"row-{number}")
            if number in (10_000, 30_000, 40_000, 59_999):
                used = tracemalloc.get_traced_memory()[0] - before
                assert used / number < 20
    finally:
        tracemalloc.stop()
