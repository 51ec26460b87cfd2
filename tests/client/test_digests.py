"""The set of ids behaves like a set, and stays within 40 bytes a row."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from oneroster.digests import IdSet, digests


@given(st.lists(st.text(max_size=3)))
def test_it_holds_what_a_set_of_stripped_strings_holds(ids: list[str]) -> None:
    model: set[str] = set()
    small = IdSet()
    for sourced_id in ids:
        assert small.add(sourced_id) == (sourced_id.strip() not in model)
        model.add(sourced_id.strip())
        assert sourced_id in small
    assert len(small) == len(model)


@given(st.lists(st.lists(st.none() | st.text("ab ", max_size=3), max_size=8)))
def test_many_at_once_are_held_and_put_as_one_after_the_other(pages: list[list[str | None]]) -> None:
    model: set[str] = set()
    small = IdSet()
    for page in pages:
        made = digests(page)
        held = [index for index, name in enumerate(page) if name is not None and name.strip() in model]
        assert small.held(made) == held
        new = []
        for index, name in enumerate(page):
            if name is None or name.strip() not in model:
                new.append(index)
            if name is not None:
                model.add(name.strip())
        assert small.put(made) == new
    assert len(small) == len(model)


def test_a_million_bits_of_neighbours_make_no_digest_of_their_own() -> None:
    # Buckets are bytes end to end; what stands across two digests is none.
    small = IdSet()
    made = [digest for digest in digests(map(str, range(200))) if digest is not None]
    small.put(made)
    across = [bytes(one[cut:] + other[:cut]) for one in made for other in made for cut in (1, 6, 11)]
    assert small.held(across) == []


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
