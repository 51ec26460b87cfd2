"""How many requests are on their way, how fast they follow each other, and how a pull is ended from outside."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oneroster import OneRoster, Paging
from oneroster.pull import Progress, PullError, PullOptions, RosterSelection, SanityLimits, pull
from oneroster.sandbox import Sandbox
from oneroster.transport import session as session_module
from oneroster.transport.bounded_response import RawResponse
from oneroster.transport.session import Session
from tests.pull.pulling import roster_of, rows_at, truth

TRUSTING = PullOptions(limits=SanityLimits(unresolved=1.0))


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox("small", 3) as tenant:
        yield tenant


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_requests_are_on_their_way_than_workers(
    tenant: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    going, most, lock, original = 0, 0, threading.Lock(), Session.send

    def counted(self: Session, *arguments: Any) -> RawResponse:
        nonlocal going, most
        with lock:
            going += 1
            most = max(most, going)
        try:
            return original(self, *arguments)
        finally:
            with lock:
                going -= 1

    monkeypatch.setattr(Session, "send", counted)
    with roster_of(tenant) as roster:
        pull(roster, tmp_path / "roster.parquet", TRUSTING._replace(workers=workers, paging=Paging(20, windows=8)))
    assert most <= workers
    assert workers == 1 or most > 1


def test_requests_follow_each_other_no_faster_than_the_rate(tenant: Sandbox, tmp_path: Path) -> None:
    settings = TRUSTING._replace(rate=20.0, selection=RosterSelection(only=["orgs"]), paging=Paging(limit=4, windows=4))
    began = time.monotonic()
    with roster_of(tenant) as roster:
        report = pull(roster, tmp_path / "roster.parquet", settings)
    assert report.requests >= 5
    assert time.monotonic() - began >= (report.requests - 1) / 20.0


def test_closing_the_client_ends_the_pull_and_another_goes_on(tenant: Sandbox, tmp_path: Path) -> None:
    class Closing(Progress):
        def __init__(self, roster: OneRoster) -> None:
            self.roster = roster

        def end(self, collection: str, rows: int) -> None:  # noqa: ARG002  # as it is called
            self.roster.close()

    place, settings = tmp_path / "roster.parquet", TRUSTING._replace(workers=2, resume=True)
    with roster_of(tenant) as roster:
        with pytest.raises(PullError, match="stopped before it was complete"):
            pull(roster, place, settings, Closing(roster))
        assert not place.exists()
        report = pull(roster, place, settings)
    assert report.resumed
    assert rows_at(place) == truth(tenant)


def test_a_pull_uses_the_connections_and_the_token_of_the_client(
    tenant: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    open_client, orgs = session_module.open_client, RosterSelection(only=["orgs"])

    def counted(*arguments: Any, **options: Any) -> Any:
        opened.append(open_client(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(session_module, "open_client", counted)
    roster = OneRoster(tenant.client_id, tenant.client_secret, base_url=tenant.base_url, token_url=tenant.token_url)
    with roster:
        assert roster.get_all_orgs().first()
        token = roster.session.client.auth._token  # type: ignore[union-attr]  # a client with a token
        for name in ("one.ndjson", "two.ndjson"):
            pull(roster, tmp_path / name, TRUSTING._replace(selection=orgs))
        assert roster.get_all_orgs().first()
        assert roster.session.client.auth._token is token  # type: ignore[union-attr]  # a client with a token
    assert len(opened) == 1
