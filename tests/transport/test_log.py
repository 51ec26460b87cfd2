"""The log: one line for each request, and one when something is done again; nothing personal in any."""

import logging
import re
from itertools import count

import httpx
import pytest

from oneroster import OneRoster, Paging, Retry
from tests.web import Answer, Seen, serve

USER = b'{"sourcedId": "%d", "familyName": "Mustermann"}'


def users(*numbers: int) -> bytes:
    return b'{"users": [%s]}' % b", ".join(USER % number for number in numbers)


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    found = [record for record in caplog.records if record.name == "oneroster" and record.levelno == level]
    return [re.sub(r"\d+ ms|\d\.\d s", "# s", record.getMessage()) for record in found]


def test_each_request_has_a_line_and_each_retry_a_louder_one(caplog: pytest.LogCaptureFixture) -> None:
    turns = count()
    caplog.set_level(logging.DEBUG)
    with (
        serve(lambda _: Answer(503) if next(turns) == 0 else Answer(200, users(1))) as web,
        OneRoster(base_url=web.origin, token="t0k3n", retry=Retry(first_delay=0)) as roster,
    ):
        assert roster.get_all_users(filter="familyName='Mustermann'").first() is not None
        roster.delete_result("R-1")
    assert lines(caplog, logging.DEBUG) == [
        "GET getAllUsers: 503 in # s, attempt 1",
        "GET getAllUsers: 200 in # s, attempt 2",
        "DELETE deleteResult: 200 in # s, attempt 1",
    ]
    assert lines(caplog, logging.INFO) == ["GET getAllUsers: 503; attempt 2 follows in # s"]


def test_a_failure_has_the_name_of_its_class(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        OneRoster(base_url="http://127.0.0.1:1", token="t", retry=Retry(attempts=1)) as roster,
        pytest.raises(Exception, match="no connection"),
    ):
        roster.get_user("1")
    assert lines(caplog, logging.DEBUG) == ["GET getUser: ConnectError in # s, attempt 1"]


def test_a_second_reading_says_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def answer(seen: Seen) -> Answer:
        query = httpx.URL(seen.path).params
        offset = int(query["offset"])
        rows = [1, 2, 3, 4] if "sort" in query else [1, 2, 2, 3]
        return Answer(200, users(*rows[offset : offset + 2]), (("X-Total-Count", "4"),))

    with serve(answer) as web, OneRoster(base_url=web.origin, token="t", paging=Paging(limit=2)) as roster:
        assert sorted(user.sourced_id for user in roster.get_all_users()) == ["1", "2", "3", "4"]
    assert lines(caplog, logging.INFO) == [
        "getAllUsers: rows repeat between pages; it is read again under sort=sourcedId"
    ]


def test_httpx_logs_no_query_of_a_tenant_and_keeps_its_lines_for_others(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with serve(lambda _: Answer(200, users(1))) as web:
        with OneRoster(base_url=web.origin, token="t") as roster:
            roster.get_all_users(filter="familyName='Mustermann'").first()
            roster.make_roster_request(f"{web.origin}/users?filter=familyName='Mustermann'")
        shown = [record.getMessage() for record in caplog.records if record.name == "httpx"]
        assert len(shown) == 2
        assert all(f"{web.origin}/users " in line for line in shown)
        httpx.get(web.origin.replace("127.0.0.1", "localhost") + "/?mine=1")
    assert "?mine=1" in caplog.text
    assert "Mustermann" not in caplog.text
