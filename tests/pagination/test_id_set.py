"""The set of ids behaves like a set, and stays within 40 bytes a row."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from oneroster.pagination.id_set import IdSet, id_digests


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
        made = id_digests(page)
        held = [index for index, name in enumerate(page) if name is not None and name.strip() in model]
        assert small.indexes_of_known(made) == held
        new = []
        for index, name in enumerate(page):
            if name is None or name.strip() not in model:
                new.append(index)
            if name is not None:
                model.add(name.strip())
        assert small.add_new(made) == new
    assert len(small) == len(model)


@given(st.sets(st.text(max_size=2)), st.integers(1, 9))
def test_what_is_known_to_be_new_is_remembered_without_looking(ids: set[str], size: int) -> None:
    names = sorted({name.strip() for name in ids})
    quick, careful = IdSet(), IdSet()
    for start in range(0, len(names), size):
        made = id_digests(names[start : start + size])
        quick.add_distinct([*made, None])
        careful.add_new(made)
    assert len(quick) == len(careful) == len(names)
    assert quick.indexes_of_known(id_digests(names)) == list(range(len(names)))
    assert not quick.add_new(id_digests(names))


def test_many_in_one_go_are_spread_as_far_as_they_need() -> None:
    small, names = IdSet(), [str(number) for number in range(20_000)]
    small.add_distinct(id_digests(names))
    assert len(small) == 20_000
    assert small.indexes_of_known(id_digests([*names, "other"])) == list(range(20_000))


def test_what_stands_across_two_digests_is_none() -> None:
    # Buckets are bytes end to end.
    small = IdSet()
    made = [digest for digest in id_digests(map(str, range(200))) if digest is not None]
    small.add_new(made)
    across = [bytes(one[cut:] + other[:cut]) for one in made for other in made for cut in (1, 6, 11)]
    assert small.indexes_of_known(across) == []


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
