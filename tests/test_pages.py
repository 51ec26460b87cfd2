"""Lazy collections: what is sent when, and what each page holds."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from oneroster import Paging, Retry, Standard
from oneroster.operation_call import OperationCall
from oneroster.pages import Page, WalkedPages
from oneroster.settings import Settings
from oneroster.transport.session import Session
from oneroster_v1p1.errors import WriteError
from tests.web import Answer, Seen, Web, serve

ROWS = [{"sourcedId": f"o-{number}"} for number in range(5)]


def serving(seen: Seen) -> Answer:
    query = httpx.URL(seen.path).params
    offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
    body = {"orgs": ROWS[offset : offset + limit]}
    return Answer(200, json.dumps(body).encode(), (("X-Total-Count", str(len(ROWS))),))


@contextmanager
def collection(
    answer: Callable[[Seen], Answer] = serving, limit: int = 2, **arguments: object
) -> Iterator[tuple[Web, WalkedPages[object]]]:
    with serve(answer) as web:
        session = Session(Settings(web.origin, token="t0ken"), Standard.of(), Retry(attempts=1))
        call = OperationCall(Standard.of(), "getAllOrgs", arguments, web.origin)
        yield web, WalkedPages(session, call, Paging(limit=limit))
        session.close()


def ids(page: Page[object]) -> list[str]:
    return [record.sourced_id for record in page.records]  # type: ignore[attr-defined]  # orgs


def test_nothing_is_sent_before_the_first_page_is_read() -> None:
    with collection() as (web, pages):
        reading = pages.pages()
        assert (web.seen, pages.total) == ([], None)
        assert ids(next(reading)) == ["o-0", "o-1"]
        assert (len(web.seen), pages.total) == (1, 5)


def test_each_iteration_reads_the_collection_again() -> None:
    with collection() as (web, pages):
        assert [ids(page) for page in pages.pages()] == [["o-0", "o-1"], ["o-2"], ["o-3"], ["o-4"]]
        sent = len(web.seen)
        assert len(list(pages)) == 5
        assert len(web.seen) == 2 * sent


def test_the_first_record_takes_one_request_for_one_row() -> None:
    with collection(offset=3) as (web, pages):
        first = pages.first()
        assert getattr(first, "sourced_id", None) == "o-3"
        (seen,) = web.seen
        assert dict(httpx.URL(seen.path).params) == {"limit": "1", "offset": "3"}


def test_a_limit_of_the_caller_replaces_that_of_the_paging() -> None:
    with serve(serving) as web:
        session = Session(Settings(web.origin, token="t0ken"), Standard.of(), Retry(attempts=1))
        call = OperationCall(Standard.of(), "getAllOrgs", {"limit": 4}, web.origin)
        assert len(list(WalkedPages(session, call, Paging(limit=2)))) == 5
        session.close()
        assert {httpx.URL(seen.path).params["limit"] for seen in web.seen} == {"4"}


def test_an_invalid_parameter_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(WriteError), collection(offset="many"):
        pass
