"""Why a tenant cannot be read: said with what came, how often, and what to do."""

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.sender import LogEntry
from oneroster.contract.http.target import Target
from oneroster.contract.observation.unreadable_tenant import unanswered_in_words
from oneroster.contract.result import Cause, CheckReport
from oneroster.contract.runner import check
from tests.contract_kit.hostile import answer, says, serving

PAGE = b"<!DOCTYPE html><html><title>Ada Lovelace</title></html>"
HTML = {"Content_Type": "text/html; charset=utf-8"}
ENDING = r"check host and path of the base URL \(--base-url, ONEROSTER_BASE_URL\)"


def judged(response: bytes, path: str = "", limits: RunBudget | None = None) -> CheckReport:
    with serving(says(response)) as server:
        base_url = server.base_url.replace("/ims/oneroster/v1p1", path) if path else server.base_url
        target = Target(base_url, access=BearerToken("t"))
        return check(target, limits or RunBudget(timeout=5), rules=select(["envelope", "OR-PAG-01"]), seed=1)


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (answer(PAGE, **HTML), "HTTP 200 with a page of HTML, text/html, 16 times"),
        (answer(PAGE), "HTTP 200 with a page of HTML, application/json, 16 times"),
        (
            answer(b"It works!", Content_Type="text/plain"),
            "HTTP 200 with a body that is not JSON, text/plain, 16 times",
        ),
        (answer(b"\x89PNG", Content_Type="Ada/ Lovelace"), "HTTP 200 with a body that is not JSON 16 times"),
        (answer(b'{"status": "ok"}'), "HTTP 200 with JSON without a key of OneRoster 16 times"),
        (answer(b'"ok"'), "HTTP 200 with JSON without a key of OneRoster 16 times"),
    ],
)
def test_what_is_no_oneroster_server_is_said_to_be_another_url(response: bytes, said: str) -> None:
    report = judged(response, "/api")
    assert report.exit_code() == 3
    assert said in (report.unjudged or "")
    for part in ("this is probably not the base URL", "/api", "/ims/oneroster/v1p1", "/rostering/v1p2", "--base-url"):
        assert part in (report.unjudged or "")
    assert "Ada" not in str(report)


@pytest.mark.parametrize(
    "response",
    [
        answer(b'{"orgs": [{"sourcedId": '),
        answer(b'{"orgs": []}', Content_Type="text/html"),
        answer(b'{"data": [{"sourcedId": "1"}]}'),
        answer(b"{}"),
        answer(b"[]"),
        answer(b""),
        answer(b"<orgs><org><sourcedId>1</sourcedId></org></orgs>", Content_Type="application/xml"),
        answer(b'{"imsx_codeMajor": "failure"}'),
    ],
)
def test_a_oneroster_server_that_answers_wrongly_violates_a_must(response: bytes) -> None:
    report = judged(response, limits=RunBudget(timeout=5, requests=60))
    assert report.exit_code() == 1
    assert "probably not" not in (report.unjudged or "")


@pytest.mark.parametrize(
    ("status", "headers", "advice"),
    [
        (
            "503 Busy",
            {"Retry_After": "7200"},
            "the server is busy or down for maintenance, and asks for a pause of 7,200",
        ),
        ("429 Slow", {"Retry_After": "600"}, r"send less often \(--rate, --workers\) and wait longer \(--max-time\)"),
        ("502 Gateway", {}, "the OneRoster server behind it does not answer"),
        ("404 None", {}, ENDING),
        ("401 No", {"WWW_Authenticate": 'Basic realm="Ada"'}, "asks for HTTP Basic, which OneRoster does not have; "),
        ("401 No", {"WWW_Authenticate": "Ada"}, r"refused \(HTTP 401 16 times\); check the credentials"),
        ("302 Found", {"Location": "/login?user=Ada"}, "redirects are not followed"),
    ],
)
def test_a_status_that_stands_for_the_whole_tenant_is_counted_and_has_advice(
    status: str, headers: dict[str, str], advice: str
) -> None:
    report = judged(answer(b"Ada", status, **headers))
    assert report.exit_code() == 3
    with pytest.raises(AssertionError, match=advice):
        raise AssertionError(report.unjudged)
    assert f"HTTP {status[:3]} 16 times" in (report.unjudged or "")
    assert "Ada" not in str(report)


def test_a_rule_that_is_violated_beside_it_is_not_why_nothing_could_be_read() -> None:
    # Collections come as XML, and errors without the codes of the standard.
    found, missing = answer(b"<orgs/>", Content_Type="application/xml"), answer(b'{"imsx_codeMajor": "x"}', "404 None")
    with serving(lambda connection, head: connection.sendall(found if b"/orgs?" in head else missing)) as server:
        target = Target(server.base_url, access=BearerToken("t"))
        report = check(target, RunBudget(timeout=5), rules=select(["errors", "OR-PAG-01"]), seed=1)
    assert report.exit_code() == 1
    unread = next(each for each in report.checks if each.id == "OR-PAG-01")
    assert (unread.cause, unread.message) == (Cause.NO_RESPONSE, report.unjudged)
    headline = report.verdict().headline
    assert "explained" not in headline
    assert headline.endswith(f"; the rest could not be judged: {report.unjudged}")


def test_time_that_ends_while_a_server_is_busy_is_said_with_what_came() -> None:
    busy = answer(b"", "503 Busy", Retry_After="1")
    report = judged(busy, limits=RunBudget(timeout=5, seconds=2.5))
    assert report.exit_code() == 3
    unjudged = report.unjudged or ""
    assert "the 2.5 seconds allowed for this run are over (--max-time) after " in unjudged
    assert "repeats because the server was busy (HTTP 503 " in unjudged
    assert "nothing was read; the server is busy or down for maintenance" in unjudged
    assert report.target.unanswered.keys() == {"HTTP 503"}
    assert {each.cause for each in report.checks if each.message == unjudged} == {Cause.BUDGET}


def test_requests_without_a_response_of_the_api_are_counted_by_what_came() -> None:
    log = [LogEntry("GET", "/orgs", status, 0.1) for status in (200, 503, 404, None, 503, 429, 500)]
    assert unanswered_in_words(log) == {"HTTP 503": 2, "no complete response": 1, "HTTP 429": 1}
