"""The walk gives every row exactly once, or raises: against servers of every kind, without a network."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster import CountMismatchError, Paging, PagingError, UnstableCollectionError
from oneroster.pagination.walk import CollectionWalk, PageRequest, ReceivedPage
from tests.pagination.hostile_lists import Change, Habits, HostileList, Outcome, walk_over

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

    with pytest.raises(UnstableCollectionError, match="no longer at its offset") as caught:
        read(answer)
    assert set(caught.value.ids) <= set(rows)
    assert caught.value.ids


@given(st.data(), st.integers(2, 40), st.booleans(), st.integers(1, 4))
def test_rows_that_stay_are_read_once_while_rows_are_deleted_and_inserted(
    data: st.DataObject, count: int, total: bool, windows: int
) -> None:
    rows, requests = names(count), 0
    # A row that comes while another goes leaves the total as it is.
    deleted = data.draw(st.none() | st.integers(0, count - 1))
    inserted = data.draw(st.none() | st.integers(0, count - 1))
    when = data.draw(st.integers(1, 8))
    stay = set(rows) - ({rows[deleted]} if deleted is not None else set())

    def answer(ask: PageRequest) -> ReceivedPage:
        nonlocal requests
        requests += 1
        if requests == when:
            if deleted is not None:
                rows.pop(deleted)
            if inserted is not None:
                rows.insert(inserted, "new")
        return ReceivedPage(rows[ask.offset : ask.offset + min(ask.limit, 5)], len(rows) if total else None)

    try:
        given_rows = read(answer, Paging(limit=5), windows)
    except PagingError:
        return
    assert len(given_rows) == len(set(given_rows))
    assert stay <= set(given_rows)


@pytest.mark.parametrize("windows", [1, 4])
@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize("when", [2, 3, 4])
def test_a_row_that_comes_while_another_goes_hides_none(when: int, total: bool, windows: int) -> None:
    """The total stays as it is, and all rows behind the deleted one move."""
    rows, requests = names(20), 0
    stay = set(rows[1:])

    def answer(ask: PageRequest) -> ReceivedPage:
        nonlocal requests
        requests += 1
        if requests == when:
            rows.append(rows.pop(0) + "-new")
        if ask.row is not None:
            return ReceivedPage([ask.row] if ask.row in rows else [])
        return ReceivedPage(rows[ask.offset : ask.offset + ask.limit], len(rows) if total else None)

    assert stay <= set(read(answer, Paging(limit=5), windows))


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
    rows = [None, None, None]
    found = walk_over(lambda ask: ReceivedPage(rows[ask.offset : ask.offset + ask.limit], 3), Paging())
    assert found.ids == rows
    # The page, the same rows from another start, the page again, and nothing after it.
    assert found.requests == 4


@pytest.mark.parametrize("total", [None, 1, 2, 1000])
@pytest.mark.parametrize("limit", [1, 10])
@pytest.mark.parametrize("rows", [[None], ["a", None], [None, None]])
def test_b13_a_page_that_always_ends_with_null_ends_the_walk(
    rows: list[str | None], total: int | None, limit: int
) -> None:
    requests = 0

    def answer(_: PageRequest) -> ReceivedPage:
        nonlocal requests
        requests += 1
        return ReceivedPage(rows, total, None, lambda: rows)

    with suppress(PagingError):
        assert walk_over(answer, Paging(limit=limit)).ids == rows
    assert requests < 12


def test_b13_a_server_that_does_not_page_is_read() -> None:
    for rows in (names(41), names(10), names(2), names(1), []):
        for total in (None, len(rows)):
            assert read(lambda _, rows=rows, total=total: ReceivedPage(rows, total)) == rows  # type: ignore[misc]  # bound at once


def test_b13_a_server_that_does_not_page_must_send_what_it_announces() -> None:
    with pytest.raises(CountMismatchError, match="the same 41 rows whatever offset and limit were") as caught:
        read(lambda _: ReceivedPage(names(41), 42))
    assert (caught.value.received, caught.value.announced) == (41, 42)
    # 100 rows are what a server sends that ignores limits (3.1 limit [A]); without a total, there may be more.
    with pytest.raises(CountMismatchError, match="the same 100 rows"):
        read(lambda _: ReceivedPage(names(100)))
    assert read(lambda _: ReceivedPage(names(100), 100)) == names(100)


def test_b13_a_server_that_names_a_next_page_pages() -> None:
    for rows in (names(41), names(10), names(2)):
        with pytest.raises(CountMismatchError, match="Link header names a next page that does not lead on"):
            read(lambda _, rows=rows: ReceivedPage(rows, names_next=True))  # type: ignore[misc]  # bound at once


def twice(rows: Sequence[tuple[str, str]], paging: Paging, total: int | None = None) -> Outcome:
    """Walk over a list that honours sort; rows are pairs of id and content."""

    def answer(ask: PageRequest) -> ReceivedPage:
        listed = sorted(rows) if ask.sorted else list(rows)
        page = listed[ask.offset : ask.offset + ask.limit]
        return ReceivedPage([name for name, _ in page], total, None, lambda: page)

    return walk_over(answer, paging)


@pytest.mark.parametrize("total", [None, 26])
@pytest.mark.parametrize("at", [0, 3, 4, 9, 10, 24, 25])
@pytest.mark.parametrize("limit", [10, 1000])
def test_b11_rows_with_the_same_content_are_left_out_and_counted(limit: int, at: int, total: int | None) -> None:
    rows = [(name, "content") for name in names(25)]
    rows.insert(at, rows[3])
    found = twice(rows, Paging(limit=limit), total)
    assert sorted(name or "" for name in found.ids) == names(25)
    assert (found.walk.identical, list(found.walk.conflicting)) == (1, [])


def test_b11_rows_with_other_content_need_leave_and_are_listed() -> None:
    rows = [*((name, "content") for name in names(25)), ("id-0003", "other")]
    for limit in (10, 1000):
        with pytest.raises(UnstableCollectionError, match="--accept-duplicates") as caught:
            twice(rows, Paging(limit=limit))
        assert caught.value.ids == ("id-0003",)
        found = twice(rows, Paging(limit=limit, accept_duplicates=True))
        assert sorted(name or "" for name in found.ids) == names(25)
        assert (found.walk.identical, list(found.walk.conflicting)) == (0, ["id-0003"])


def test_b11_ids_that_differ_in_spaces_are_not_the_same() -> None:
    rows = [("a", "content"), ("a ", "content"), ("b", "content")]
    with pytest.raises(UnstableCollectionError, match="differ only in spaces"):
        twice(rows, Paging(limit=10, accept_duplicates=True))


def test_b14_the_counts_explain_the_error() -> None:
    rows = names(41)

    def answer(ask: PageRequest) -> ReceivedPage:
        """Lose the rows of another half in each reading."""
        listed = rows[:21] if ask.sorted else rows[20:]
        return ReceivedPage(listed[ask.offset : ask.offset + ask.limit], 41)

    with pytest.raises(CountMismatchError) as caught:
        read(answer)
    error = caught.value
    assert error.received < 41 == error.announced == error.received_in_all
    assert f"({error.received} different rows received, 41 announced; 41 in both readings together)" in str(error)


@pytest.mark.parametrize("single_reads", [True, False])
def test_b1_a_row_that_a_second_reading_lacks_must_be_gone(single_reads: bool) -> None:
    rows = names(41)
    for count in (1, 20, 21):
        changes = [Change(3, 0, inserts=False)] * count
        server = HostileList(41, changes=changes, single_reads=single_reads)
        if single_reads and count < 21:
            found = walk_over(server, Paging(limit=30))
            assert found.walk.gone == [f"id-{number:03}" for number in range(count)]
            assert len(found.ids) == len(rows)
        else:
            with pytest.raises(PagingError, match="received before are not in the last reading"):
                walk_over(server, Paging(limit=30))


def test_b1_a_lower_total_must_be_repeated() -> None:
    # The second reading has all rows that it announces, and fewer than the first one announced.
    server = HostileList(41, Habits(offset_ignored=True, clamp=10), Habits(only=10), totals=[0, 0, 0, 0, -31, -31, 0])
    with pytest.raises(CountMismatchError, match="an earlier response announced 41 rows, the last reading has 10"):
        walk_over(server, Paging(limit=10))


def test_windows_are_opened_only_where_limit_and_total_are_honoured() -> None:
    walk = CollectionWalk("getAllOrgs", Paging(limit=10))
    assert len(walk.next_requests(4)) == 1
    walk.receive(walk.next_requests()[0], ReceivedPage(names(10), 45))
    assert [(ask.offset, ask.expected_rows) for ask in walk.next_requests(4)] == [(9, 10), (18, 10), (27, 10), (36, 9)]
    silent = CollectionWalk("getAllOrgs", Paging(limit=10))
    silent.receive(silent.next_requests()[0], ReceivedPage(names(10)))
    assert len(silent.next_requests(4)) == 1
