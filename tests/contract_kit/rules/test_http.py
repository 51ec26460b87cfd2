"""Error and HTTP rules, and the levels of their findings."""

from collections.abc import Callable, Iterable
from urllib.parse import unquote

import pytest

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.credentials import BearerToken, Credentials, NoCredentials, OAuth1Credentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rules import errors_payload as error_payload
from oneroster.contract.rules import errors_status_codes as errors
from oneroster.contract.rules import http
from tests.contract_kit.hostile import answer, says, serving
from tests.contract_kit.judging import EMPTY, ORG, ORGS, by_method, judging, levels


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        ("405 Method Not Allowed", {"Allow": "GET"}, []),
        ("405 Method Not Allowed", {}, [Level.OPEN]),
        ("501 Not Implemented", {}, []),
        ("400 Bad Request", {}, [Level.OPEN]),
        ("200 OK", {}, [None]),
        ("500 Internal Server Error", {}, [None]),
    ],
)
def test_an_unknown_method_may_be_refused_in_more_than_one_way(
    status: str, headers: dict[str, str], expected: list[Level | None]
) -> None:
    with judging(by_method({"TRACE": answer(b"", status, **headers)})) as tenant:
        assert levels(errors.wrong_method(tenant, ORGS)) == expected


def test_who_is_kept_out_learns_nothing_of_methods() -> None:
    with (
        judging(by_method({"TRACE": answer(b"", "401 Unauthorized")})) as tenant,
        pytest.raises(NotJudged, match="checks credentials before"),
    ):
        list(errors.wrong_method(tenant, ORGS))


def test_a_method_that_repeats_the_request_never_carries_credentials() -> None:
    with serving(says(EMPTY)) as server, Gateway(Target(server.base_url, access=BearerToken("t"))) as gateway:
        tenant = ObservedTenant(gateway)
        tenant.ask(ORGS, query={"limit": 1})
        list(errors.wrong_method(tenant, ORGS))
        assert b"Authorization" not in next(head for head in server.requests if head.startswith(b"TRACE"))


@pytest.mark.parametrize("access", [BearerToken("t"), OAuth1Credentials("me", "s")], ids=["bearer", "oauth1"])
def test_odd_queries_are_sent_with_every_kind_of_credentials_that_can_carry_them(access: Credentials) -> None:
    with serving(says(EMPTY)) as server, Gateway(Target(server.base_url, access=access)) as gateway:
        tenant = ObservedTenant(gateway)
        tenant.ask(ORGS, query={"limit": 1})
        list(errors.malformed_without_server_error(tenant, ORGS))
        sent = b"".join(server.requests)
    # OAuth 1.0a cannot sign a malformed query.
    assert (b"limit=%zz" in sent) == isinstance(access, BearerToken)
    assert b"filter=status%3D%27%C3%28%27" in sent


@pytest.mark.parametrize(
    ("body", "media_type", "rule", "expected"),
    [
        (b"<h1>Not Found</h1>", "text/html", error_payload.error_is_json, [None]),
        (b'{"statusInfoSet": []}', "text/plain", error_payload.error_is_json, [None]),
        (b"", "text/html", error_payload.error_is_json, []),
        (b"", "text/html", error_payload.error_carries_payload, [None]),
        (b'{"codeMajor": "failure"}', "application/json", error_payload.error_carries_payload, [Level.OPEN]),
        (
            b'{"codeMajor": "failure", "severity": "warning"}',
            "application/json",
            error_payload.codes_say_failure,
            [None],
        ),
        (
            b'{"codeMajor": "failure", "severity": "error"}',
            "application/json",
            error_payload.codes_say_failure,
            [Level.SHOULD],
        ),
        (b'{"statusInfoSet": "SELECT a FROM b"}', "application/json", error_payload.no_server_internals, [None]),
    ],
)
def test_what_an_error_holds_weighs_by_what_is_known(
    body: bytes, media_type: str, rule: Callable[..., Iterable[Finding]], expected: list[Level | None]
) -> None:
    with judging(says(EMPTY, answer(body, "404 Not Found", Content_Type=media_type))) as tenant:
        assert list(errors.unknown_id(tenant, ORG)) == []
        assert levels(rule(tenant, ORG)) == expected


def test_without_an_error_there_is_nothing_to_read() -> None:
    with judging(says(EMPTY)) as tenant:
        assert len(list(errors.unknown_id(tenant, ORG))) == 1
        with pytest.raises(NotJudged, match="no error"):
            list(error_payload.error_carries_payload(tenant, ORG))


def test_codes_are_judged_only_where_there_are_some() -> None:
    with judging(says(EMPTY, answer(b"{}", "404 Not Found"))) as tenant:
        list(errors.unknown_id(tenant, ORG))
        with pytest.raises(NotJudged, match="contains a status payload"):
            list(error_payload.codes_say_failure(tenant, ORG))


