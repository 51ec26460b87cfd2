"""Clients: what they send, keep, copy and close; and what the package imports when."""

import asyncio
import subprocess
import sys
from typing import Any

import httpx
import pytest

from oneroster_v1p1 import AuthenticatedClient, Client
from oneroster_v1p1.api.rostering import get_all_orgs
from tests.generated.loopback import Loopback

EMPTY = {"orgs": []}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"authorization": "Bearer t0ken"}),
        ({"prefix": "Token"}, {"authorization": "Token t0ken"}),
        ({"prefix": "", "auth_header_name": "X-Api-Key"}, {"x-api-key": "t0ken"}),
        ({"headers": {"X-A": "1"}}, {"authorization": "Bearer t0ken", "x-a": "1"}),
    ],
)
def test_the_token_goes_where_it_is_told(loopback: Loopback, given: dict[str, Any], sent: dict[str, str]) -> None:
    loopback.answers(EMPTY)
    with AuthenticatedClient(loopback.base_url, "t0ken", **given) as client:
        get_all_orgs.sync(client=client)
    assert sent.items() <= loopback.seen[0].headers.items()


def test_a_copy_sends_more_and_its_parent_does_not(loopback: Loopback) -> None:
    loopback.answers(EMPTY)
    with Client(loopback.base_url, headers={"X-A": "1"}) as parent:
        get_all_orgs.sync(client=parent)
        with parent.with_headers({"X-B": "2"}).with_cookies({"c": "3"}).with_timeout(5) as copy:
            assert copy.get_httpx_client() is not parent.get_httpx_client()
            assert copy.get_httpx_client().timeout == httpx.Timeout(5)
            get_all_orgs.sync(client=copy)
        get_all_orgs.sync(client=parent)
    first, second, third = (seen.headers for seen in loopback.seen)
    assert (second["x-a"], second["x-b"], second["cookie"]) == ("1", "2", "c=3")
    assert first == third
    assert "x-b" not in third


def test_a_client_has_a_time_limit_and_follows_no_redirect_by_default() -> None:
    with Client("https://sis.example") as client:
        assert client.get_httpx_client().timeout == httpx.Timeout(30)
        assert client.get_httpx_client().follow_redirects is False
    limits = httpx.Limits(max_connections=3)
    with Client("https://sis.example", limits=limits, timeout=None, follow_redirects=True) as client:
        assert client.get_httpx_client().timeout == httpx.Timeout(None)
        assert client.get_httpx_client().follow_redirects is True


def test_an_authentication_flow_signs_each_request(loopback: Loopback) -> None:
    class Signer(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Any:
            request.headers["X-Signed"] = request.url.raw_path.decode()
            yield request

    loopback.answers(EMPTY)
    with Client(loopback.base_url, auth=Signer()) as client:
        get_all_orgs.sync(client=client, filter="name='a b'")
    assert loopback.seen[0].headers["x-signed"] == loopback.seen[0].target


def test_a_closed_client_opens_again_when_used(loopback: Loopback) -> None:
    loopback.answers(EMPTY)
    client = Client(loopback.base_url)
    for _ in range(2):
        with client:
            get_all_orgs.sync(client=client)
        assert asyncio.run(_once(client)).orgs == []
    assert len(loopback.seen) == 4


async def _once(client: Client) -> Any:
    async with client:
        return await get_all_orgs.asyncio(client=client)


def test_a_connection_of_the_caller_is_used_and_keeps_its_own_ways(loopback: Loopback) -> None:
    loopback.answers(EMPTY)
    with httpx.Client(headers={"X-Own": "1"}, verify=False) as connection:  # noqa: S501 - plain HTTP
        client = Client(loopback.base_url).set_httpx_client(connection)
        get_all_orgs.sync(client=client)
    assert loopback.seen[0].headers["x-own"] == "1"

    async def shared() -> None:
        async with httpx.AsyncClient(headers={"X-Own": "2"}, verify=False) as connection:  # noqa: S501 - plain HTTP
            await get_all_orgs.asyncio(client=Client(loopback.base_url).set_async_httpx_client(connection))

    asyncio.run(shared())
    assert loopback.seen[1].headers["x-own"] == "2"


@pytest.mark.parametrize("base_url", ["sis.example", "ftp://sis.example", "https://", "https://a/?x=1", "https://a/#x"])
def test_an_address_that_cannot_be_one_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url must be an http or https URL"):
        Client(base_url)


def in_fresh_python(code: str) -> list[str]:
    """What a fresh interpreter prints."""
    outcome = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return outcome.stdout.split()


def test_importing_and_building_a_client_loads_neither_httpx_nor_models() -> None:
    code = """
import sys, oneroster_v1p1
print(*(name in sys.modules for name in ("attrs", "httpx", "msgspec")))
client = oneroster_v1p1.AuthenticatedClient("https://sis.example", token="t")
repr(client)
print("httpx" in sys.modules, "oneroster_v1p1.models" in sys.modules)
from oneroster_v1p1.models import Org
print("httpx" in sys.modules, "oneroster_v1p1.models.org" in sys.modules, "oneroster_v1p1.models.user" in sys.modules)
from oneroster_v1p1.api.rostering import get_org
oneroster_v1p1.specification()
print("httpx" in sys.modules)
client.get_httpx_client().close()
print("httpx" in sys.modules)
"""
    assert in_fresh_python(code) == [
        "False",
        "False",
        "False",
        "False",
        "False",
        "False",
        "True",
        "False",
        "False",
        "True",
    ]


def test_all_public_names_can_be_had_and_nothing_else() -> None:
    code = """
import oneroster_v1p1, oneroster_v1p1.api as api, oneroster_v1p1.models as models
for package in (oneroster_v1p1, models, api, *(getattr(api, name) for name in api.__all__)):
    assert package.__all__ and set(package.__all__) <= set(dir(package)), package
    for name in package.__all__:
        getattr(package, name)
    try:
        package.nothing
    except AttributeError as error:
        assert "has no attribute 'nothing'" in str(error)
    else:
        raise AssertionError(package)
print("done")
"""
    assert in_fresh_python(code) == ["done"]


def test_the_package_stands_alone() -> None:
    code = """
import sys, oneroster_v1p1.api as api, oneroster_v1p1.models as models
[getattr(models, name) for name in models.__all__]
[getattr(getattr(api, tag), name) for tag in api.__all__ for name in getattr(api, tag).__all__]
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"oneroster", "generation", "schemathesis", "yaml"}))
"""
    assert in_fresh_python(code) == []
