"""Prefetched pages: cancelling them is quick and leaves no thread or task behind."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from oneroster import AsyncOneRoster, OneRoster, OneRosterError, Paging, Standard, TransportError
from oneroster.pagination.walk import PageRequest
from oneroster.prefetch import PagePrefetcher
from oneroster.settings import Settings
from oneroster.transport.session import Session
from tests.patience import PATIENCE
from tests.web import Answer, Seen, Web, serve

PAGING = Paging(limit=10, adaptive=False)
HELD = 10 * PATIENCE
"""Seconds for which the server keeps an answer back; nothing may wait for its end."""


class Held:
    """A server with 60 rows that keeps back all behind the second page until it is let go."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def __call__(self, seen: Seen) -> Answer:
        query = httpx.URL(seen.path).params
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        if offset >= 18:
            self.asked.set()
            self.go.wait(HELD)
        rows = [{"sourcedId": f"id-{number}"} for number in range(60)][offset : offset + limit]
        return Answer(200, json.dumps({"orgs": rows}).encode(), (("X-Total-Count", "60"),))


@pytest.fixture
def held() -> Iterator[tuple[Web, Held]]:
    server = Held()
    with serve(server) as web:
        try:
            yield web, server
        finally:
            server.go.set()


def roster_of(web: Web) -> OneRoster:
    return OneRoster(base_url=web.origin, token="t0ken", paging=PAGING)


def fetching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("oneroster-pages")]


@contextmanager
def without_waiting() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < PATIENCE


def joined() -> None:
    for thread in fetching():
        thread.join(PATIENCE)
    assert not fetching()


def test_leaving_a_walk_does_not_wait_for_an_answer(held: tuple[Web, Held]) -> None:
    web, server = held
    with roster_of(web) as roster:
        pages: Any = roster.get_all_orgs().pages()
        assert [len(next(pages).records), len(next(pages).records)] == [10, 9]
        assert server.asked.wait(PATIENCE)
        with without_waiting():
            pages.close()
        assert fetching(), "they are still on the wire"
        with without_waiting():
            roster.close()
    joined()


def test_an_interrupt_in_the_middle_of_a_walk_is_heard_at_once(
    held: tuple[Web, Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    web, server = held

    def interrupted(*_: Any) -> Any:
        assert server.asked.wait(PATIENCE)
        raise KeyboardInterrupt

    monkeypatch.setattr("concurrent.futures.Future.result", interrupted)
    with without_waiting(), pytest.raises(KeyboardInterrupt), roster_of(web) as roster:
        list(roster.get_all_orgs())
    joined()


def test_closing_wakes_who_waits_for_an_answer_and_says_why(held: tuple[Web, Held]) -> None:
    web, server = held
    caught: list[BaseException] = []

    def walk() -> None:
        try:
            list(roster.get_all_orgs())
        except OneRosterError as error:
            caught.append(error)

    roster = roster_of(web)
    walking = threading.Thread(target=walk)
    walking.start()
    assert server.asked.wait(PATIENCE)
    with without_waiting():
        roster.close()
        walking.join(PATIENCE)
    assert [type(error) for error in caught] == [TransportError]
    assert "was cancelled: the client was closed" in str(caught[0])
    joined()
    server.go.set()
    with roster:
        assert len(list(roster.get_all_orgs())) == 60, "a closed client opens anew when it is used"


def test_a_cancelled_task_leaves_at_once_and_leaves_no_task(held: tuple[Web, Held]) -> None:
    web, server = held

    async def cancelled() -> None:
        async with AsyncOneRoster(base_url=web.origin, token="t0ken", paging=PAGING) as roster:

            async def walk() -> None:
                async for _ in roster.get_all_orgs():
                    continue

            walking = asyncio.create_task(walk())
            assert await asyncio.to_thread(server.asked.wait, PATIENCE)
            walking.cancel()
            with without_waiting(), pytest.raises(asyncio.CancelledError):
                await walking
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == 1
        server.go.set()

    asyncio.run(cancelled())


def test_a_deadline_of_the_caller_holds(held: tuple[Web, Held]) -> None:
    web, _ = held

    async def late() -> None:
        async with AsyncOneRoster(base_url=web.origin, token="t0ken", paging=PAGING) as roster:
            async with asyncio.timeout(0.3):
                _ = [org async for org in roster.get_all_orgs()]

    with without_waiting(), pytest.raises(TimeoutError):
        asyncio.run(late())


def test_pages_are_fetched_once_and_ahead_of_their_use() -> None:
    session = Session(Settings("https://sis.example", token="t0ken"), Standard.of())
    fetched: list[int] = []
    all_there = threading.Event()

    def fetch(request: PageRequest, _: threading.Event) -> int:
        fetched.append(request.offset)
        if len(fetched) == 4:
            all_there.set()
        return request.offset

    requests = [PageRequest(offset, 10) for offset in (0, 10, 20, 30)]
    prefetcher = PagePrefetcher(session, fetch, 4)
    assert prefetcher.fetch_first(requests[:1]) == 0
    assert not fetching(), "one page needs no thread"
    assert prefetcher.fetch_first(requests[1:]) == 10
    assert all_there.wait(PATIENCE)
    assert prefetcher.fetch_first(requests[2:]) == 20
    assert prefetcher.fetch_first(requests[3:]) == 30
    assert sorted(fetched) == [0, 10, 20, 30]
    prefetcher.close()
    joined()
    session.close()


def test_closing_a_session_stops_prefetching() -> None:
    session = Session(Settings("https://sis.example", token="t0ken"), Standard.of())

    def fetch(_: PageRequest, stop: threading.Event) -> bool:
        return stop.wait(PATIENCE)

    prefetcher = PagePrefetcher(session, fetch, 2)
    threading.Timer(0.05, session.close).start()
    with without_waiting():
        assert prefetcher.fetch_first([PageRequest(0, 10), PageRequest(10, 10)])
        prefetcher.close()
    joined()
