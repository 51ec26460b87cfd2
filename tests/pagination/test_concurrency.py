"""How many pages are asked for at once: decided by what a walk waits for."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from oneroster import AsyncOneRoster, OneRoster, Paging, pages
from oneroster.operation_call import ParsedPage
from oneroster.pages import AsyncWalkedPages
from oneroster.pagination.adaptive_concurrency import AdaptiveConcurrency
from oneroster.pagination.walk import PageRequest
from oneroster.prefetch import PagePrefetcher
from tests.web import Answer, Seen, serve


def paced(pace: AdaptiveConcurrency, pages: int, waited: float) -> int:
    for _ in range(pages):
        pace.record(waited, 1.0)
    return pace.current


def test_it_begins_with_one_and_widens_where_a_walk_mostly_waits() -> None:
    pace = AdaptiveConcurrency(4, adaptive=True)
    assert (pace.current, pace.maximum) == (1, 8)
    assert paced(pace, 1, 0.9) == 1
    assert paced(pace, 1, 0.9) == 4
    assert paced(pace, 4, 0.9) == 4
    assert paced(pace, 1, 0.9) == 8
    assert paced(pace, 50, 0.9) == pace.maximum == 8


def test_it_stays_where_it_is_while_there_is_work_to_do() -> None:
    pace = AdaptiveConcurrency(4, adaptive=True)
    assert paced(pace, 100, 0.5) == 1
    # What was long ago does not count.
    assert paced(pace, 2, 0.9) == 4
    assert paced(pace, 100, 0.1) == 4
    assert pace.maximum == 8


@pytest.mark.parametrize(("windows", "adaptive"), [(1, True), (1, False), (4, False), (9, False)])
def test_a_fixed_number_is_kept(windows: int, adaptive: bool) -> None:
    pace = AdaptiveConcurrency(windows, adaptive)
    assert paced(pace, 100, 1.0) == pace.maximum == windows


AT_ONCE = pytest.mark.parametrize(
    ("paging", "expected"),
    [(Paging(limit=1), 8), (Paging(limit=1, adaptive=False), 4), (Paging(limit=1, windows=1), 1)],
    ids=["adaptive", "fixed", "one"],
)


def one_row(request: Seen) -> Answer:
    """A page of a collection of 20 rows."""
    offset = int(httpx.URL(request.path).params["offset"])
    records = [{"sourcedId": f"o-{offset}"}] if offset < 20 else []
    return Answer(200, json.dumps({"orgs": records}).encode(), (("X-Total-Count", "20"),))


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are made up, so that nothing here depends on the speed of the machine."""
    monkeypatch.setattr(pages._WaitTimer, "stop", lambda _: (0.9, 1.0))


@AT_ONCE
def test_a_walk_that_waits_has_more_pages_on_their_way(
    paging: Paging, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0
    fetch_first = PagePrefetcher.fetch_first

    def counted(self: PagePrefetcher[Any], requests: list[PageRequest]) -> Any:
        nonlocal most
        most = max(most, len(requests))
        return fetch_first(self, requests)

    monkeypatch.setattr(PagePrefetcher, "fetch_first", counted)
    with serve(one_row) as web, OneRoster(base_url=web.origin, token="t0ken", paging=paging) as roster:
        assert [org.sourced_id for org in roster.get_all_orgs()] == [f"o-{number}" for number in range(20)]
    assert most == expected


@AT_ONCE
def test_the_async_client_goes_by_the_same(paging: Paging, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tasks are counted where they start.
    under_way = most = 0
    fetch = AsyncWalkedPages._fetch

    async def counted(self: AsyncWalkedPages[Any], request: PageRequest) -> ParsedPage:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await fetch(self, request)
        finally:
            under_way -= 1

    monkeypatch.setattr(AsyncWalkedPages, "_fetch", counted)

    async def read(origin: str) -> int:
        async with AsyncOneRoster(base_url=origin, token="t0ken", paging=paging) as roster:
            return len([org async for org in roster.get_all_orgs()])

    with serve(one_row) as web:
        assert asyncio.run(read(web.origin)) == 20
    assert most == expected
