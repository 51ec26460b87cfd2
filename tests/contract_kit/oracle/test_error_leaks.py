"""Internals of a server are found in error responses, and plain descriptions are not mistaken for them."""

import httpx
import msgspec
import pytest

from oneroster.contract.http.exchange import Exchange
from oneroster.contract.oracle.error_leaks import leaks_in, response_texts


def answered(body: bytes) -> Exchange:
    return Exchange("GET", "/orgs/x", "https://sis.example/orgs/x", 404, httpx.Headers(), body)


def said(text: str) -> Exchange:
    return answered(msgspec.json.encode({"statusInfoSet": [{"imsx_description": text}]}))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a stack trace", 'Traceback (most recent call last):\n  File "x.py", line 3'),
        ("a stack trace", "java.lang.NullPointerException\n\tat com.sis.roster.Orgs.find(Orgs.java:88)"),
        ("a stack trace", "TypeError\n    at find (/srv/orgs.js:88:12)\n    at /srv/app.js:1:1"),
        ("a stack trace", "   at Sis.Roster.Orgs.Find(String id) in C:\\sis\\Orgs.cs:line 88"),
        ("a stack trace", "#0 /srv/orgs.php(88): find()"),
        ("a stack trace", "goroutine 12 [running]:"),
        ("SQL", "SELECT * FROM orgs WHERE id = 'x'"),
        ("SQL", "SQLSTATE[42000]"),
        ("SQL", "ORA-00942: table or view does not exist"),
        ("SQL", 'syntax error at or near "x"'),
        ("markup", "<h1>Not Found</h1>"),
        ("markup", '<p class="error">'),
    ],
)
def test_internals_are_reported_by_kind(kind: str, text: str) -> None:
    assert leaks_in(said(text)) == [kind]
    assert kind in leaks_in(answered(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "no org has this sourcedId",
        "limit: must be a whole number from 1",
        "select a role from the list",
        "value < 3 or > 5",
        "<sourcedId> is unknown",
        "update your client and set a limit",
        "at least one field (see the documentation)",
    ],
)
def test_a_plain_description_leaks_nothing(text: str) -> None:
    assert leaks_in(said(text)) == []


def test_a_body_that_is_not_json_is_one_text() -> None:
    assert list(response_texts(answered(b"\xff nothing"))) == ["\ufffd nothing"]
