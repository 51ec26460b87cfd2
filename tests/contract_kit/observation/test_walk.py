"""Walking a collection whose server says what it likes about it."""

import json
from collections.abc import Mapping

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.errors import NoResponseError
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation

SPECIFICATION = Standard.of("1.1").specification


ORGS = SPECIFICATION.operations["getAllOrgs"]


class Collection:
    """A collection of so many rows, whose server cuts pages and counts as it is told."""

    def __init__(self, rows: int, *, cap: int | None = None, total: bool = True, past_the_end: int = 200) -> None:
        self.ids = [f"o-{number}" for number in range(rows)]
        self._cap = cap
        self._total = total
        self._past_the_end = past_the_end
        self.asked = 0

    def __call__(self, operation: Operation, values: Mapping[str, str], query: dict[str, str | int]) -> ParsedResponse:
        self.asked += 1
        limit, offset = int(query["limit"]), self.offset(int(query["offset"]))
        ids = self.ids[offset : offset + min(limit, self._cap or limit)]
        status = self._past_the_end if offset >= len(self.ids) and offset else 200
        body = json.dumps({"orgs": [{"sourcedId": each} for each in ids]}).encode()
        headers = httpx.Headers({"X-Total-Count": str(len(self.ids))} if self._total else {})
        return ParsedResponse(operation, dict(values), query, Exchange("GET", "/orgs", "", status, headers, body))

    def offset(self, asked: int) -> int:
        return asked


def walked(collection: Collection, *, limit: int = 10, max_rows: int = 10_000, max_pages: int = 1000) -> ObservedWalk:
    return walk(collection, ORGS, {}, limit=limit, max_rows=max_rows, max_pages=max_pages)


@given(
    st.integers(0, 60),
    st.integers(1, 20),
    st.none() | st.integers(1, 7),
    st.booleans(),
    st.sampled_from([200, 204, 404]),
)
def test_every_row_is_met_once_however_pages_are_cut(
    rows: int, limit: int, cap: int | None, total: bool, past_the_end: int
) -> None:
    collection = Collection(rows, cap=cap, total=total, past_the_end=past_the_end)
    found = walked(collection, limit=limit)
    assert found.complete
    assert found.ids == collection.ids
    assert len(found) == rows


def test_a_short_last_page_with_the_right_total_spares_a_request() -> None:
    collection = Collection(5)
    assert walked(collection).complete
    assert collection.asked == 1


def test_a_short_page_without_a_total_may_have_been_cut() -> None:
    collection = Collection(5, total=False)
    assert walked(collection).complete
    assert collection.asked == 2


class Stuck(Collection):
    """Ignores the offset."""

    def offset(self, asked: int) -> int:
        return asked * 0


class Unlimited(Stuck):
    """Ignores offset and limit."""

    def __call__(self, operation: Operation, values: Mapping[str, str], query: dict[str, str | int]) -> ParsedResponse:
        return super().__call__(operation, values, {**query, "limit": 10_000})


@pytest.mark.parametrize(
    ("collection", "limit", "complete"),
    [
        (Stuck(30), 10, False),
        (Stuck(31), 100, True),
        (Stuck(31, total=False), 100, True),
        # A round number of rows may be the largest page of the server.
        (Stuck(97, cap=20), 100, False),
        (Stuck(97, cap=20, total=False), 100, False),
        (Stuck(40), 100, True),
        (Unlimited(125), 100, True),
        (Unlimited(120, total=False), 100, True),
        (Unlimited(30, total=False), 1000, True),
        (Unlimited(400, total=False), 1000, True),
        # The size of a page without a limit.
        (Unlimited(100, total=False), 1000, False),
    ],
)
def test_a3_a_server_that_does_not_page_has_shown_its_whole_collection(
    collection: Collection, limit: int, complete: bool
) -> None:
    found = walked(collection, limit=limit)
    assert found.complete is complete
    assert len(found.pages) == 1
    if complete:
        assert found.ids == collection.ids
    else:
        assert found.stopped == found.unpaged == "a page holds only rows of earlier pages"


def test_a3_a_page_above_its_limit_does_not_page_even_if_the_offset_counts() -> None:
    class Generous(Collection):
        def __call__(
            self, operation: Operation, values: Mapping[str, str], query: dict[str, str | int]
        ) -> ParsedResponse:
            return super().__call__(operation, values, {**query, "limit": 50})

    found = walked(Generous(125))
    assert (found.complete, found.unpaged) == (True, "limit=10 returned 50 rows")


def test_a_collection_without_end_is_left() -> None:
    found = walked(Collection(500), max_pages=3)
    assert (found.complete, len(found), found.stopped) == (False, 30, "more than 30 rows")
    assert len(walked(Collection(500), max_rows=45)) == 50


def test_a_page_that_cannot_be_read_ends_the_walk_where_it_is() -> None:
    found = walked(Collection(25, past_the_end=500, total=False))
    assert (found.complete, len(found), found.stopped) == (False, 25, "HTTP 500 instead of 200")


def test_silence_ends_the_walk() -> None:
    class Silent(Collection):
        def __call__(
            self, operation: Operation, values: Mapping[str, str], query: dict[str, str | int]
        ) -> ParsedResponse:
            if query["offset"]:
                raise NoResponseError("no complete answer (timeout)")
            return super().__call__(operation, values, query)

    found = walked(Silent(25))
    assert (found.complete, len(found), found.stopped) == (False, 10, "no complete answer (timeout)")
