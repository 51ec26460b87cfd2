"""The law of a walk: what it gives is what the server has, or it raises, however the server pages."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oneroster import Paging, PagingError
from tests.pagination.hostile_lists import (
    Change,
    Habits,
    HostileList,
    changes,
    habits,
    totals,
    walk_over,
)

MANY = 4 * settings().max_examples
"""More than of other properties, because there are many habits to combine."""

MOST_REQUESTS_PER_ROW = 4


def hold(server: HostileList, paging: Paging, ahead: int = 1) -> None:
    """Check the law for one walk over one server."""
    try:
        found = walk_over(server, paging, ahead)
    except PagingError:
        return
    names = [name for name in found.ids if name is not None]
    assert len(names) == len(set(names))
    assert server.stayed <= set(names) <= server.existed
    assert found.requests <= 200 + MOST_REQUESTS_PER_ROW * len(found.ids) + 4 * ahead


@settings(max_examples=MANY)
@given(
    rows=st.integers(0, 40), unsorted=habits, sorted_=habits, announced=totals, moves=changes,
    single_reads=st.booleans(), limit=st.sampled_from([1, 3, 10, 50]), ahead=st.sampled_from([1, 4]),
    accept=st.booleans(),
)  # fmt: skip
# B1: offset ignored, 20 of 97 rows on a page; sorted requests bring nothing, or one row.
@example(97, Habits(20, True), Habits(only=0), [0], [], True, 50, 1, False)
@example(97, Habits(20, True), Habits(only=1), [0], [], True, 50, 1, False)
@example(97, Habits(20, True), Habits(only=20), [0, 0, -77], [], True, 50, 1, False)
# Pages of two rows, offset ignored, and a total of none.
@example(3, Habits(2, True), Habits(2), [-20], [], False, 3, 1, False)
@example(3, Habits(2, True, True), Habits(2), [-20], [], False, 1, 1, False)
# Each page but the first begins a row too late, and the total is too low.
@example(22, Habits(2, shift=1), Habits(2), [-20], [], False, 1, 1, False)
# The total falls for good, and the row that it no longer counts was never received.
@example(41, Habits(hidden=frozenset({40})), Habits(hidden=frozenset({40})), [0, -1], [], True, 10, 1, False)
def test_b1_what_is_given_is_the_truth_or_an_error(
    rows: int, unsorted: Habits, sorted_: Habits, announced: list[int], moves: list[Change],
    single_reads: bool, limit: int, ahead: int, accept: bool,
) -> None:  # fmt: skip
    if unsorted.hides or sorted_.hides:
        # No one can know of rows that are neither sent nor counted. Once counted, they must be found.
        announced, moves = [max(0, announced[0]), *announced[1:]], []
    # A null fills the place of a row that is not sent: it counts as a record that cannot be read. So does a row sent
    # twice, unless a filter tells how often the server has it.
    filtered = unsorted.filters and sorted_.filters
    unsorted, sorted_ = (
        one._replace(nulls=False, twins=one.twins if filtered else frozenset()) if one.hides or one.shift > 0 else one
        for one in (unsorted, sorted_)
    )
    server = HostileList(rows, unsorted, sorted_, announced, moves, single_reads)
    hold(server, Paging(limit=limit, accept_duplicates=accept), ahead)


@settings(max_examples=MANY)
@given(
    rows=st.integers(0, 40), unsorted=habits, sorted_=habits, moves=changes, trusted=st.booleans(),
    limit=st.sampled_from([3, 10, 50]),
)  # fmt: skip
def test_b1_without_a_total_rows_that_are_sent_are_not_lost(
    rows: int, unsorted: Habits, sorted_: Habits, moves: list[Change], trusted: bool, limit: int
) -> None:
    none = frozenset[int]()
    unsorted, sorted_ = (one._replace(hidden=none, only=1000, short=none) for one in (unsorted, sorted_))
    if unsorted.offset_ignored or sorted_.offset_ignored:
        # Who ignores offset and limit seems to send everything, and a first page of 2 rows of 40 shows nothing else.
        unsorted, sorted_ = (one._replace(limit_ignored=False) for one in (unsorted, sorted_))
    # A page that is cut to what was asked for again shows nothing, so pages have room for it.
    unsorted, sorted_ = (one._replace(clamp=max(one.clamp, 3)) for one in (unsorted, sorted_))
    server = HostileList(rows, unsorted, sorted_, None if trusted else [-20, 0, 15], moves)
    hold(server, Paging(limit=limit, trust_total=trusted))


@given(
    place=st.integers(0, 39), hidden=st.integers(0, 39), limit=st.sampled_from([7, 10, 50]), counted=st.booleans(),
    filters=st.booleans(),
)  # fmt: skip
def test_b1_a_row_sent_twice_does_not_fill_the_place_of_one_never_sent(
    place: int, hidden: int, limit: int, counted: bool, filters: bool
) -> None:
    twins, lost = frozenset({place}), frozenset({hidden})
    habits = Habits(twins=twins, hidden=lost - twins, twins_counted=counted, filters=filters)
    server = HostileList(40, habits, habits)
    if place == hidden or not (filters or counted):
        # Without a filter, a server that sends and counts a row twice cannot be told from one that hides a row.
        found = walk_over(server, Paging(limit=limit))
        assert len(found.ids) == 40 - len(lost - twins)
        assert found.walk.identical == 1
        return
    with pytest.raises(PagingError):
        walk_over(server, Paging(limit=limit))
    # Who leaves the total aside takes what is sent.
    assert len(walk_over(server, Paging(limit=limit, trust_total=False)).ids) == 40 - len(lost - twins)


@given(rows=st.integers(0, 40), announced=st.none() | st.integers(0, 3), limit=st.sampled_from([1, 7, 50]))
def test_b1_a_first_response_that_is_empty_is_not_believed_alone(rows: int, announced: int | None, limit: int) -> None:
    totals = None if announced is None else [announced - rows, 0]
    server = HostileList(rows, Habits(empty=frozenset({1})), totals=totals)
    hold(server, Paging(limit=limit))
    assert len(walk_over(HostileList(rows, Habits(empty=frozenset({1}))), Paging(limit=limit)).ids) == rows


@given(only=st.integers(0, 19), accept=st.booleans())
def test_b1_without_a_total_rows_received_before_the_last_reading_are_not_forgotten(only: int, accept: bool) -> None:
    # A row inserted at the front makes the walk read again, sorted, after two pages of 10.
    server = HostileList(41, Habits(), Habits(only=only), None, [Change(3, 0, inserts=True)])
    with pytest.raises(PagingError):
        walk_over(server, Paging(limit=10, accept_duplicates=accept))