@pytest.mark.parametrize(
    ("by_head", "expected"),
    [
        (answer(b"", "405 Method Not Allowed"), [Level.OPEN]),
        (answer(b"", "404 Not Found"), [None]),
        (answer(b"", X_Total_Count="1"), [None]),
        (answer(b"", X_Total_Count="2"), []),
        (answer(b""), [None]),
    ],
)
def test_head_is_compared_with_get(by_head: bytes, expected: list[Level | None]) -> None:
    with judging(by_method({"HEAD": by_head, "GET": answer(b'{"orgs": []}', X_Total_Count="2")})) as tenant:
        assert levels(http.head_like_get(tenant, ORGS)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(b"", Allow="GET, HEAD"), []),
        (answer(b"", Access_Control_Allow_Methods="get"), []),
        (answer(b"", Allow="HEAD"), [None]),
        (answer(b"", "404 Not Found"), [Level.OPEN]),
        (answer(b"", "501 Not Implemented"), [Level.OPEN]),
        # OR-ERR-10 reports it.
        (answer(b"", "500 Internal Server Error"), []),
    ],
)
def test_options_may_be_missing_and_must_not_crash(said: bytes, expected: list[Level | None]) -> None:
    with judging(by_method({"OPTIONS": said})) as tenant:
        assert levels(http.options_name_methods(tenant, ORGS)) == expected


@pytest.mark.parametrize(
    ("directives", "shared"),
    [
        ("", False),
        ("no-store", False),
        ("private, max-age=60", False),
        ("max-age=60", False),
        ("public", True),
        ("Public, Max-Age=60", True),
        ("s-maxage=60", True),
        ("s-maxage=0", False),
        ("public, no-cache", False),
    ],
)
def test_only_what_may_be_shared_is_told(directives: str, shared: bool) -> None:
    with judging(says(answer(b'{"orgs": []}', Cache_Control=directives))) as tenant:
        (reading,) = tenant.readings(ORGS)
        assert http.allows_sharing(reading.exchange) is shared


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ({"Location": "/ims/oneroster/v1p1/orgs"}, []),
        ({"Location": "https://inside.example/orgs"}, [None]),
        ({"Location": "http://[bad"}, [None]),
        ({}, [None]),
    ],
)
def test_a_redirect_may_be_relative(location: dict[str, str], expected: list[Level | None]) -> None:
    with judging(says(EMPTY, answer(b"", "301 Moved Permanently", **location))) as tenant:
        assert levels(http.redirect_stays(tenant, ORGS)) == expected


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ([answer(b"<p>", "406 Not Acceptable"), EMPTY], 0),
        ([EMPTY, EMPTY], 0),
        ([answer(b"<p>"), EMPTY], 1),
        ([EMPTY, answer(b"", "406 Not Acceptable")], 1),
        ([answer(b"", "500 Internal Server Error"), answer(b"<p>")], 2),
    ],
)
def test_who_accepts_html_gets_json_or_406(said: list[bytes], count: int) -> None:
    with judging(says(EMPTY, *said)) as tenant:
        assert len(list(http.json_or_nothing(tenant, ORGS))) == count


@pytest.mark.parametrize(
    ("said", "count"),
    [
        (EMPTY, 0),
        (answer(b"", "406 Not Acceptable"), 1),
        (answer(b"\x1f\x8b\x08"), 1),
    ],
)
def test_who_accepts_no_compression_gets_none(said: bytes, count: int) -> None:
    with judging(says(EMPTY, said)) as tenant:
        assert len(list(http.compressed_when_accepted(tenant, ORGS))) == count


@pytest.mark.parametrize(
    ("media_type", "count"),
    [("application/json", 0), ("application/json; charset=UTF-8", 0), ('application/json;charset="latin1"', 1)],
)
def test_utf_8_may_be_said_or_left_out(media_type: str, count: int) -> None:
    with judging(says(answer(b'{"orgs": []}', Content_Type=media_type))) as tenant:
        assert len(list(http.utf_8(tenant, ORGS))) == count


def test_the_curl_line_of_a_probe_repeats_its_method_and_headers() -> None:
    with judging(says(EMPTY)) as tenant:
        head = tenant.probe("/orgs", method="HEAD", headers={"Accept": "text/html"}).curl
        trace = tenant.probe("/orgs", method="TRACE", access=NoCredentials()).curl
    assert unquote(head).startswith("curl -sS -I -H \"Authorization: Bearer $ONEROSTER_TOKEN\" -H 'Accept: text/html' ")
    assert trace.startswith("curl -sS -X TRACE http")
