"""One reading: what each page proves."""

import pytest

from oneroster import CountMismatchError, Paging
from oneroster.pagination.id_set import id_hashes
from oneroster.pagination.page_requests import ReceivedPage, Unstable
from oneroster.pagination.reading import Reading


def receive(reading: Reading, ids: list[str | None], total: int | None = None) -> list[int]:
    return reading.receive(reading.next_requests(1)[0], ReceivedPage(ids, total), id_hashes(ids))


def test_it_ends_with_a_page_that_has_the_last_row_alone() -> None:
    reading = Reading(Paging(limit=2))
    assert receive(reading, ["a", "b"]) == [0, 1]
    assert receive(reading, ["b", "c"]) == [1]
    assert (receive(reading, ["c"]), reading.ended) == ([], True)


def test_a_total_that_rises_at_the_end_must_be_reached() -> None:
    reading = Reading(Paging(limit=2))
    receive(reading, ["a", "b"], 2)
    receive(reading, ["b"], 3)
    assert not reading.ended
    with pytest.raises(Unstable, match="no more rows before its total") as caught:
        receive(reading, ["b"], 3)
    assert caught.value.error is CountMismatchError


@pytest.mark.parametrize("total", [None, 4])
def test_an_overlap_with_rows_without_an_id_includes_them(total: int | None) -> None:
    reading = Reading(Paging(limit=5))
    assert receive(reading, ["a", "b", "c", None], total) == []  # the same rows must come from another start
    assert receive(reading, [None], total) == []
    assert receive(reading, ["a", "b", "c", None], total) == [0, 1, 2, 3]
    assert reading.next_requests(1)[0].offset == 2
    receive(reading, ["c", None], total)
    assert reading.ended


@pytest.mark.parametrize("total", [None, 0])
def test_an_empty_collection_is_requested_twice(total: int | None) -> None:
    reading = Reading(Paging())
    receive(reading, [], total)
    assert not reading.ended
    receive(reading, [], total)
    assert reading.ended
