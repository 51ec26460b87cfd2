"""The rows that a reading has accepted."""

import pytest

from oneroster import Paging
from oneroster.pagination.accepted_rows import AcceptedRows
from oneroster.pagination.id_set import id_hashes
from oneroster.pagination.page_requests import PageRequest, ReceivedPage, Unstable
from oneroster.pagination.position import Position

REQUEST = PageRequest(0, 10)


def accept(rows: AcceptedRows, *ids: str | None) -> list[int] | None:
    return rows.accept(REQUEST, ReceivedPage(ids), id_hashes(ids), 0)


def test_distinct_rows_are_accepted_at_once() -> None:
    rows = AcceptedRows(sorted_=False, accept_conflicts=False, log=None)
    assert accept(rows, "a", "b") == [0, 1]
    assert len(rows.seen) == 2


@pytest.mark.parametrize("ids", [("a", "a"), ("a", None)])
def test_rows_that_cannot_be_told_apart_need_a_proof(ids: tuple[str | None, ...]) -> None:
    rows = AcceptedRows(sorted_=True, accept_conflicts=False, log=None)
    page, at = ReceivedPage(ids), Position(Paging(), 0, sorted_=True)
    assert accept(rows, *ids) is None
    dialogue = rows.ask_about_duplicates(REQUEST, page, id_hashes(ids), 0, at)
    assert next(dialogue).offset == 1
    with pytest.raises(StopIteration):
        dialogue.send(ReceivedPage(ids[1:]))
    assert rows.is_proven(REQUEST, page)
    assert accept(rows, *ids) == ([0] if None not in ids else [0, 1])
    assert (rows.identical, rows.without_id) == ((1, 0) if None not in ids else (0, 1))


def test_rows_that_repeat_in_an_unsorted_list_cannot_be_proven() -> None:
    rows = AcceptedRows(sorted_=False, accept_conflicts=False, log=None)
    at = Position(Paging(), 0, sorted_=False)
    with pytest.raises(Unstable, match="twice in one page"):
        rows.ask_about_duplicates(REQUEST, ReceivedPage("aa"), id_hashes("aa"), 0, at)
