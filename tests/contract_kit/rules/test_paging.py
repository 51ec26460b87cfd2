"""The sizes of pages in which rules read a collection a second time."""

import json
import socket
from urllib.parse import parse_qs, urlsplit

import pytest

from oneroster.contract.observation.walk import walk
from oneroster.contract.rules.paging import size_for_three_pages, size_for_two_pages
from tests.contract_kit.hostile import answer
from tests.contract_kit.judging import ORGS, judging

ROWS = 250


@pytest.mark.parametrize("served", [ROWS, 100, 7, 1])
def test_a_collection_is_read_again_in_other_pages_than_the_server_makes_by_itself(served: int) -> None:
    def behave(connection: socket.socket, head: bytes) -> None:
        query = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
        limit, offset = (int(query.get(name, ["0"])[0]) for name in ("limit", "offset"))
        rows = [{"sourcedId": str(number)} for number in range(offset, min(ROWS, offset + min(limit, served)))]
        connection.sendall(answer(json.dumps({"orgs": rows}).encode(), **{"X-Total-Count": str(ROWS)}))

    with judging(behave) as tenant:
        found = walk(tenant.ask, ORGS, {}, limit=1000, max_rows=ROWS, max_pages=4)
    sizes = {size_for_three_pages(found), size_for_two_pages(found)}
    assert all(size < len(found.pages[0].rows) or served == 1 for size in sizes)
    assert all(size >= 1 for size in sizes)
