"""The set of ids behaves like a set of strings, and takes at most 100 bytes a row."""

import tracemalloc
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.errors import UnstableCollectionError
from oneroster.pagination import walk as walk_module
from oneroster.pagination.id_set import IdSet, id_hashes
from oneroster.pagination.walk import CollectionWalk, Paging, ReceivedPage


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
        made = id_hashes(page)
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
        made = id_hashes(names[start : start + size])
        quick.add_distinct([*made, None])
        careful.add_new(made)
    assert len(quick) == len(careful) == len(names)
    assert quick.indexes_of_known(id_hashes(names)) == list(range(len(names)))
    assert not quick.add_new(id_hashes(names))


def test_a_row_takes_at_most_100_bytes_in_a_large_collection() -> None:
    tracemalloc.start()
    try:
        small, before = IdSet(), tracemalloc.get_traced_memory()[0]
        small.add_distinct(id_hashes(f"row-{number}" for number in range(200_000)))
        assert (tracemalloc.get_traced_memory()[0] - before) / len(small) < 100
    finally:
        tracemalloc.stop()


def read(rows: Sequence[str]) -> list[str]:
    """Read rows in pages of ten."""
    found = CollectionWalk("getAllUsers", Paging(limit=10))
    received: list[str] = []
    while requests := found.next_requests():
        request = requests[0]
        page = ReceivedPage(rows[request.offset : request.offset + request.limit], len(rows))
        received += [page.ids[index] or "" for index in found.receive(request, page)]
    return received


@pytest.mark.parametrize("other", [1, 15, 39], ids=["on the same page", "on a later page", "at the end"])
def test_two_ids_with_one_hash_end_in_an_error_and_lose_no_row(other: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"row-{number:03}" for number in range(40)]
    assert read(rows) == rows
    same = {rows[0]: 1, rows[other]: 1}

    def hashes(ids: Iterable[str | None]) -> list[int | None]:
        return [None if name is None else same.get(name, hash(name)) for name in ids]

    monkeypatch.setattr(walk_module, "id_hashes", hashes)
    with pytest.raises(UnstableCollectionError):
        read(rows)
