"""The tenant as a thing to start and stop: quickly, cleanly, several beside each other."""

import asyncio
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from oneroster.errors import ConfigurationError
from oneroster.sandbox import MultiTenantSandbox, Sandbox, SandboxCredentials, create_app
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.http_server import PortError
from oneroster.sandbox.name_lookup import UnknownNameError
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard
from tests.sandbox.serving import all_rows, client_of, serving


def test_it_tells_how_to_reach_it() -> None:
    with Sandbox() as tenant:
        origin, path = tenant.base_url.split("/ims/")
        assert origin.startswith("http://127.0.0.1:")
        assert path == "oneroster/v1p1"
        assert tenant.token_url == f"{origin}/oauth/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": tenant.client_id,
            "client_secret": tenant.client_secret,
        }
        token = httpx.post(tenant.token_url, data=form).json()["access_token"]
        for each in (token, tenant.token):
            answer = httpx.get(f"{tenant.base_url}/orgs", headers={"Authorization": f"Bearer {each}"})
            assert answer.status_code == 200


def test_nothing_of_it_stays_behind() -> None:
    before = set(threading.enumerate())
    with Sandbox() as tenant, client_of(tenant) as client:
        all_rows(client, "/users")
        port = httpx.URL(tenant.base_url).port
    assert set(threading.enumerate()) <= before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port or 0)) != 0


def test_a_client_that_stays_connected_does_not_hold_it_up() -> None:
    with Sandbox() as tenant:
        idle = socket.create_connection(("127.0.0.1", httpx.URL(tenant.base_url).port or 0))
    idle.close()


def test_tenants_stand_beside_each_other_and_share_nothing() -> None:
    with Sandbox() as one, Sandbox() as other, client_of(one) as client:
        assert one.base_url != other.base_url
        assert client.put("/categories/c", json={"category": {"title": "Tests"}}).status_code == 201
        stranger = httpx.get(f"{other.base_url}/orgs", headers={"Authorization": f"Bearer {one.token}"})
        assert stranger.status_code == 401
        with client_of(other) as elsewhere:
            assert elsewhere.get("/categories/c").status_code == 404


def test_the_same_seed_gives_the_same_answers_and_another_seed_others() -> None:
    def users(**options: int) -> list[str]:
        with serving(**options) as client:
            return [row["sourcedId"] for row in all_rows(client, "/users")]

    assert users(seed=5) == users(seed=5)
    assert users(seed=5) != users(seed=6)
    assert len(users(size=57)) == 57


def test_it_can_be_entered_again_with_its_first_data() -> None:
    tenant = Sandbox()
    for _ in range(2):
        with tenant, client_of(tenant) as client:
            assert client.put("/categories/c", json={"category": {"title": "Tests"}}).status_code == 201


def test_it_has_an_address_only_while_it_runs() -> None:
    tenant = Sandbox()
    assert "not running" in repr(tenant)
    with pytest.raises(RuntimeError, match="`with` block"):
        _ = tenant.base_url
    with tenant:
        assert tenant.base_url.removesuffix("/ims/oneroster/v1p1") in repr(tenant)
    with pytest.raises(RuntimeError):
        _ = tenant.token_url


def test_a_district_can_be_kept(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    for _ in range(2):
        with (
            Sandbox(size=60, cache=tmp_path, progress=lambda *done: told.append(done)) as tenant,
            client_of(tenant) as c,
        ):
            assert len(all_rows(c, "/users")) == 60
            c.put("/categories/c", json={"category": {"title": "Tests"}})
    assert told == [(60, 60)], "the second tenant found the district built, and without what was written to it"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_fault_in_the_data_does_not_spoil_the_kept_district(tmp_path: Path) -> None:
    with Sandbox(cache=tmp_path, faults=["missing-required"]) as tenant, client_of(tenant) as client:
        assert any("title" not in row for row in all_rows(client, "/classes"))
    with Sandbox(cache=tmp_path) as tenant, client_of(tenant) as client:
        assert all("title" in row for row in all_rows(client, "/classes"))


def test_a_port_that_is_taken_is_named() -> None:
    before = set(threading.enumerate())
    with Sandbox() as tenant:
        port = httpx.URL(tenant.base_url).port or 0
        with pytest.raises(PortError, match=f"port {port} of 127.0.0.1 is in use"), Sandbox(port=port):
            pass
    with Sandbox(port=port) as again:
        assert httpx.URL(again.base_url).port == port
    assert set(threading.enumerate()) <= before


def test_wrong_arguments_are_told_before_anything_starts() -> None:
    with pytest.raises(UnknownNameError, match="kimono"):
        Sandbox(profile="kimona")
    with pytest.raises(UnknownNameError, match="lost-row"):
        Sandbox(faults=["lost-rwo"])
    with pytest.raises(ValueError, match="smal"):
        Sandbox(size="smal")
    with pytest.raises(ValueError, match="port"):
        Sandbox(port=70_000)


def test_the_application_runs_without_a_socket() -> None:
    credentials = SandboxCredentials()

    async def ask(store: Store) -> httpx.Response:
        transport = httpx.ASGITransport(create_app(store, credentials=credentials))
        headers = {"Authorization": f"Bearer {credentials.token}"}
        async with httpx.AsyncClient(transport=transport, base_url="https://sis.example", headers=headers) as client:
            return await client.get("/ims/oneroster/v1p1/orgs?limit=1")

    with Store.open(Size.parse("small"), 1, cache=None) as store:
        answer = asyncio.run(ask(store))
    assert answer.status_code == 200
    assert answer.links["next"]["url"].startswith("https://sis.example/ims/oneroster/v1p1/orgs?")


def test_the_fixture_costs_nothing_until_it_is_used() -> None:
    program = (
        "import sys; before = set(sys.modules);"  # coverage has imported some of them
        "import oneroster.sandbox.pytest_plugin;"
        "heavy = {'starlette', 'uvicorn', 'oauthlib', 'sqlite3', 'jsonschema_rs'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert shown.stdout == "[]\n"


def test_the_fixture_serves_a_conforming_tenant(oneroster_sandbox: Sandbox) -> None:
    with client_of(oneroster_sandbox) as client:
        assert client.get("/orgs").status_code == 200


def test_the_version_can_be_named_by_its_number() -> None:
    with Sandbox(standard="1.2") as one, MultiTenantSandbox(1, standard="1.2") as many:
        assert one.standard is Standard.of("1.2")
        (other,) = many.tenants.values()
        assert one.base_url.endswith("/rostering/v1p2")
        assert "v1p2" in other.base_url
    with (
        Store.open(Size.parse("small"), 1, cache=None) as store,
        pytest.raises(ValueError, match=r"holds OneRoster 1\.1, not 1\.2"),
    ):
        create_app(store, standard="1.2")
    for make in (lambda: Sandbox(standard="1.3"), lambda: MultiTenantSandbox(1, standard="1.3")):
        with pytest.raises(ConfigurationError, match=r"'1\.3' is not supported; supported versions: 1\.1, 1\.2"):
            make()


def test_a_client_that_goes_before_its_request_is_read_is_not_an_error() -> None:
    sent: list[object] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/orgs",
        "query_string": b"",
        "headers": [],
        "server": ("127.0.0.1", 80),
    }
    with Store.open(Size.parse("small"), 1, cache=None) as store:
        asyncio.run(create_app(store)(scope, receive, send))  # type: ignore[arg-type]  # plain dictionaries
    assert sent == []
