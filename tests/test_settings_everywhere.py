"""One file of tenants, with every setting, serves client, get, pull, check and pytest."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from oneroster import AsyncOneRoster, OneRoster
from oneroster.cli import build
from oneroster.contract.pytest_plugin import OPTIONS, PREFIX, RUN_OPTIONS
from oneroster.sandbox import Sandbox
from oneroster.sandbox.auth import oauth1, oauth2
from oneroster.sandbox.http.responses import JSON, Reply
from oneroster.settings import Settings, option_of, variable_of
from tests.transport.tls_servers import Authority, Issued, front

SCOPE = "https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly"
VENDOR_KEY = "v3nd0r-k3y"
WIDE = {"COLUMNS": "300"}
FEW = ("OR-ENV-01", "getAllOrgs")
TENANTS = """
[tenants.bearer]
base_url = "{base_url}"
token = {{ file = "{secrets}/token" }}
profile = "standard"
overlay = "{secrets}/own.json"
time_zone = "America/New_York"
service_urls = {{ oneroster = "{base_url}" }}

[tenants.guarded]
base_url = "{guarded}"
token = {{ file = "{secrets}/token" }}
headers = {{ x-vendor-authorization = {{ env = "VENDOR_KEY" }} }}
ca_file = "{ca_file}"
client_cert = "{client_cert}"
client_key = "{client_key}"

[tenants.oauth2]
base_url = "{base_url}"
token_url = "{token_url}"
client_id = "{client_id}"
client_secret = {{ env = "SPRINGFIELD_SECRET" }}
scopes = "{scope}"
client_auth = "body"
allow_http = true

