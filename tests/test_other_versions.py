"""Servers that answer in the form of another version than that of their URL are reported, and nothing is switched."""

import json
from pathlib import Path
from typing import Any

import pytest

from oneroster import OneRoster
from oneroster.other_versions import OtherVersionWarning, version_of_record
from oneroster.pull import GuardError, PullOptions, pull
from oneroster.pull.plan import RosterSelection
from oneroster.standard import Standard
from tests.tenant_1_2 import SPECIFICATION, example_of
from tests.web import Answer, Seen, serve

OLD, NEW = Standard.of("1.1"), Standard.of("1.2")
USER: dict[str, Any] = example_of(SPECIFICATION.operations["getStudent"])["user"]


def answer(seen: Seen) -> Answer:
    users = {"users": [USER]} if seen.path.partition("?")[0].endswith("/users") else {"user": USER}
    return Answer(200, json.dumps(users).encode(), (("X-Total-Count", "1"),))


def test_the_form_of_a_record_tells_its_version() -> None:
    assert version_of_record(OLD, "User", USER.keys()) == "1.2"
    assert version_of_record(NEW, "User", USER.keys()) is None
    old = OLD.document()["components"]["examples"]["Student"]["value"]["user"]
    assert version_of_record(OLD, "User", old.keys()) is None
    assert version_of_record(NEW, "User", old.keys()) == "1.1"
    assert version_of_record(OLD, "User", {"sourcedId", "nickname"}) is None


def test_the_client_warns_and_reads_on() -> None:
    with serve(answer) as web, OneRoster(base_url=f"{web.origin}/ims/oneroster/v1p1", token="t") as roster:
        with pytest.warns(OtherVersionWarning, match=r"its User records have the form of 1\.2.*--standard 1\.2"):
            users = list(roster.get_all_users())
        assert [user.sourced_id for user in users] == ["u-7"]
        assert all(seen.path.startswith("/ims/oneroster/v1p1/") for seen in web.seen)


def test_the_pull_warns(tmp_path: Path) -> None:
    """The roster has no orgs in the form of 1.1, so it is not published either."""
    options = PullOptions(selection=RosterSelection(only=["users"]))
    with (
        serve(answer) as web,
        OneRoster(base_url=f"{web.origin}/ims/oneroster/v1p1", token="t") as roster,
        pytest.warns(OtherVersionWarning),
        pytest.raises(GuardError, match=r"orgs 1"),
    ):
        pull(roster, tmp_path / "roster.ndjson", options)
