"""C12: an asynchronous client in more than one event loop."""

import asyncio
import json

import httpx
import pytest

from oneroster import AsyncOneRoster, ConfigurationError
from oneroster.transport.loop_clients import LoopClients
from tests.web import Answer, Seen, serve

PAGE = Answer(200, json.dumps({"orgs": [{"sourcedId": "o-1"}]}).encode(), (("X-Total-Count", "1"),))


async def count(client: AsyncOneRoster) -> int:
    return len([org async for org in client.get_all_orgs()])


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the connections of a loop that was closed before them
def test_c12_each_event_loop_has_its_own_connections() -> None:
    def answer(_: Seen) -> Answer:
        return PAGE

    async def read_and_close(client: AsyncOneRoster) -> int:
        async with client:
            return await count(client)

    with serve(answer) as web:
        client = AsyncOneRoster(base_url=web.origin, token="t0ken")
        assert [asyncio.run(count(client)) for _ in range(3)] == [1, 1, 1]
        assert asyncio.run(read_and_close(client)) == 1
        assert asyncio.run(count(client)) == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_c12_the_callers_own_client_is_refused_in_another_event_loop() -> None:
    def answer(_: Seen) -> Answer:
        return PAGE

    with serve(answer) as web:
        client = AsyncOneRoster(base_url=web.origin, token="t0ken", http_client=httpx.AsyncClient())
        assert asyncio.run(count(client)) == 1
        sent = len(web.seen)
        with pytest.raises(ConfigurationError, match="in each event loop"):
            asyncio.run(count(client))
        assert len(web.seen) == sent


def test_c12_a_client_opened_before_there_is_a_loop_is_taken_by_the_first() -> None:
    clients = LoopClients(httpx.AsyncClient, only_one=False)
    before = clients.current()

    async def current() -> httpx.AsyncClient:
        assert clients.current() is clients.current()
        return clients.current()

    assert asyncio.run(current()) is before
    assert asyncio.run(current()) is not before
