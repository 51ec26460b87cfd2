"""Many tenants side by side: one that fails does not touch the others."""

from pathlib import Path

import pytest

from oneroster import ConfigurationError, TransportError
from oneroster.errors import StatusError
from oneroster.pull import NothingOfferedError, Progress, PullOptions, PullReport, RosterSelection, pull_tenants
from oneroster.pull.tenants import tenant_names
from oneroster.sandbox import Sandbox
from tests.pull.pulling import by_id, rows_at, truth

FILE = """
[tenants.north]
base_url = "{north.base_url}"
token = {{ env = "NORTH" }}

[tenants.nobody]
base_url = "http://127.0.0.1:9/ims/oneroster/v1p1"
token = {{ env = "NORTH" }}

[tenants.locked]
base_url = "{south.base_url}"
token = {{ env = "WRONG" }}

[tenants.south]
base_url = "{south.base_url}"
token = {{ env = "SOUTH" }}
"""


def test_one_failure_does_not_touch_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, folder = tmp_path / "oneroster.toml", tmp_path / "rosters"
    with Sandbox("small", 1) as north, Sandbox("small", 2) as south:
        config.write_text(FILE.format(north=north, south=south))
        monkeypatch.setenv("NORTH", north.token)
        monkeypatch.setenv("SOUTH", south.token)
        monkeypatch.setenv("WRONG", "not the token")
        selection = RosterSelection(only=["orgs", "users"])
        results = pull_tenants(config, folder, PullOptions(format="ndjson", selection=selection))
        wanted = {name: truth(tenant) for name, tenant in (("north", north), ("south", south))}
    assert list(results) == ["north", "nobody", "locked", "south"]
    assert isinstance(results["nobody"], TransportError)
    assert isinstance(results["locked"], (NothingOfferedError, StatusError))
    assert "not the token" not in str(results["locked"])
    for name, rows in wanted.items():
        assert isinstance(results[name], PullReport)
        found = by_id(rows_at(folder / f"{name}.ndjson"))
        assert found == {element: by_id(rows)[element] for element in ("Org", "User")}
    assert sorted(path.name for path in folder.glob("[!.]*")) == ["north.ndjson", "south.ndjson"]


def test_an_interrupt_ends_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting(Progress):
        def plan(self, collections: tuple[str, ...]) -> None:  # noqa: ARG002  # as it is called
            raise KeyboardInterrupt

    config = tmp_path / "oneroster.toml"
    with Sandbox("small", 1) as north, Sandbox("small", 2) as south:
        config.write_text(FILE.format(north=north, south=south))
        for name in ("NORTH", "SOUTH", "WRONG"):
            monkeypatch.setenv(name, north.token)
        with pytest.raises(KeyboardInterrupt):
            pull_tenants(config, tmp_path / "rosters", PullOptions(), lambda _tenant: Interrupting())
    assert not list((tmp_path / "rosters").glob("[!.]*"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tenants = 3", "has no"),
        ("no toml", "cannot be read"),
        ('[tenants."../up"]\nbase_url = "x"', "cannot be used as a file name"),
        ('[tenants.".hidden"]\nbase_url = "x"', "cannot be used as a file name"),
    ],
)
def test_a_file_that_names_no_tenants_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    config = tmp_path / "oneroster.toml"
    config.write_text(text)
    with pytest.raises(ConfigurationError, match=reason):
        tenant_names(config)
