"""A request that need not be lawful: sent as it stands, and never counted among the tenant's lawful answers."""

from collections.abc import Iterator

import pytest

from oneroster.contract.http.credentials import BearerToken, NoCredentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.sandbox import Sandbox


@pytest.fixture
def tenant() -> Iterator[ObservedTenant]:
    with Sandbox() as sandbox, Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway:
        yield ObservedTenant(gateway)


def test_a_probe_is_sent_as_it_stands(tenant: ObservedTenant) -> None:
    exchange = tenant.probe("/orgs", "filter=colour%3D'red'&limit=1")
    assert exchange.target == "/orgs?filter=colour%3D'red'&limit=1"
    assert exchange.status == 400


def test_a_probe_is_no_lawful_answer(tenant: ObservedTenant) -> None:
    tenant.probe("/orgs", "limit=1")
    assert tenant.readings() == []
    assert tenant.gateway.spent == 1


def test_a_probe_may_come_another_way_in_and_with_headers(tenant: ObservedTenant) -> None:
    assert tenant.probe("/orgs", access=NoCredentials()).status == 401
    zipped = tenant.probe("/users", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in zipped.headers
    assert tenant.probe("/orgs", method="HEAD").body == b""
