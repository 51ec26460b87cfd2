"""Many tenants on one port: each with its own district, credentials and faults, below a path of its own."""

import stat
from pathlib import Path

import httpx
import pytest

from oneroster import OneRoster, v1p2
from oneroster.errors import PagingError
from oneroster.sandbox import MultiTenantSandbox
from oneroster.sandbox.many_tenants import MOST_TENANTS, ServedTenant, tenant_name
from oneroster.sandbox.name_lookup import UnknownNameError
from oneroster.standard import Standard


def ids(tenant: ServedTenant) -> list[str]:
    with OneRoster(base_url=tenant.base_url, token=tenant.token) as roster:
        return [user.sourced_id for user in roster.get_all_users(limit=10)]


def test_each_tenant_has_its_own_district_credentials_and_links() -> None:
    with MultiTenantSandbox(3, "40") as sandbox:
        assert list(sandbox.tenants) == ["tenant-1", "tenant-2", "tenant-3"]
        one, other, _ = sandbox.tenants.values()
        first, second = ids(one), ids(other)
        assert (len(first), len(second)) == (40, 40)
        assert not set(first) & set(second)
        headers = {"Authorization": f"Bearer {one.token}"}
        assert httpx.get(f"{other.base_url}/orgs", headers=headers).status_code == 401
        page = httpx.get(f"{one.base_url}/users?limit=5", headers=headers)
        assert page.links["next"]["url"].startswith(f"{one.base_url}/users?")
        assert page.json()["users"][0]["orgs"][0]["href"].startswith(f"{one.base_url}/orgs/")
    assert not sandbox.tenants


@pytest.mark.parametrize("oauth2", [True, False], ids=["oauth2", "oauth1"])
def test_each_tenant_takes_every_kind_of_access(oauth2: bool) -> None:
    with MultiTenantSandbox(1, "40") as sandbox:
        (tenant,) = sandbox.tenants.values()
        access = {"client_id": tenant.credentials.client_id, "client_secret": tenant.credentials.client_secret}
        token_url = tenant.token_url if oauth2 else None
        with OneRoster(base_url=tenant.base_url, token_url=token_url, **access) as roster:
            assert sum(1 for _ in roster.get_all_orgs()) > 0


def test_tenants_of_another_version_are_read_by_their_configuration(tmp_path: Path) -> None:
    config = tmp_path / "oneroster.toml"
    with MultiTenantSandbox(2, "40", standard=Standard.of("1.2")) as sandbox:
        base_url = sandbox.tenants["tenant-2"].base_url
        assert base_url.endswith("/tenant-2/ims/oneroster/rostering/v1p2")
        sandbox.write_config(config)
        with v1p2.OneRoster(tenant="tenant-2", config=config) as roster:
            scale = roster.get_all_score_scales(limit=50).first()
    assert scale is not None
    assert scale.class_.href.startswith(f"{base_url}/classes/")


def test_faults_and_sizes_are_those_of_one_tenant() -> None:
    seen: list[tuple[str, str]] = []
    with MultiTenantSandbox(
        2,
        "40",
        faults={"tenant-2": ["wrong-total"]},
        sizes={"tenant-1": 50},
        on_request=lambda *request: seen.append(request),
    ) as sandbox:
        assert len(ids(sandbox.tenants["tenant-1"])) == 50
        with pytest.raises(PagingError):
            ids(sandbox.tenants["tenant-2"])
    assert {name for name, _ in seen} == {"tenant-1", "tenant-2"}
    assert {path for _, path in seen} == {"/ims/oneroster/v1p1/users"}


def test_no_tenant_is_served_elsewhere() -> None:
    with MultiTenantSandbox(1, "40") as sandbox:
        (tenant,) = sandbox.tenants.values()
        origin = tenant.base_url.partition("/tenant-")[0]
        for path in ("", "/", "/tenant-2/ims/oneroster/v1p1/users", "/ims/oneroster/v1p1/users"):
            answer = httpx.get(origin + path)
            assert answer.status_code == 404
            assert "/tenant-1" in answer.json()["statusInfoSet"][0]["imsx_description"]


def test_the_written_configuration_opens_every_tenant(tmp_path: Path) -> None:
    config = tmp_path / "oneroster.toml"
    with MultiTenantSandbox(2, "40", token="fixed") as sandbox:
        sandbox.write_config(config)
        for name, tenant in sandbox.tenants.items():
            assert tenant.token == f"fixed-{name}"
            with OneRoster(tenant=name, config=config) as roster:
                assert [user.sourced_id for user in roster.get_all_users()] == ids(tenant)
    assert "fixed" not in config.read_text()
    tokens = tmp_path / "oneroster-tokens"
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in tokens.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tenants": 0}, f"from 1 to {MOST_TENANTS}"),
        ({"tenants": 2, "port": 70_000}, "0 to 65535"),
        ({"tenants": 2, "sizes": {"tenant-1": "huge"}}, "a size is"),
    ],
)
def test_numbers_and_sizes_are_checked_at_once(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MultiTenantSandbox(**options)  # type: ignore[arg-type]  # what is wrong is the point


@pytest.mark.parametrize(
    "options", [{"faults": {tenant_name(3): []}}, {"faults": {"tenant-1": ["lost-rwo"]}}, {"profile": "kimona"}]
)
def test_unknown_names_are_refused_at_once(options: dict[str, object]) -> None:
    with pytest.raises(UnknownNameError):
        MultiTenantSandbox(2, **options)  # type: ignore[arg-type]  # what is wrong is the point
