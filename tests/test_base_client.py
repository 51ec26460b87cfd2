"""Clients for another generated package: a facade and its standard."""

import asyncio
import inspect
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from oneroster import AsyncOneRoster, ConfigurationError, OneRoster, Standard
from oneroster.base_client import AsyncClient, BaseClient, SyncClient
from oneroster.client import async_client_class, client_class
from tests.web import Answer, Seen, serve

ORGS = [{"sourcedId": f"o-{number}", "name": "Org"} for number in range(3)]


class Operations:
    """A facade with one method."""

    def get_everything(self: Any) -> Any:
        return self._collection("getAllOrgs", {})


class Sync(SyncClient, Operations):
    standard = Standard.of("1.1")


class Async(AsyncClient, Operations):
    standard = Standard.of("1.1")


class MadeUp:
    """As much of a standard as a client class needs."""

    facade = SimpleNamespace(Operations=Operations, AsyncOperations=Operations)


def orgs(_: Seen) -> Answer:
    return Answer(200, json.dumps({"orgs": ORGS}).encode(), (("X-Total-Count", "3"),))


def test_a_class_of_one_line_reads_by_its_own_facade() -> None:
    with serve(orgs) as web, Sync(base_url=web.origin, token="t") as client:
        assert [found.sourced_id for found in client.get_everything()] == ["o-0", "o-1", "o-2"]
        assert client.session.standard is Standard.of("1.1")


def test_a_class_of_one_line_reads_by_its_own_facade_in_an_event_loop() -> None:
    async def read(origin: str) -> list[str]:
        async with Async(base_url=origin, token="t") as client:
            return [found.sourced_id async for found in client.get_everything()]

    with serve(orgs) as web:
        assert asyncio.run(read(web.origin)) == ["o-0", "o-1", "o-2"]


def test_the_class_for_a_standard_has_the_methods_of_its_facade() -> None:
    standard = cast("Standard", MadeUp())
    for kind, base in ((client_class(standard), SyncClient), (async_client_class(standard), AsyncClient)):
        assert issubclass(kind, base)
        assert issubclass(kind, Operations)
        assert kind.standard is standard
    assert client_class(standard) is client_class(standard)


def test_the_class_for_1_1_is_the_public_one() -> None:
    assert client_class(Standard.of("1.1")) is OneRoster
    assert async_client_class(Standard.of("1.1")) is AsyncOneRoster
    assert OneRoster.standard is AsyncOneRoster.standard is Standard.of("1.1")


def test_a_client_shows_no_credentials() -> None:
    client = BaseClient("id", "s3cret", base_url="https://sis.example")
    assert repr(client) == "BaseClient(base_url='https://sis.example', tenant=None)"


@pytest.mark.parametrize("kind", [OneRoster, AsyncOneRoster])
def test_the_parameters_are_documented(kind: type[BaseClient]) -> None:
    # Python 3.13 compiles docstrings without their indentation.
    shown = inspect.cleandoc(kind.__doc__ or "")
    assert all(f"\n    {name}: " in shown for name in ("client_id", "base_url", "token", "paging"))


def test_a_setting_that_is_missing_is_reported_on_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEROSTER_BASE_URL", raising=False)
    client = Sync(token="t")
    with pytest.raises(ConfigurationError, match=r"^base_url is missing \(--base-url, or ONEROSTER_BASE_URL\)\."):
        _ = client.session
