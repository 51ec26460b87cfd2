"""Servers that page badly, over real HTTP: every row comes exactly once, or an error names the collection and numbers.

Each server stands for one behaviour met in the field; each is read one page after the other and four at a time.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Any, NamedTuple

import httpx
import pytest

from oneroster import (
    AsyncOneRoster,
    CountMismatchError,
    ForeignOriginError,
    OneRoster,
    Paging,
    PagingError,
    Retry,
    UnstableCollectionError,
)
from tests.patience import PATIENCE
from tests.web import Answer, Seen, Web, serve

ROWS = [f"id-{number:03}" for number in range(57)]
LIMIT = 10


class Asked(NamedTuple):
    """What a request asks for."""

    offset: int
    limit: int
    sorted: bool
    number: int
    query: httpx.QueryParams
    row: str = ""


Server = Callable[[Asked], Answer]


def page(rows: Sequence[str], total: object = None, link: str | None = None, body: bytes | None = None) -> Answer:
    headers = [] if total is None else [("X-Total-Count", str(total))]
    headers += [] if link is None else [("Link", link)]
    records = [{"sourcedId": row, "name": row, "type": "school", "status": "active"} for row in rows]
    return Answer(200, json.dumps({"orgs": records}).encode() if body is None else body, tuple(headers))


def part(asked: Asked, rows: Sequence[str] = ROWS, cap: int = 1000) -> Sequence[str]:
    return rows[asked.offset : asked.offset + min(asked.limit, cap)]


def listening(server: Server) -> Callable[[Seen], Answer]:
    lock, turns = Lock(), [0]

    def answer(seen: Seen) -> Answer:
        url = httpx.URL(seen.path)
        query, row = url.params, url.path.removeprefix("/orgs").removeprefix("/")
        with lock:
            turns[0] += 1
            number = turns[0]
        return server(
            Asked(int(query.get("offset", 0)), int(query.get("limit", 100)), "sort" in query, number, query, row)
        )

    return answer


SETTINGS: dict[str, Any] = {"token": "t0ken", "retry": Retry(attempts=2, first_delay=0)}


def sync_read(web: Web, windows: int, paging: Paging = Paging()) -> list[str]:  # noqa: B008 - a tuple
    chosen = paging._replace(limit=LIMIT, windows=windows, adaptive=False)
    with OneRoster(base_url=web.origin, paging=chosen, **SETTINGS) as roster:
        return [org.sourced_id for org in roster.get_all_orgs()]


def async_read(web: Web, windows: int, paging: Paging = Paging()) -> list[str]:  # noqa: B008 - a tuple
    async def read() -> list[str]:
        chosen = paging._replace(limit=LIMIT, windows=windows, adaptive=False)
        async with AsyncOneRoster(base_url=web.origin, paging=chosen, **SETTINGS) as roster:
            return [org.sourced_id async for org in roster.get_all_orgs()]

    return asyncio.run(read())


Reader = Callable[..., list[str]]


@pytest.fixture(params=["sync", "async"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return sync_read if request.param == "sync" else async_read


@pytest.fixture(params=[1, 4], ids=["one window", "four windows"])
def windows(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


def next_link(asked: Asked, rows: Sequence[str] = ROWS) -> str | None:
    offset = asked.offset + asked.limit
    return f'</orgs?limit={asked.limit}&offset={offset}>; rel="next"' if offset < len(rows) else None


def by_cursor(asked: Asked) -> Answer:
    start = int(asked.query.get("after", 0))
    link = f'</orgs?after={start + 9}>; rel="next"' if start + 9 < len(ROWS) else None
    return page(ROWS[start : start + 9], link=link)


def changing_cap(asked: Asked) -> Answer:
    return page(part(asked, cap=LIMIT if asked.offset < 20 else 4), len(ROWS))


def half_empty(answer: Answer, total: int | None = 57, cap: int = 1000) -> Server:
    """Answers one page in the middle emptily, once."""
    left = [1]

    def server(asked: Asked) -> Answer:
        if asked.offset >= 19 and left:
            left.pop()
            return answer
        return page(part(asked, cap=cap), total)

    return server


def shuffled(asked: Asked, total: int | None = 57) -> Answer:
    """Ties: each page sees another order, so rows repeat and get lost; under sourcedId there are none."""
    turn = 0 if asked.sorted else asked.offset // LIMIT * 3
    return page(part(asked, ROWS[turn:] + ROWS[:turn]), total)


def bare_list(asked: Asked) -> Answer:
    body = json.dumps([{"sourcedId": row} for row in part(asked)]).encode()
    return page([], len(ROWS), body=body)


def one_broken(asked: Asked) -> Answer:
    records = [{"sourcedId": row, "type": ["?"] if row == "id-023" else "school"} for row in part(asked)]
    return page([], len(ROWS), body=json.dumps({"orgs": records}).encode())


READ: dict[str, Callable[[], Server]] = {
    "honest": lambda: lambda asked: page(part(asked), len(ROWS), next_link(asked)),
    "clamps limit silently": lambda: lambda asked: page(part(asked, cap=4), len(ROWS)),
    "clamps limit silently, no total": lambda: lambda asked: page(part(asked, cap=4)),
    "clamps limit later": lambda: changing_cap,
    "no total, no link": lambda: lambda asked: page(part(asked)),
    "no total": lambda: lambda asked: page(part(asked), None, next_link(asked)),
    "no link": lambda: lambda asked: page(part(asked), len(ROWS)),
    "next link to the same page": lambda: (
        lambda asked: page(part(asked), len(ROWS), f'</orgs?offset={asked.offset}&limit=10>; rel="next"')
    ),
    "next link beyond the end": lambda: lambda asked: page(part(asked), None, '</orgs?offset=9999>; rel="next"'),
    "unreadable link": lambda: lambda asked: page(part(asked), len(ROWS), '<http://[next>; rel="next"'),
    "offset link to a foreign origin": lambda: (
        lambda asked: page(
            part(asked), len(ROWS), f'<https://away.example/orgs?offset={asked.offset + 10}>; rel="next"'
        )
    ),
    "total too small": lambda: lambda asked: page(part(asked), 23),
    "total of zero": lambda: lambda asked: page(part(asked), 0),
    "total of words": lambda: lambda asked: page(part(asked), "many"),
    "204 in the middle": lambda: half_empty(Answer(204, b"")),
    "null in the middle": lambda: half_empty(page([], len(ROWS), body=b'{"orgs": null}')),
    "empty page in the middle": lambda: half_empty(page([], len(ROWS))),
    "empty page without total in the middle": lambda: half_empty(page([])),
    "204 in the middle, no total": lambda: half_empty(Answer(204, b""), None),
    "204 between pages of one row, no total": lambda: half_empty(Answer(204, b""), None, cap=1),
    "ties": lambda: shuffled,
    "no envelope": lambda: bare_list,
    "one broken record": lambda: one_broken,
    "pages by cursor": lambda: by_cursor,
    "offsets rounded down to pages": lambda: (
        lambda asked: page(part(asked._replace(offset=asked.offset // asked.limit * asked.limit)), len(ROWS))
    ),
}


@pytest.mark.parametrize("behaviour", READ)
def test_every_row_comes_exactly_once(behaviour: str, reader: Reader, windows: int) -> None:
    with serve(listening(READ[behaviour]())) as web:
        given = reader(web, windows)
        # Only a second reading, under sourcedId, may change the order.
        assert (sorted(given) if behaviour == "ties" else given) == ROWS
        assert len(web.seen) < 70


def ignored_offset(total: int | None) -> Server:
    return lambda asked: page(ROWS[: asked.limit], total)


def dead_end(answer: Answer) -> Server:
    return lambda asked: page(part(asked), len(ROWS)) if asked.offset < 20 else answer


def cursors_that_end(asked: Asked) -> Answer:
    if "after" in asked.query:
        return page(ROWS[10:20], 57)
    return page(ROWS[:10], 57, '</orgs?after=1>; rel="next"')


def lost_rows(asked: Asked) -> Answer:
    """Whatever the sort, two rows fall between any two pages."""
    skipped = asked.offset // LIMIT * 2
    return page(ROWS[asked.offset + skipped : asked.offset + skipped + asked.limit], len(ROWS))


def ties_in_any_sort(asked: Asked) -> Answer:
    start = max(0, asked.offset - asked.offset // LIMIT)
    return page(ROWS[start : start + asked.limit], len(ROWS))


def twice_differently(asked: Asked) -> Answer:
    """The third row occurs twice, the second time with another name."""
    rows = [{"sourcedId": row, "name": row} for row in ROWS]
    rows[3] = {**rows[2], "name": "another"}
    body = json.dumps({"orgs": rows[asked.offset : asked.offset + asked.limit]}).encode()
    return page([], len(rows), body=body)


class Refused(NamedTuple):
    """A server that cannot be read, and what is said of it."""

    server: Callable[[], Server]
    error: type[PagingError]
    words: str
    received: int | None = None
    announced: int | None = 57


REFUSED: dict[str, Refused] = {
    "total too large": Refused(
        lambda: lambda asked: page(part(asked), 80), CountMismatchError, "no more rows", 57, 80
    ),
    "ignores offset": Refused(
        lambda: ignored_offset(57), UnstableCollectionError, "as if it ignored offset", 10
    ),
    "ignores offset, no total": Refused(
        lambda: ignored_offset(None), UnstableCollectionError, "as if it ignored offset", 10, None
    ),
    "204 from the middle on": Refused(
        lambda: dead_end(Answer(204, b"")), CountMismatchError, "no more rows", 28
    ),
    "null from the middle on": Refused(
        lambda: dead_end(page([], 57, body=b'{"orgs": null}')), CountMismatchError, "no more rows", 28
    ),
    "loses rows between pages": Refused(lambda: lost_rows, UnstableCollectionError, "no longer at its offset"),
    "repeats rows in any sort": Refused(lambda: ties_in_any_sort, UnstableCollectionError, "no longer at its offset"),
    "a row twice in one page, differently": Refused(
        lambda: twice_differently, UnstableCollectionError, "different content; accept_duplicates", 0
    ),
    "cursors in a circle": Refused(
        lambda: lambda _: page(ROWS[:9], None, '</orgs?after=1>; rel="next"'),
        UnstableCollectionError, "next link leads to rows", 9, None,
    ),
    "cursors that end early": Refused(lambda: cursors_that_end, CountMismatchError, "end before the total", 20),
}  # fmt: skip


@pytest.mark.parametrize("behaviour", REFUSED)
def test_an_unreadable_collection_is_reported_with_its_numbers(behaviour: str, reader: Reader, windows: int) -> None:
    refused = REFUSED[behaviour]
    with serve(listening(refused.server())) as web, pytest.raises(refused.error, match=refused.words) as caught:
        reader(web, windows)
    error = caught.value
    assert (error.collection, error.announced) == ("getAllOrgs", refused.announced)
    assert refused.received in (None, error.received)
    numbers = "no total announced" if refused.announced is None else f"{refused.announced} announced"
    assert f"getAllOrgs: {error.reason} ({error.received} different rows received, {numbers})" in str(error)
    assert len(web.seen) < 40


def test_an_endless_collection_is_stopped(reader: Reader, windows: int) -> None:
    def server(asked: Asked) -> Answer:
        return page([f"id-{asked.offset + number}" for number in range(asked.limit)])

    with serve(listening(server)) as web, pytest.raises(PagingError, match="no end after 12 requests"):
        reader(web, windows, Paging(max_requests=12))


def test_cursors_that_lead_to_a_foreign_origin_are_not_followed(reader: Reader, windows: int) -> None:
    with (
        serve(lambda _: page(ROWS)) as away,
        serve(listening(lambda asked: page(part(asked), 57, f'<{away.origin}/orgs?after=1>; rel="next"'))) as web,
        pytest.raises(ForeignOriginError, match="getAllOrgs: the next link leads away"),
    ):
        reader(web, windows)
    assert away.seen == []


def test_a_total_that_counts_each_page_alone_is_reported_and_can_be_left_aside(reader: Reader, windows: int) -> None:
    def server(asked: Asked) -> Answer:
        return page(part(asked), len(part(asked)))

    with serve(listening(server)) as web:
        with pytest.raises(PagingError, match=r"total shrank .*rows received, \d announced"):
            reader(web, windows)
        assert reader(web, windows, Paging(trust_total=False)) == ROWS


@pytest.mark.parametrize("total", [True, False], ids=["total", "no total"])
@pytest.mark.parametrize("place", [0, 15, 29, 30, 56])
@pytest.mark.parametrize("change", ["insert", "delete"])
def test_rows_that_stay_are_given_once_while_a_row_comes_or_goes(
    windows: int, change: str, place: int, total: bool
) -> None:
    lock, rows = Lock(), list(ROWS)

    def server(asked: Asked) -> Answer:
        with lock:
            if asked.number == 4:
                rows.insert(place, "new") if change == "insert" else rows.pop(place)
            if asked.row:
                single = json.dumps({"org": {"sourcedId": asked.row}}).encode()
                return Answer(200, single) if asked.row in rows else Answer(404, b"{}")
            return page(part(asked, rows), len(rows) if total else None)

    stay = set(ROWS) - ({ROWS[place]} if change == "delete" else set())
    with serve(listening(server)) as web:
        try:
            given = sync_read(web, windows)
        except PagingError:
            return
    assert len(given) == len(set(given))
    assert stay <= set(given) <= {*ROWS, "new"}


def test_one_broken_record_is_told_by_its_field_and_costs_no_other(windows: int) -> None:
    with serve(listening(one_broken)) as web:
        paging = Paging(limit=LIMIT, windows=windows, adaptive=False)
        with OneRoster(base_url=web.origin, token="t0ken", paging=paging) as roster:
            odd = {org.sourced_id for org in roster.get_all_orgs() if ("type", "unreadable") in org.problems()}
    assert odd == {"id-023"}


@pytest.mark.parametrize("read", [sync_read, async_read], ids=["sync", "async"])
def test_windows_are_on_their_way_together_and_keep_the_order(read: Reader) -> None:
    fourth, together = Event(), []

    def server(asked: Asked) -> Answer:
        if asked.offset == 4 * (LIMIT - 1):
            fourth.set()
        if asked.offset == LIMIT - 1:
            together.append(fourth.wait(PATIENCE))
        return page(part(asked), len(ROWS))

    with serve(listening(server)) as web:
        assert read(web, 4) == ROWS
    assert together == [True]


class Tired(NamedTuple):
    """A server that gives two pages, then asks to come back in two minutes."""

    refused: Event

    def __call__(self, asked: Asked) -> Answer:
        if asked.offset < 2 * (LIMIT - 1):
            return page(part(asked), len(ROWS))
        self.refused.set()
        return Answer(503, headers=(("Retry-After", "120"),))


def test_leaving_a_walk_does_not_wait_for_a_pause() -> None:
    tired = Tired(Event())
    with (
        serve(listening(tired)) as web,
        OneRoster(base_url=web.origin, token="t", paging=Paging(LIMIT, adaptive=False)) as roster,
    ):
        pages = roster.get_all_orgs().pages()
        assert [len(next(pages).records), len(next(pages).records)] == [10, 9]
        assert tired.refused.wait(PATIENCE)
        began = time.monotonic()
        pages.close()  # type: ignore[attr-defined]  # a generator, told as an iterator
        assert time.monotonic() - began < PATIENCE
        # The walk was left; the client lives on.
        assert roster.get_all_orgs().first() is not None


def test_leaving_a_walk_of_tasks_does_not_wait_for_a_pause() -> None:
    tired = Tired(Event())

    async def leave(web: Web) -> float:
        async with AsyncOneRoster(base_url=web.origin, token="t", paging=Paging(LIMIT, adaptive=False)) as roster:
            pages: Any = roster.get_all_orgs().pages()
            assert [len((await anext(pages)).records), len((await anext(pages)).records)] == [10, 9]
            assert await asyncio.to_thread(tired.refused.wait, PATIENCE)
            began = time.monotonic()
            await pages.aclose()
            left = time.monotonic() - began
            assert await roster.get_all_orgs().first() is not None
            return left

    with serve(listening(tired)) as web:
        assert asyncio.run(leave(web)) < PATIENCE
