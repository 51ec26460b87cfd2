"""Servers in memory that page badly in generated ways, and a walk over them without a network."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from oneroster import Paging
from oneroster.pagination.walk import CollectionWalk, PageRequest, ReceivedPage

Row = tuple[str, str]
"""The id and the content of a row."""


class Outcome(NamedTuple):
    """What a walk gave.

    Attributes:
        ids: The ids of the rows returned, in order.
        walk: The walk, ended.
        requests: The number of requests.
    """

    ids: list[str | None]
    walk: CollectionWalk
    requests: int


def walk_over(answer: Callable[[PageRequest], ReceivedPage], paging: Paging, ahead: int = 1) -> Outcome:
    """Walk as a shell does, with pages requested before their turn, of which those not needed are noticed."""
    walk, ids, requests = CollectionWalk("getAllOrgs", paging), list[str | None](), 0
    held: dict[PageRequest, ReceivedPage] = {}
    while asked := walk.next_requests(ahead):
        for stale in held.keys() - set(asked):
            walk.notice(held.pop(stale))
        for request in asked:
            if request not in held:
                held[request] = answer(request)
                requests += 1
        page = held.pop(asked[0])
        ids += [page.ids[index] for index in walk.receive(asked[0], page)]
    return Outcome(ids, walk, requests)


class Change(NamedTuple):
    """A row that comes or goes at a request.

    Attributes:
        request: The number of the request before which it changes.
        place: Where in the list.
        inserts: Whether a row comes, or the row there goes.
    """

    request: int
    place: int
    inserts: bool


class Habits(NamedTuple):
    """How a server answers requests for pages, sorted or not.

    Attributes:
        clamp: The most rows of a page.
        offset_ignored: Whether every page is the first.
        limit_ignored: Whether every page has all rows from its offset, up to `clamp`.
        shift: How many rows before (negative) or after its offset every page but the first starts.
        rotate: By how many rows the list is rotated for each page before the one requested.
        hidden: The places of rows that the list lacks.
        twins: The places of rows that the list has twice.
        twins_differ: Whether the second occurrence has other content.
        nulls: Whether every page ends with null.
        reversed: Whether the list is in the opposite order.
        only: How many rows the list has at most.
        empty: The numbers of requests that get an empty page.
        short: The numbers of requests that get a page without its last row.
        twins_counted: Whether the rows that the list has twice are two records, for totals and for a filter by id.
        filters: Whether a filter by an id is served.
    """

    clamp: int = 1000
    offset_ignored: bool = False
    limit_ignored: bool = False
    shift: int = 0
    rotate: int = 0
    hidden: frozenset[int] = frozenset()
    twins: frozenset[int] = frozenset()
    twins_differ: bool = False
    nulls: bool = False
    reversed: bool = False
    only: int = 1000
    empty: frozenset[int] = frozenset()
    short: frozenset[int] = frozenset()
    twins_counted: bool = False
    filters: bool = True

    @property
    def hides(self) -> bool:
        """Whether rows may be left out in a way that no page shows."""
        return bool(self.hidden or self.short or self.empty) or self.only < 1000


HONEST = Habits()


class HostileList:
    """A server with a list of rows.

    Args:
        rows: The number of rows.
        unsorted: How it answers requests without a sort.
        sorted_: How it answers requests with one.
        totals: Added to the true total, by the number of the request; the last one stays. None for no total.
        changes: Rows that come and go.
        single_reads: Whether records can be read by their id.

    Attributes:
        stayed: The ids of the rows that existed from start to end.
        existed: The ids of all rows that ever existed.
    """

    def __init__(
        self,
        rows: int,
        unsorted: Habits = HONEST,
        sorted_: Habits = HONEST,
        totals: Sequence[int] | None = (0,),
        changes: Sequence[Change] = (),
        single_reads: bool = True,
    ) -> None:
        self._rows: list[Row] = [(f"id-{number:03}", str(number)) for number in range(rows)]
        self._unsorted, self._sorted, self._totals = unsorted, sorted_, totals
        self._changes, self._single_reads = changes, single_reads
        self._requests = 0
        self.stayed = self.existed = frozenset(name for name, _ in self._rows)

    def __call__(self, request: PageRequest) -> ReceivedPage:
        self._requests += 1
        self._change()
        if request.row is not None:
            known = {name for name, _ in self._rows} if self._single_reads else set()
            return ReceivedPage([request.row] if request.row in known else [])
        habits = self._sorted if request.sorted else self._unsorted
        if request.copies_of is not None:
            copies = sum(
                1 + self._is_counted(place, habits)
                for place, row in enumerate(self._rows)
                if row[0] == request.copies_of
            )
            return ReceivedPage([request.copies_of] * copies if habits.filters else [])
        page = self._page(request, habits)
        ids = [None if row is None else row[0] for row in page]
        return ReceivedPage(ids, self._total(habits), None, lambda: page)

    @staticmethod
    def _is_counted(place: int, habits: Habits) -> bool:
        return habits.twins_counted and place in habits.twins

    def _change(self) -> None:
        for change in self._changes:
            if change.request == self._requests:
                place = change.place % (len(self._rows) + 1)
                if change.inserts:
                    new = (f"id-{place:03}-{self._requests}", "new")
                    self._rows.insert(place, new)
                    self.existed |= {new[0]}
                elif place < len(self._rows):
                    self.stayed -= {self._rows.pop(place)[0]}

    def _total(self, habits: Habits) -> int | None:
        if self._totals is None:
            return None
        number = min(self._requests, len(self._totals)) - 1
        twins = sum(self._is_counted(place, habits) for place in range(len(self._rows)))
        return max(0, len(self._rows) + twins + self._totals[number])

    def _page(self, request: PageRequest, habits: Habits) -> list[Row | None]:
        rows = self._list(habits)
        offset = 0 if habits.offset_ignored else request.offset
        if habits.rotate and rows:
            turn = habits.rotate * (offset // request.limit) % len(rows)
            rows = rows[turn:] + rows[:turn]
        start = max(0, offset + habits.shift) if offset else 0
        limit = habits.clamp if habits.limit_ignored else min(request.limit, habits.clamp)
        page: list[Row | None] = [*rows[start : start + limit]]
        if self._requests in habits.empty:
            return []
        if self._requests in habits.short:
            page = page[:-1]
        return [*page, None] if habits.nulls else page

    def _list(self, habits: Habits) -> list[Row]:
        rows: list[Row] = []
        for place, row in enumerate(self._rows):
            if place not in habits.hidden:
                rows.append(row)
            if place in habits.twins:
                rows.append((row[0], "another") if habits.twins_differ else row)
        rows = rows[: habits.only]
        return rows[::-1] if habits.reversed else rows


places = st.frozensets(st.integers(0, 40), max_size=3)
requests = st.frozensets(st.integers(1, 12), max_size=2)
habits = st.builds(
    Habits,
    clamp=st.sampled_from([2, 3, 7, 10, 1000]),
    offset_ignored=st.sampled_from([False, False, False, True]),
    limit_ignored=st.sampled_from([False, False, False, True]),
    shift=st.sampled_from([0, 0, 0, -2, -1, 1, 3]),
    rotate=st.sampled_from([0, 0, 0, 1, 4]),
    hidden=st.just(frozenset()) | places,
    twins=st.just(frozenset()) | places,
    twins_differ=st.booleans(),
    twins_counted=st.booleans(),
    filters=st.booleans(),
    nulls=st.sampled_from([False, False, False, True]),
    reversed=st.booleans(),
    only=st.sampled_from([1000, 1000, 1000, 0, 1, 10]),
    empty=st.frozensets(st.integers(1, 12), max_size=1),
    short=st.just(frozenset()) | requests,
)
"""Any habits."""

totals = st.lists(st.sampled_from([0, 0, 0, -20, -1, 1, 15]), min_size=1, max_size=6)
changes = st.lists(st.builds(Change, st.integers(1, 12), st.integers(0, 40), st.booleans()), max_size=3)
