"""A pull that ends in the middle of a second reading or of a proof is resumed there, to the same rows."""

from pathlib import Path

import httpx
import pytest

from oneroster import OneRoster, OneRosterError, Paging, Retry
from oneroster.pull import PullOptions, RosterSelection, SanityLimits, pull
from tests.pagination.hostile_lists import HONEST, Change, Habits, HostileList
from tests.pull.pulling import rows_at
from tests.test_walk_in_every_shell import URL, transport_of

OPTIONS = PullOptions(
    selection=RosterSelection(only=["orgs"]),
    paging=Paging(limit=10, windows=1, adaptive=False),
    limits=SanityLimits(unreadable=1.0, unresolved=1.0),
    resume=True,
    workers=1,
)
TWINS = Habits(twins=frozenset({3, 9, 30}))


class Failing(httpx.BaseTransport):
    """A transport that fails at one request."""

    def __init__(self, server: HostileList, at: int) -> None:
        self._inner, self._at, self.requests = transport_of(server), at, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.requests == self._at:
            raise httpx.ConnectError("no route")
        return self._inner.handle_request(request)


def server_of(kind: str) -> HostileList:
    if kind == "twins":
        return HostileList(41, TWINS, TWINS, [3])
    if kind == "nulls":
        return HostileList(41, Habits(nulls=True), HONEST, [5])
    return HostileList(41, changes=[Change(3, 0, inserts=False)])


@pytest.mark.parametrize("kind", ["twins", "nulls", "deleted"])
def test_a_resumed_pull_goes_on_where_it_was(kind: str, tmp_path: Path) -> None:
    complete = failed = 0
    for at in range(1, 40):
        transport, place = Failing(server_of(kind), at), tmp_path / f"{kind}-{at}.parquet"
        for _ in range(2):
            http = httpx.Client(transport=transport)
            client = OneRoster(base_url=URL, token="t0ken", http_client=http, retry=Retry(attempts=1))
            try:
                with client:
                    pull(client, place, OPTIONS)
                break
            except OneRosterError:
                failed += 1
        if place.exists():
            complete += 1
            (rows,) = rows_at(place).values()
            ids = [row["sourcedId"] for row in rows]
            assert len(ids) == len(set(ids))
            assert {f"id-{number:03}" for number in range(1, 41)} <= set(ids)
        if transport.requests < at:
            break
    assert complete or kind == "nulls"
    assert failed