[tenants.oauth1]
base_url = "{base_url}"
client_id = "{client_id}"
client_secret = {{ file = "{secrets}/secret" }}
oauth1_method = "HMAC-SHA1"
standard = "1.1"
"""
SETTINGS_OF = {
    "bearer": {"base_url", "token", "profile", "overlay", "time_zone", "service_urls"},
    "guarded": {"base_url", "token", "headers", "ca_file", "client_cert", "client_key"},
    "oauth2": {"base_url", "token_url", "client_id", "client_secret", "scopes", "client_auth", "allow_http"},
    "oauth1": {"base_url", "client_id", "client_secret", "oauth1_method", "standard"},
}
OVERLAY = {"overlay": "1.0.0", "info": {"title": "T", "version": "1"}, "actions": [{"target": "$.info", "update": {}}]}


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox that grants tokens for one scope only, wants the secret in the form, and knows one signature."""
    granted = oauth2.OAuth2Server.token_reply

    def strict(self: oauth2.OAuth2Server, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        form = parse_qs(body.decode())
        if "client_secret" not in form or form.get("scope") != [SCOPE]:
            return Reply(400, b'{"error": "invalid_request"}', {}, JSON)
        return granted(self, url, headers, body)

    monkeypatch.setattr(oauth2.OAuth2Server, "token_reply", strict)
    monkeypatch.setattr(oauth1._Validator, "allowed_signature_methods", (oauth1.SIGNATURE_HMAC_SHA1,))
    with Sandbox() as made:
        yield made


@pytest.fixture
def guard(tenant: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Authority, Issued]]:
    """The sandbox by https, for clients that have a certificate and send the header of a vendor."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    own, client = authority.issue(), authority.issue()
    with front(tenant.base_url, own, authority.file, ("x-vendor-authorization", VENDOR_KEY)) as origin:
        yield origin, authority, client


@pytest.fixture
def config(
    tenant: Sandbox, guard: tuple[str, Authority, Issued], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    origin, authority, client = guard
    monkeypatch.setenv("VENDOR_KEY", VENDOR_KEY)
    for name in (*Settings._fields, "tenant", "config"):
        monkeypatch.delenv(variable_of(name), raising=False)
    monkeypatch.setenv("SPRINGFIELD_SECRET", tenant.client_secret)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "token").write_text(tenant.token, encoding="utf-8")
    (secrets / "secret").write_text(tenant.client_secret, encoding="utf-8")
    (secrets / "own.json").write_text(json.dumps(OVERLAY), encoding="utf-8")
    path = tmp_path / "districts.toml"
    text = TENANTS.format(
        base_url=tenant.base_url,
        token_url=tenant.token_url,
        client_id=tenant.client_id,
        secrets=secrets.as_posix(),
        scope=SCOPE,
        guarded=origin + urlsplit(tenant.base_url).path,
        ca_file=authority.file.as_posix(),
        client_cert=client.certificate.as_posix(),
        client_key=client.key.as_posix(),
    )
    path.write_text(text, encoding="utf-8")
    return path


def by_client(name: str, config: Path) -> str:
    with OneRoster(tenant=name, config=config) as roster:
        return str(len(list(roster.get_all_orgs())))


def by_async_client(name: str, config: Path) -> str:
    async def read() -> str:
        async with AsyncOneRoster(tenant=name, config=config) as roster:
            return str(len([org async for org in roster.get_all_orgs()]))

    return asyncio.run(read())


def by_command(*words: str) -> Callable[[str, Path], str]:
    def run(name: str, config: Path) -> str:
        arguments = [str(config.parent / "orgs.sqlite") if word == "DESTINATION" else word for word in words]
        result = CliRunner().invoke(build(), [*arguments, "--tenant", name, "--config", str(config)], env=WIDE)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def by_pytest(name: str, config: Path) -> str:
    few = [word for name in FEW for word in ("--oneroster-include", name)]
    plugin = ("-p", "oneroster.contract.pytest_plugin", "-p", "no:cacheprovider")
    tenant = ("--oneroster-tenant", name, "--oneroster-config", str(config))
    # A process of its own: the plugin of this run has other options.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *tenant, *few, "--pyargs", "oneroster.contract"],
        cwd=config.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout + done.stderr


USES = {
    "client": (by_client, ""),
    "async client": (by_async_client, ""),
    "get": (by_command("get", "orgs", "--format", "ndjson"), '"sourcedId"'),
    "pull": (by_command("pull", "--only", "orgs", "--to", "DESTINATION"), "roster written"),
    "check": (by_command("check", "--include", FEW[0], "--include", FEW[1]), "tested must rule"),
    "pytest": (by_pytest, "1 passed"),
}


@pytest.mark.series
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", SETTINGS_OF)
def test_every_tenant_of_the_file_can_be_used_by_all_c1_c2_c5(
    name: str, use: str, config: Path, tenant: Sandbox
) -> None:
    run, shown = USES[use]
    output = run(name, config)
    assert shown in output
    assert tenant.token not in output
    assert tenant.client_secret not in output
    assert VENDOR_KEY not in output
    if (name, use) == ("bearer", "check"):
        assert "profile standard, overlay own.json" in output


def test_the_file_has_every_setting() -> None:
    assert set().union(*SETTINGS_OF.values()) == set(Settings._fields)
    for name, settings in SETTINGS_OF.items():
        table = TENANTS.partition(f"[tenants.{name}]")[2].partition("[tenants")[0]
        assert {line.partition(" = ")[0] for line in table.splitlines() if line} == settings


@pytest.mark.parametrize("command", ["get", "pull", "check"])
def test_every_setting_is_an_option_of_every_command(command: str) -> None:
    parameters = signature(getattr(import_module(f"oneroster.cli.{command}"), command)).parameters
    without = {"check": set(), "pull": {"overlay"}, "get": {"profile", "overlay"}}[command]
    for setting in ({*Settings._fields, "tenant", "config"}) - without:
        _, option = get_args(parameters[setting].annotation)
        assert variable_of(setting) in option.help


def test_every_setting_is_an_option_of_pytest() -> None:
    names = {*OPTIONS, *(f"--{name}" for name in RUN_OPTIONS)}
    assert {option_of(name) for name in (*Settings._fields, "tenant", "config")} <= names
    assert PREFIX == "--oneroster-"


def test_every_setting_is_documented() -> None:
    page = (Path(__file__).parents[1] / "docs" / "client.md").read_text(encoding="utf-8")
    for name in Settings._fields:
        assert f"| `{name}` | `{variable_of(name)}` | `{option_of(name)}` |" in page


def test_every_setting_is_an_argument_of_the_clients() -> None:
    for client in (OneRoster, AsyncOneRoster):
        arguments = signature(client).parameters
        assert {*Settings._fields, "tenant", "config"} - {"profile", "overlay"} <= arguments.keys()
