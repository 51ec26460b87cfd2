"""Further headers of a tenant: who receives them, and that nobody sees them (C1)."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from oneroster import AsyncOneRoster, OneRoster, OneRosterError, Retry
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings
from oneroster.transport.http_client import HeadersForTenant
from tests.web import Answer, Web, serve

HEADER, KEY = "X-Vendor-Authorization", "v3nd0r-k3y"
ONCE = Retry(attempts=1)
Read = Callable[[Settings], object]


def by_client(settings: Settings) -> object:
    access = {name: getattr(settings, name) for name in ("client_id", "client_secret", "token_url", "base_url")}
    with OneRoster(**access, headers={HEADER: KEY}, retry=ONCE) as roster:
        return roster.session.read(f"{settings.base_url}/orgs", lambda raw: raw.status_code)


def by_async_client(settings: Settings) -> object:
    async def read() -> object:
        access = {name: getattr(settings, name) for name in ("client_id", "client_secret", "token_url", "base_url")}
        async with AsyncOneRoster(**access, headers={HEADER: KEY}, retry=ONCE) as roster:
            return await roster.session.read(f"{settings.base_url}/orgs", lambda raw: raw.status_code)

    return asyncio.run(read())


def by_kit(settings: Settings) -> object:
    target = Target.from_settings(settings._replace(headers=((HEADER.lower(), KEY),)))
    with Gateway(target, pause=lambda _: None) as gateway:
        exchange = gateway.get("/orgs")
    assert KEY not in f"{exchange!r} {exchange.curl} {target!r} {gateway.log!r}"
    assert f'-H "{HEADER.lower()}: $X_VENDOR_AUTHORIZATION"' in exchange.curl
    return exchange.status


reads = pytest.mark.parametrize("read", [by_client, by_async_client, by_kit])


def access(tenant: Web, endpoint: Web) -> Settings:
    return Settings(tenant.origin, f"{endpoint.origin}/token", "id", "s3cret")


@reads
def test_only_the_origin_of_the_tenant_receives_them_c1(read: Read, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = Answer(200, b'{"access_token": "t0ken"}')
    with serve(lambda _: Answer(200, b'{"orgs": []}')) as tenant, serve(lambda _: token) as endpoint:
        assert read(access(tenant, endpoint)) == 200
    assert [seen.headers.get(HEADER.lower()) for seen in tenant.seen] == [KEY]
    assert [seen.headers.get(HEADER.lower()) for seen in endpoint.seen] == [None]
    assert KEY not in caplog.text


@reads
def test_a_redirect_elsewhere_does_not_take_them_along_c1(read: Read) -> None:
    token = Answer(200, b'{"access_token": "t0ken"}')
    with serve(lambda _: Answer()) as away, serve(lambda _: token) as endpoint:
        there = Answer(302, b"", (("Location", f"{away.origin}/orgs"),))
        with serve(lambda _: there) as tenant:
            if read is by_kit:
                assert read(access(tenant, endpoint)) == 302
            else:
                with pytest.raises(OneRosterError, match="not the tenant") as caught:
                    read(access(tenant, endpoint))
                assert KEY not in f"{caught.value} {caught.value!r}"
    assert away.seen == []


def test_a_tenant_that_needs_a_header_on_its_gradebook_c1() -> None:
    with Sandbox(faults=["vendor-header"]) as tenant:
        options = {"base_url": tenant.base_url, "token": tenant.token}
        with OneRoster(**options) as roster, pytest.raises(OneRosterError, match=r"getAllCategories.*401"):
            list(roster.get_all_categories())
        with OneRoster(**options, headers={HEADER: KEY}) as roster:
            assert list(roster.get_all_categories())
            assert KEY not in f"{roster!r} {roster.session.settings!r} {vars(roster.session.client)!r}"
            with roster.api as api:
                assert api.get_httpx_client().get(f"{tenant.base_url}/categories").status_code == 200


def test_the_headers_are_added_to_the_tenant_only_c1() -> None:
    added = HeadersForTenant([(HEADER, KEY)], "https://sis.example/v1")
    assert KEY not in repr(added)
