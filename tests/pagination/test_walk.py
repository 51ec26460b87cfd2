"""The walk gives every row exactly once, or raises: against servers of every kind, without a network."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster import CountMismatchError, Paging, PagingError, UnstableCollectionError
from oneroster.pagination.walk import CollectionWalk, PageRequest, ReceivedPage

Server = Callable[[PageRequest], ReceivedPage]


def names(count: int) -> list[str]:
    return [f"id-{number:04}" for number in range(count)]


def read(server: Server, paging: Paging | None = None, ahead: int = 1) -> list[str]:
    """Walk as a shell would, with windows asked for before their turn."""
    walk, given, came = CollectionWalk("getAllOrgs", paging or Paging(limit=10)), [], dict[PageRequest, ReceivedPage]()
    while asks := walk.next_requests(ahead):
        came = {ask: came[ask] if ask in came else server(ask) for ask in asks}
        facts = came.pop(asks[0])
        given += [facts.ids[index] or "" for index in walk.receive(asks[0], facts)]
    return given


def honest(rows: Sequence[str], cap: int = 1000, total: bool = True) -> Server:
    def answer(ask: PageRequest) -> ReceivedPage:
        return ReceivedPage(rows[ask.offset : ask.offset + min(ask.limit, cap)], len(rows) if total else None)

    return answer


@given(st.integers(0, 60), st.integers(1, 20), st.integers(1, 20), st.booleans(), st.integers(1, 5))
def test_an_honest_server_is_read_exactly_once_in_order(
    rows: int, limit: int, cap: int, total: bool, windows: int
) -> None:
    expected = names(rows)
    assert read(honest(expected, cap, total), Paging(limit=limit), windows) == expected


@pytest.mark.parametrize("lie", [0, 1, 7, 25, 29])
def test_a_total_that_is_too_small_loses_nothing(lie: int) -> None:
    rows = names(30)
    assert read(lambda ask: ReceivedPage(rows[ask.offset : ask.offset + min(ask.limit, 7)], lie)) == rows


def test_a_total_that_counts_the_page_alone_loses_nothing() -> None:
    rows = names(30)

    def answer(ask: PageRequest) -> ReceivedPage:
        page = rows[ask.offset : ask.offset + 7]
        return ReceivedPage(page, len(page))

    with pytest.raises(PagingError, match="shrank"):
        read(answer)
    assert read(answer, Paging(limit=10, trust_total=False)) == rows


def test_a_total_that_is_too_large_raises_with_the_numbers() -> None:
    rows = names(25)
    with pytest.raises(CountMismatchError) as caught:
        read(lambda ask: ReceivedPage(rows[ask.offset : ask.offset + ask.limit], 40))
    error = caught.value
    assert (error.collection, error.received, error.announced) == ("getAllOrgs", 25, 40)
    assert "getAllOrgs" in str(error)
    assert "25 different rows received, 40 announced" in str(error)


@pytest.mark.parametrize("total", [None, 30])
def test_an_ignored_offset_raises(total: int | None) -> None:
    rows = names(30)
    with pytest.raises(UnstableCollectionError, match="as if it ignored offset") as caught:
        read(lambda ask: ReceivedPage(rows[: ask.limit], total))
    assert caught.value.received == 10


def test_an_ignored_offset_does_no_harm_when_one_page_holds_all() -> None:
    rows = names(8)
    assert read(lambda _: ReceivedPage(rows, 8)) == rows


@pytest.mark.parametrize("total", [None, 35])
def test_offsets_rounded_down_to_whole_pages_are_read(total: int | None) -> None:
    rows = names(35)

    def answer(ask: PageRequest) -> ReceivedPage:
        start = ask.offset // ask.limit * ask.limit
        return ReceivedPage(rows[start : start + ask.limit], total)

    assert read(answer) == rows


@pytest.mark.parametrize("total", [None, 35])
@pytest.mark.parametrize("times", [1, 1000])
def test_an_empty_page_in_the_middle_is_asked_for_again_and_then_reported(total: int | None, times: int) -> None:
    rows, left = names(35), times

    def answer(ask: PageRequest) -> ReceivedPage:
        nonlocal left
        if ask.offset >= 15 and left:
            left -= 1
            return ReceivedPage([], total)
        return ReceivedPage(rows[ask.offset : ask.offset + ask.limit], total)

    if times == 1:
        assert read(answer) == rows
    else:
        with pytest.raises(PagingError):
            read(answer)


def test_rows_that_repeat_and_get_lost_under_ties_are_read_under_sourced_id() -> None:
    rows = names(40)

    def answer(ask: PageRequest) -> ReceivedPage:
        shifted = rows if ask.sorted else rows[ask.offset // 10 * 3 :] + rows[: ask.offset // 10 * 3]
        return ReceivedPage(shifted[ask.offset : ask.offset + ask.limit], 40)

    given_rows = read(answer)
    assert sorted(given_rows) == rows


def test_ties_without_any_sort_are_reported_with_ids() -> None:
    rows = names(40)

    def answer(ask: PageRequest) -> ReceivedPage:
        start = max(0, ask.offset - 2)
        return ReceivedPage(rows[start : start + ask.limit], 40)

    with pytest.raises(UnstableCollectionError, match="rows repeat") as caught:
        read(answer)
    assert set(caught.value.ids) <= set(rows)
    assert caught.value.ids


@given(st.data(), st.integers(2, 40), st.booleans(), st.integers(1, 4))
def test_rows_that_stay_are_read_once_while_one_row_is_deleted_or_inserted(
    data: st.DataObject, count: int, total: bool, windows: int
) -> None:
    rows, requests = names(count), 0
    at, when = data.draw(st.integers(0, count - 1)), data.draw(st.integers(1, 8))
    insert = data.draw(st.booleans())
    stay = set(rows) if insert else set(rows) - {rows[at]}

    def answer(ask: PageRequest) -> ReceivedPage:
        nonlocal requests
        requests += 1
        if requests == when:
            rows.insert(at, "new") if insert else rows.pop(at)
        return ReceivedPage(rows[ask.offset : ask.offset + min(ask.limit, 5)], len(rows) if total else None)

    try:
        given_rows = read(answer, Paging(limit=5), windows)
    except PagingError:
        return
    assert len(given_rows) == len(set(given_rows))
    assert stay <= set(given_rows)


@given(st.lists(st.tuples(st.lists(st.integers(0, 15), max_size=6), st.none() | st.integers(0, 20)), min_size=1))
def test_whatever_a_server_sends_no_row_is_given_twice_and_the_walk_ends(
    script: list[tuple[list[int], int | None]],
) -> None:
    turn = 0

    def answer(_: PageRequest) -> ReceivedPage:
        nonlocal turn
        ids, total = script[turn % len(script)]
        turn += 1
        return ReceivedPage([str(number) for number in ids], total)

    try:
        given_rows = read(answer, Paging(limit=5), 3)
    except PagingError:
        return
    assert len(given_rows) == len(set(given_rows))


def test_a_server_without_end_is_stopped() -> None:
    with pytest.raises(PagingError, match="no end after 50 requests"):
        read(lambda ask: ReceivedPage([str(ask.offset + n) for n in range(5)]), Paging(limit=5, max_requests=50))


def test_a_cursor_is_followed_and_its_loop_reported() -> None:
    rows = names(12)

    def answer(ask: PageRequest) -> ReceivedPage:
        start = int(ask.cursor or 0)
        return ReceivedPage(rows[start : start + 5], None, str(start + 5) if start + 5 < 12 else None)

    assert read(answer) == rows
    with pytest.raises(UnstableCollectionError, match="next link"):
        read(lambda _: ReceivedPage(rows[:5], None, "same"))


def test_rows_without_sourced_id_are_counted_when_a_total_is_announced() -> None:
    page = ReceivedPage([None, None, None], 3)
    walk = CollectionWalk("getAllOrgs", Paging())
    assert walk.receive(walk.next_requests()[0], page) == [0, 1, 2]
    assert walk.receive(walk.next_requests()[0], ReceivedPage([], 3)) == []
    assert walk.next_requests() == []


def test_windows_are_opened_only_where_limit_and_total_are_honoured() -> None:
    walk = CollectionWalk("getAllOrgs", Paging(limit=10))
    assert len(walk.next_requests(4)) == 1
    walk.receive(walk.next_requests()[0], ReceivedPage(names(10), 45))
    assert [(ask.offset, ask.expected_rows) for ask in walk.next_requests(4)] == [(10, 10), (20, 10), (30, 10), (40, 5)]
    silent = CollectionWalk("getAllOrgs", Paging(limit=10))
    silent.receive(silent.next_requests()[0], ReceivedPage(names(10)))
    assert len(silent.next_requests(4)) == 1
