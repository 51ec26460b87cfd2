"""Ways in that should not open, the token endpoint, and what of a server's manners weighs how much."""

import base64
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote

import pytest
from oauthlib.oauth1 import Client as Signer

from contract_kit.hostile import Behaviour, HostileServer, answer, says, serving
from oneroster.contract.access import Access, BearerToken, ClientCredentials, Nobody, OAuth1, TokenAnswer
from oneroster.contract.desk import TokenDesk, desk_of, error_of
from oneroster.contract.doors import AsWritten, Signature, signing_client
from oneroster.contract.errors import BudgetSpentError, NotExercised, RefusedError
from oneroster.contract.gateway import Gateway
from oneroster.contract.levels import Level
from oneroster.contract.result import Finding
from oneroster.contract.rules import access, error_payload, errors, http, signatures, tokens
from oneroster.contract.target import Limits, Target
from oneroster.contract.tenant import Tenant
from oneroster_v1p1.tables import OPERATIONS

SECRET = "s3cr et+&"
URL = "https://sis.example/ims/oneroster/v1p1/orgs?limit=1"
ORGS = OPERATIONS["getAllOrgs"]
ORG = OPERATIONS["getOrg"]
EMPTY = answer(b'{"orgs": []}')
GRANTED = b'{"access_token": "t-1", "token_type": "bearer", "expires_in": 3600}'


def no_post(*_: object) -> TokenAnswer:
    raise AssertionError("this way in needs no token endpoint")


@contextmanager
def judging(behave: Behaviour, way: Callable[[HostileServer], Access] = lambda _: BearerToken("t")) -> Iterator[Tenant]:
    """A tenant that behaves so and has answered once as it should, when it could."""
    with serving(behave) as server:
        target = Target(server.base_url, access=way(server))
        with Gateway(target, Limits(timeout=5), pause=lambda _: None) as gateway:
            tenant = Tenant(gateway)
            tenant.ask(ORGS, query={"limit": 1})
            yield tenant


def by_method(answers: Mapping[str, bytes]) -> Behaviour:
    """Answer by the method of the request; GET is answered with an empty collection unless told otherwise."""

    def behave(connection: socket.socket, head: bytes) -> None:
        connection.sendall(answers.get(head.split(b" ")[0].decode(), EMPTY))

    return behave


def credentials(server: HostileServer) -> ClientCredentials:
    return ClientCredentials(server.base_url.replace("/ims/oneroster/v1p1", "/token"), "me", SECRET, ("a", "b"))


def levels(findings: Iterable[Finding]) -> list[Level | None]:
    """The levels of findings; None where the rule's own clause decides."""
    return [each.level for each in findings]


# ---- the ways in -------------------------------------------------------------------------------------------------


def test_a_header_is_sent_as_it_is_written() -> None:
    door = AsWritten("Basic Og==")
    assert door.headers("GET", URL, no_post) == {"Authorization": "Basic Og=="}
    assert door.curl() == "-H 'Authorization: Basic Og=='"
    assert not door.renew()
    assert isinstance(door.wrong(), Nobody)


@pytest.mark.parametrize("signed", [URL, URL.partition("?")[0]])
def test_a_signature_is_made_with_what_was_chosen(signed: str) -> None:
    door = Signature(OAuth1("me", SECRET), 1_700_000_000, "n-1", lambda _: signed)
    same = Signer("me", client_secret=SECRET, signature_method="HMAC-SHA256", timestamp="1700000000", nonce="n-1")
    assert door.headers("GET", URL, no_post)["Authorization"] == same.sign(signed)[1]["Authorization"]
    assert SECRET not in repr(door) + door.curl()


def test_two_signatures_never_share_a_nonce() -> None:
    way = OAuth1("me", SECRET)
    assert Signature(way).nonce != Signature(way).nonce


@pytest.mark.parametrize("ask", [signing_client, desk_of])
def test_what_needs_another_way_in_is_not_exercised(ask: Callable[[Tenant], object]) -> None:
    with judging(says(EMPTY)) as tenant, pytest.raises(NotExercised, match="not entered by OAuth"):
        ask(tenant)


# ---- the token endpoint ------------------------------------------------------------------------------------------


