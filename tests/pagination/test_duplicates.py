"""Proof that a list has rows twice."""

import pytest

from oneroster.pagination.duplicates import Duplicates, find_duplicates, prove_duplicates
from oneroster.pagination.page_requests import PageRequest, ReceivedPage, Unstable

LIST = ["a", "b", "b", "c"]
REQUEST = PageRequest(0, 10, sorted=True)


def page(rows: list[str], contents: list[str] | None = None) -> ReceivedPage:
    return ReceivedPage(rows, contents=lambda: contents or rows)


def test_rows_of_one_page_are_compared_without_spaces_around_their_ids() -> None:
    assert find_duplicates(["a", None, "b", " a", None, "b"]) == {3: 0, 5: 2}
    assert find_duplicates(["a", "a", "b"], first=1) == {}


@pytest.mark.parametrize("contents", [LIST, ["a", "b", "other", "c"]])
def test_another_start_shows_the_same_rows(contents: list[str]) -> None:
    proven: list[Duplicates] = []
    dialogue = prove_duplicates(REQUEST, page(LIST, contents), {2: 1}, {}, [], proven)
    assert next(dialogue)[:3] == (2, 10, True)
    with pytest.raises(StopIteration):
        dialogue.send(page(LIST[2:]))
    (found,) = proven
    same = contents == LIST
    assert (found.identical, found.conflicting) == ((frozenset({2}), frozenset()) if same else (frozenset(), {2}))


@pytest.mark.parametrize("shifted", [["b", "x"], [], ["c"]])
def test_another_start_shows_other_rows(shifted: list[str]) -> None:
    dialogue = prove_duplicates(REQUEST, page(LIST), {2: 1}, {}, [], [])
    next(dialogue)
    with pytest.raises(Unstable, match="rows repeat"):
        dialogue.send(page(shifted))


def test_the_row_of_an_earlier_page_is_read_again() -> None:
    request, proven = PageRequest(4, 10, sorted=True), list[Duplicates]()
    dialogue = prove_duplicates(request, page(["c", "d"]), {}, {0: 3}, ["c"], proven)
    assert next(dialogue).offset == 3
    assert dialogue.send(page(["c", "c", "d"]))[:2] == (3, 1)
    with pytest.raises(StopIteration):
        dialogue.send(page(["c"]))
    assert proven[0].identical == {0}
