"""B1: the law of a walk in every shell: client, asynchronous client, extract and pull give the truth, or raise."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneroster import AsyncOneRoster, OneRoster, OneRosterError, Paging, Retry
from oneroster.pagination.walk import PageRequest
from oneroster.pull import PullOptions, RosterSelection, SanityLimits, collection_reader, extract, pull
from tests.pagination.hostile_lists import Change, Habits, HostileList, changes, habits, totals
from tests.pull.pulling import rows_at

URL = "https://sis.example/ims/oneroster/v1p1"
PAGING = Paging(limit=10, windows=2, adaptive=False)
ORGS = RosterSelection(only=["orgs"])
OPTIONS = PullOptions(selection=ORGS, paging=PAGING, limits=SanityLimits(unreadable=1.0, unresolved=1.0))
FEW = settings(max_examples=settings().max_examples // 4)
"""Each example is a whole read over HTTP, in this process."""


def transport_of(server: HostileList) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        query, row = request.url.params, request.url.path.rpartition("/orgs")[2].strip("/")
        page = server(
            PageRequest(int(query.get("offset", 0)), int(query.get("limit", 100)), "sort" in query, row=row or None)
        )
        if row:
            return httpx.Response(200 if page.ids else 404, json={"org": {"sourcedId": row}} if page.ids else {})
        contents = page.contents() if page.contents is not None else []
        orgs = [item and {"sourcedId": item[0], "name": item[1], "type": "school"} for item in map(_pair, contents)]
        headers = {} if page.total is None else {"X-Total-Count": str(page.total)}
        return httpx.Response(200, content=json.dumps({"orgs": orgs}).encode(), headers=headers)

    return httpx.MockTransport(answer)


def _pair(row: object) -> tuple[str, str] | None:
    return (str(row[0]), str(row[1])) if isinstance(row, tuple) else None


def client_of(server: HostileList) -> OneRoster:
    http = httpx.Client(transport=transport_of(server))
    return OneRoster(base_url=URL, token="t0ken", http_client=http, paging=PAGING, retry=Retry(attempts=1))


def by_client(server: HostileList) -> list[str]:
    with client_of(server) as client:
        return [org.sourced_id for org in client.get_all_orgs()]


def by_async_client(server: HostileList) -> list[str]:
    async def read() -> list[str]:
        http = httpx.AsyncClient(transport=transport_of(server))
        options = {"paging": PAGING, "retry": Retry(attempts=1), "http_client": http}
        async with AsyncOneRoster(base_url=URL, token="t0ken", **options) as client:  # type: ignore[arg-type]  # options
            return [org.sourced_id async for org in client.get_all_orgs()]

    return asyncio.run(read())


def by_extract(server: HostileList) -> list[str]:
    with client_of(server) as client, extract(client, ["orgs"], paging=PAGING) as found:
        ids: list[str] = found.raise_for_error().read("orgs").read_all().column("sourcedId").to_pylist()
        return ids


def by_reader(server: HostileList) -> list[str]:
    with client_of(server) as client:
        ids: list[str] = collection_reader(client, "orgs", paging=PAGING).read_all().column("sourcedId").to_pylist()
        return ids


def by_pull(server: HostileList) -> list[str]:
    with client_of(server) as client, TemporaryDirectory() as folder:
        place = Path(folder) / "roster.parquet"
        try:
            pull(client, place, OPTIONS)
        except OneRosterError:
            assert not place.exists()
            raise
        return [row["sourcedId"] for rows in rows_at(place).values() for row in rows]


SHELLS = [by_client, by_async_client, by_extract, by_reader, by_pull]


@pytest.mark.parametrize("read", SHELLS)
@FEW
@given(rows=st.integers(0, 40), unsorted=habits, sorted_=habits, announced=totals, moves=changes)
def test_b1_what_is_given_is_the_truth_or_an_error(
    read: Callable[[HostileList], list[str]], rows: int, unsorted: Habits, sorted_: Habits, announced: list[int],
    moves: list[Change],
) -> None:  # fmt: skip
    if unsorted.hides or sorted_.hides:
        announced, moves = [max(0, announced[0]), *announced[1:]], []
    unsorted, sorted_ = (
        one._replace(twins=frozenset(), nulls=False) if one.hides or one.shift > 0 else one
        for one in (unsorted, sorted_)
    )
    server = HostileList(rows, unsorted, sorted_, announced, moves)
    try:
        ids = read(server)
    except OneRosterError:
        return
    assert len(ids) == len(set(ids))
    assert server.stayed <= set(ids) <= server.existed


@pytest.mark.parametrize("read", SHELLS)
def test_b1_the_case_itself_is_an_error(read: Callable[[HostileList], list[str]]) -> None:
    for only in (0, 1):
        with pytest.raises(OneRosterError, match="getAllOrgs"):
            read(HostileList(97, Habits(20, offset_ignored=True), Habits(only=only)))


@pytest.mark.parametrize("read", SHELLS)
def test_b11_equal_rows_are_kept_once(read: Callable[[HostileList], list[str]]) -> None:
    twins = Habits(twins=frozenset({3, 9, 40}))
    assert sorted(read(HostileList(41, twins, twins, [3]))) == [f"id-{number:03}" for number in range(41)]


@pytest.mark.parametrize("read", SHELLS)
@pytest.mark.parametrize("totals", [None, [0]])
def test_b13_a_server_that_does_not_page_is_read(
    read: Callable[[HostileList], list[str]], totals: list[int] | None
) -> None:
    whole = Habits(offset_ignored=True, limit_ignored=True)
    for rows in (0, 1, 2, 10, 41):
        assert len(read(HostileList(rows, whole, whole, totals))) == rows