def sent(server: HostileServer) -> list[tuple[str, dict[str, list[str]]]]:
    """Authorization and form of each request to the token endpoint."""
    posts = [head.decode() for head in server.requests if head.startswith(b"POST /token ")]
    forms = [parse_qs(head.partition("\r\n\r\n")[2]) for head in posts]
    shown = [head.partition("Authorization: ")[2].partition("\r\n")[0] for head in posts]
    return list(zip(shown, forms, strict=True))


def test_the_desk_asks_by_basic_and_keeps_what_is_granted() -> None:
    with serving(says(answer(GRANTED))) as server:
        way = credentials(server)
        with Gateway(Target(server.base_url, access=way)) as gateway:
            desk = desk_of(Tenant(gateway))
            assert desk.grant(desk.scope) is desk.grant("a b")
            assert desk.grant_anew("a b") is not desk.grant("a b")
        pair = base64.b64decode(sent(server)[0][0].removeprefix("Basic ")).decode()
    assert pair == "me:s3cr+et%2B%26"
    assert len(server.requests) == 2


def test_the_desk_finds_out_who_wants_the_secret_in_the_form() -> None:
    refusal = answer(b'{"error": "invalid_client"}', "401 Unauthorized")
    with serving(says(refusal, answer(GRANTED))) as server:
        with Gateway(Target(server.base_url, access=credentials(server))) as gateway:
            desk = TokenDesk(Tenant(gateway), credentials(server))
            assert desk.grant("").status == 200
            assert desk.ask("colour").status == 200
        shown = [bool(each) for each, _ in sent(server)]
    assert shown == [True, False, False]


def test_a_scope_that_is_refused_is_no_reason_to_show_the_secret_elsewhere() -> None:
    refusal = answer(b'{"error": "invalid_scope"}', "400 Bad Request")
    with serving(says(refusal)) as server, Gateway(Target(server.base_url, access=credentials(server))) as gateway:
        assert error_of(desk_of(Tenant(gateway)).grant("x")) == "invalid_scope"
        assert len(server.requests) == 1


def test_forms_go_to_the_token_endpoint_only_and_show_no_secret() -> None:
    with serving(says(answer(GRANTED))) as server:
        bearing = Target(server.base_url, access=BearerToken("t"))
        with Gateway(bearing) as gateway, pytest.raises(RefusedError, match="no token endpoint"):
            gateway.post_form({}, b"", "")
        with Gateway(Target(server.base_url, access=credentials(server))) as gateway:
            granted = gateway.post_form({}, b"grant_type=x", "-d grant_type=x")
    assert granted.curl.startswith("curl -sS -X POST -d grant_type=x http://127.0.0.1:")
    assert "t-1" not in repr(granted)


def test_the_kit_waits_no_longer_than_the_run_may() -> None:
    with serving(says(EMPTY)) as server:
        pauses: list[float] = []
        with Gateway(Target(server.base_url), Limits(seconds=60), pause=pauses.append) as gateway:
            gateway.pause(5)
            with pytest.raises(BudgetSpentError, match="longer than the run"):
                gateway.pause(90)
    assert pauses == [5]


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        (b'{"error": "invalid_client"}', "401 Unauthorized", []),
        (b'{"error": "invalid_client"}', "400 Bad Request", []),
        (b"go away", "401 Unauthorized", [Level.SHOULD]),
        (b"", "500 Internal Server Error", [Level.SHOULD]),
        (GRANTED, "200 OK", [None]),
    ],
)
def test_a_wrong_secret_may_be_refused_in_two_ways(said: bytes, status: str, expected: list[Level | None]) -> None:
    with judging(says(answer(GRANTED), EMPTY, answer(GRANTED), answer(said, status)), credentials) as tenant:
        assert levels(tokens.wrong_secret(tenant, ORGS)) == expected


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (GRANTED, []),
        (b'{"access_token": "t", "token_type": "BEARER", "expires_in": 1.5}', []),
        (b'{"access_token": "t", "token_type": "bearer"}', [Level.OPEN]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": "3600"}', [Level.SHOULD]),
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": true}', [Level.SHOULD]),
        (b'{"access_token": "t", "token_type": "mac", "expires_in": 0}', [None, Level.SHOULD]),
    ],
)
def test_what_a_token_answer_lacks_weighs_differently(granted: bytes, expected: list[Level | None]) -> None:
    with judging(says(answer(GRANTED), EMPTY, answer(granted)), credentials) as tenant:
        assert levels(tokens.token_answer(tenant, ORGS)) == expected


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (b'{"access_token": "t", "scope": "a"}', [None]),
        (b'{"access_token": "t"}', [Level.SHOULD]),
    ],
)
def test_a_scope_that_was_not_said_weighs_less(granted: bytes, expected: list[Level | None]) -> None:
    with judging(says(answer(GRANTED), EMPTY, answer(granted), EMPTY), credentials) as tenant:
        assert levels(tokens.out_of_scope(tenant, ORGS, ("a",))) == expected


