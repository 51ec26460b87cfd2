"""A setting `standard` that the server contradicts is the same error, wherever the setting is given."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from oneroster import AsyncOneRoster, OneRoster, v1p2
from oneroster.cli import build
from oneroster.errors import ConfigurationError, StatusError
from oneroster.pull import PullOptions, pull
from oneroster.pull.extraction import extract
from oneroster.pull.plan import RosterSelection
from oneroster.pull.tenant import Tenant
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings, variable_of
from oneroster.standard import Standard
from tests.web import Answer, Seen, Web, serve

pytest_plugins = ["pytester"]

OLD, NEW = "1.1", "1.2"
CLASSES: dict[str, tuple[Any, Any]] = {OLD: (OneRoster, AsyncOneRoster), NEW: (v1p2.OneRoster, v1p2.AsyncOneRoster)}
OTHER = {OLD: NEW, NEW: OLD}
ORGS = PullOptions(selection=RosterSelection(only=["orgs"]))
WIDE = {"COLUMNS": "300"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*Settings._fields, "tenant", "config"):
        monkeypatch.delenv(variable_of(name), raising=False)


@pytest.fixture(params=[OLD, NEW])
def spoken(request: pytest.FixtureRequest) -> str:
    """The version that the server speaks."""
    version: str = request.param
    return version


@pytest.fixture
def web(spoken: str) -> Iterator[Web]:
    """A server whose base URL names no version."""
    path = "/ims/oneroster/v1p1" if spoken == OLD else ""
    with Sandbox(standard=Standard.of(spoken)) as tenant:

        def answer(seen: Seen) -> Answer:
            url = f"{tenant.origin}{seen.path.replace('/root', path, 1)}"
            told = httpx.get(url, headers={"Authorization": f"Bearer {tenant.token}"}, trust_env=False)
            return Answer(told.status_code, told.content, (("X-Total-Count", told.headers.get("X-Total-Count", "")),))

        with serve(answer) as served:
            yield served


@pytest.fixture
def wrong(web: Web, spoken: str) -> dict[str, Any]:
    """Settings with the version that the server does not speak."""
    return {"base_url": f"{web.origin}/root", "token": "t", "standard": OTHER[spoken]}


def said(spoken: str) -> str:
    return rf"does not answer as OneRoster {OTHER[spoken]}, which is set \(standard, .*but as {spoken}, by its response"


def test_the_class_says_so(wrong: dict[str, Any], spoken: str) -> None:
    for read in (lambda roster: list(roster.get_all_users()), lambda roster: roster.get_org("o-1")):
        with (
            CLASSES[wrong["standard"]][0](**wrong) as roster,
            pytest.raises(ConfigurationError, match=said(spoken)),
        ):
            read(roster)


def test_the_asynchronous_class_says_so(wrong: dict[str, Any], spoken: str) -> None:
    async def read() -> list[Any]:
        async with CLASSES[wrong["standard"]][1](**wrong) as roster:
            return [each async for each in roster.get_all_users()]

    with pytest.raises(ConfigurationError, match=said(spoken)):
        asyncio.run(read())


@pytest.mark.parametrize("spoken", [OLD], indirect=True)
def test_a_pull_of_the_class_says_so(wrong: dict[str, Any], spoken: str, tmp_path: Path) -> None:
    with (
        CLASSES[wrong["standard"]][0](**wrong) as roster,
        pytest.raises(ConfigurationError, match=said(spoken)),
    ):
        pull(roster, tmp_path / "roster.ndjson", ORGS)


@pytest.mark.parametrize("spoken", [OLD], indirect=True)
def test_a_tenant_of_an_engine_says_so(wrong: dict[str, Any], spoken: str) -> None:
    with pytest.raises(ConfigurationError, match=said(spoken)):
        extract(Tenant("x", resolve=lambda _: wrong), ["orgs"])


@pytest.mark.parametrize("spoken", [OLD], indirect=True)
@pytest.mark.parametrize("by", ["option", "variable", "file"])
def test_the_commands_say_so(
    by: str, wrong: dict[str, Any], spoken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "t")
    config = tmp_path / "tenants.toml"
    options = ["--base-url", wrong["base_url"], "--token", "t"]
    if by == "option":
        options += ["--standard", wrong["standard"]]
    elif by == "variable":
        monkeypatch.setenv("ONEROSTER_STANDARD", wrong["standard"])
    else:
        token = 'token = { env = "SECRET" }'
        config.write_text(
            f'[tenants.x]\nbase_url = "{wrong["base_url"]}"\nstandard = "{wrong["standard"]}"\n{token}\n',
            encoding="utf-8",
        )
        options = ["--tenant", "x", "--config", str(config)]
    for command in (["get", "orgs"], ["pull", "--to", str(tmp_path / "roster.ndjson")], ["check"]):
        found = CliRunner().invoke(build(), [*command, *options], env=WIDE)
        assert found.exit_code == 2
        assert f"but as {spoken}, by its response" in " ".join(found.stderr.split())


@pytest.mark.parametrize("spoken", [OLD], indirect=True)
def test_the_option_of_pytest_says_so(wrong: dict[str, Any], spoken: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_target(oneroster_target): assert oneroster_target")
    options = ["--base-url", wrong["base_url"], "--token", "t"]
    plugin = ("-p", "oneroster.contract.pytest_plugin", "-p", "no:cacheprovider")
    found = pytester.runpytest_inprocess(*plugin, *options, "--oneroster-standard", wrong["standard"])
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.re_match_lines([f".*but as {spoken}, by its response"])


@pytest.mark.parametrize("is_set", [False, True])
def test_an_id_that_is_unknown_is_no_contradiction(is_set: bool, web: Web, spoken: str) -> None:
    """Without the setting nothing more is sent; with it, once, a read of the version that is set."""
    standard = spoken if is_set else None
    with CLASSES[spoken][0](base_url=f"{web.origin}/root", token="t", standard=standard) as roster:
        for _ in range(2):
            with pytest.raises(StatusError):
                roster.get_org("nobody")
    assert len(web.seen) == 2 + is_set


@pytest.mark.parametrize("spoken", [OLD], indirect=True)
def test_nothing_is_asked_after_a_read_that_succeeded(web: Web, spoken: str) -> None:
    with CLASSES[spoken][0](base_url=f"{web.origin}/root", token="t", standard=spoken) as roster:
        user = next(iter(roster.get_all_users()))
        before = len(web.seen)
        assert roster.get_user(user.sourced_id) == user
        with pytest.raises(StatusError):
            roster.get_org("nobody")
    assert len(web.seen) == before + 2
