"""The caller's own httpx client: what of it holds, and what stays ours."""

import asyncio
import ssl
import time
from pathlib import Path

import httpx
import pytest

from oneroster import (
    AsyncOneRoster,
    ConfigurationError,
    ForeignOriginError,
    OneRoster,
    ResponseLimits,
    Retry,
    TransportError,
)
from oneroster.transport.callers_client import CallersTransport
from oneroster.transport.deadline import until
from tests.transport.tls_servers import Authority, https
from tests.web import Answer, Seen, serve

ORGS = Answer(200, b'{"orgs": []}')


def test_a_clients_hooks_and_headers_hold_and_its_authentication_does_not_c5() -> None:
    hooked: list[str] = []

    async def note(request: httpx.Request) -> None:
        hooked.append(request.url.path)

    with (
        serve(lambda _: ORGS) as web,
        httpx.Client(
            headers={"X-Own": "own"},
            auth=("user", "s3cret"),
            event_hooks={"request": [lambda r: hooked.append(r.url.path)]},
        ) as own,
        OneRoster(base_url=web.origin, token="t0ken", headers={"X-Vendor": "v"}, http_client=own) as roster,
    ):
        assert list(roster.get_all_orgs()) == []
        roster.close()
        assert own.get(web.origin).status_code == 200

        async def read() -> None:
            async with (
                httpx.AsyncClient(headers={"X-Own": "own"}, event_hooks={"request": [note]}) as client,
                AsyncOneRoster(
                    base_url=web.origin, token="t0ken", headers={"X-Vendor": "v"}, http_client=client
                ) as other,
            ):
                assert [org async for org in other.get_all_orgs()] == []

        asyncio.run(read())
    read_by_us = [seen for seen in web.seen if seen.path != "/"]
    for seen in read_by_us:
        assert (seen.headers["x-own"], seen.headers["x-vendor"]) == ("own", "v")
        assert seen.headers["authorization"] == "Bearer t0ken"
    assert (hooked[0], hooked[-1], len(hooked)) == ("/orgs", "/orgs", len(read_by_us) + 1)


def test_the_headers_of_the_callers_client_go_to_the_tenant_only_c1() -> None:
    token = Answer(200, b'{"access_token": "t0ken"}')
    with (
        serve(lambda _: ORGS) as web,
        serve(lambda _: token) as endpoint,
        httpx.Client(headers={"X-Own": "own"}) as own,
    ):
        access = {"client_id": "id", "client_secret": "s3cret", "token_url": f"{endpoint.origin}/token"}
        with OneRoster(base_url=web.origin, **access, headers={"X-Vendor": "v"}, http_client=own) as roster:
            assert list(roster.get_all_orgs()) == []
    assert not {"x-own", "x-vendor"} & endpoint.seen[0].headers.keys()
    assert {"x-own", "x-vendor"} <= web.seen[0].headers.keys()


@pytest.mark.parametrize("client", [OneRoster, AsyncOneRoster])
def test_a_client_of_the_other_kind_is_refused(client: type[OneRoster] | type[AsyncOneRoster]) -> None:
    other = httpx.AsyncClient() if client is OneRoster else httpx.Client()
    with pytest.raises(ConfigurationError, match="http_client must be an httpx"):
        _ = client(base_url="https://sis.example", token="t", http_client=other).session


def test_redirects_and_limits_stay_ours() -> None:
    def away(_: Seen) -> Answer:
        return Answer(302, b"", (("Location", "http://127.0.0.1:1/"),))

    limits, once = ResponseLimits(max_bytes=5), Retry(attempts=1)
    with httpx.Client(follow_redirects=True) as own:
        for answer, error, said in (
            (away, ForeignOriginError, "which is not the tenant"),
            (lambda _: ORGS, TransportError, "more than 5 bytes"),
        ):
            with (
                serve(answer) as web,
                OneRoster(base_url=web.origin, token="t", http_client=own, limits=limits, retry=once) as roster,
                pytest.raises(error, match=said),
            ):
                list(roster.get_all_orgs())


def test_the_callers_own_tls_context_is_used_c5(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with https(authority.issue()) as served:
        origin = served.origin
        context = ssl.create_default_context(cafile=authority.file)
        with OneRoster(base_url=origin, token="t", ssl_context=context, ca_file="not-there.pem") as roster:
            assert list(roster.get_all_orgs()) == []
        with httpx.Client(verify=context) as own, OneRoster(base_url=origin, token="t", http_client=own) as roster:
            assert list(roster.get_all_orgs()) == []


def test_a_deadline_shortens_the_timeouts_of_the_callers_client() -> None:
    sent: list[dict[str, float]] = []

    def note(request: httpx.Request) -> httpx.Response:
        sent.append(request.extensions["timeout"])
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(note)) as own:
        for timeout in (None, 5000.0):
            with httpx.Client(transport=CallersTransport(own, "https://sis.example"), timeout=timeout) as client:
                with until(time.monotonic() + 1000):
                    client.get("https://sis.example")
                client.get("https://sis.example")
    assert all(0 < each <= 1000 for number in (0, 2) for each in sent[number].values())
    assert [set(sent[number].values()) for number in (1, 3)] == [{None}, {5000.0}]