@pytest.mark.parametrize("said", [answer(GRANTED[:-1] + f', "scope": "a {ORGS.oauth_scopes[0]}"}}'.encode()), EMPTY])
def test_without_a_narrower_token_scopes_are_not_exercised(said: bytes) -> None:
    with (
        judging(says(answer(GRANTED), EMPTY, said), credentials) as tenant,
        pytest.raises(NotExercised, match="no token with a narrower scope"),
    ):
        list(tokens.out_of_scope(tenant, ORGS, ("a",)))


def test_a_token_of_an_hour_is_not_waited_for() -> None:
    with (
        judging(says(answer(GRANTED), EMPTY, answer(GRANTED)), credentials) as tenant,
        pytest.raises(NotExercised, match="within 10 seconds"),
    ):
        list(tokens.expired_token(tenant, ORGS))


# ---- signatures and refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"), [("401 Unauthorized", []), ("400 Bad Request", [Level.OPEN]), ("200 OK", [None])]
)
def test_a_stale_signature_may_be_called_a_bad_request(status: str, expected: list[Level | None]) -> None:
    with judging(says(EMPTY, answer(b"{}", status)), lambda _: OAuth1("me", SECRET)) as tenant:
        assert levels(signatures.stale_timestamp(tenant, ORGS)) == expected


def test_a_nonce_whose_first_use_fails_is_not_judged() -> None:
    with (
        judging(says(EMPTY, answer(b"{}", "401 Unauthorized")), lambda _: OAuth1("me", SECRET)) as tenant,
        pytest.raises(NotExercised, match="first use"),
    ):
        list(signatures.repeated_nonce(tenant, ORGS))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("401 Unauthorized", []),
        ("400 Bad Request", [Level.OPEN]),
        ("403 Forbidden", [Level.SHOULD]),
        ("200 OK", [None]),
    ],
)
def test_malformed_credentials_that_open_nothing_weigh_less(status: str, expected: list[Level | None]) -> None:
    with judging(says(EMPTY, answer(b"{}", status))) as tenant:
        assert levels(access.malformed_credentials(tenant, ORGS)) == expected


def test_a_refusal_that_is_a_list_is_read_as_well() -> None:
    listed = answer(b'[{"codeMajor": "failure", "severity": "error"}]', "401 Unauthorized")
    with judging(says(EMPTY, listed)) as tenant:
        list(access.without_credentials(tenant, ORGS))
        assert levels(access.refusal_payload(tenant, ORGS)) == [Level.OPEN]


# ---- errors and HTTP ---------------------------------------------------------------------------------------------


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
        pytest.raises(NotExercised, match="without credentials"),
    ):
        list(errors.wrong_method(tenant, ORGS))


def test_a_method_that_repeats_the_request_never_carries_credentials() -> None:
    with serving(says(EMPTY)) as server, Gateway(Target(server.base_url, access=BearerToken("t"))) as gateway:
        tenant = Tenant(gateway)
        tenant.ask(ORGS, query={"limit": 1})
        list(errors.wrong_method(tenant, ORGS))
        assert b"Authorization" not in next(head for head in server.requests if head.startswith(b"TRACE"))


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
        (b'{"statusInfoSet": "SELECT a FROM b"}', "application/json", error_payload.nothing_let_out, [None]),
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
        with pytest.raises(NotExercised, match="no error"):
            list(error_payload.error_carries_payload(tenant, ORG))


def test_codes_are_judged_only_where_there_are_some() -> None:
    with judging(says(EMPTY, answer(b"{}", "404 Not Found"))) as tenant:
        list(errors.unknown_id(tenant, ORG))
        with pytest.raises(NotExercised, match="no error carries"):
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
        (answer(b"", "500 Internal Server Error"), [None]),
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
        trace = tenant.probe("/orgs", method="TRACE", access=Nobody()).curl
    assert unquote(head).startswith("curl -sS -I -H \"Authorization: Bearer $ONEROSTER_TOKEN\" -H 'Accept: text/html' ")
    assert trace.startswith("curl -sS -X TRACE http")
