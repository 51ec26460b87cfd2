"""One tenant of many: an outcome in place of an error, and once per run."""

from pathlib import Path

import pytest

from oneroster.errors import ConfigurationError
from oneroster.pull import PullOptions, RosterSelection, Tenant, open_destination, pull_tenant
from oneroster.pull.tenant_pull import TenantOutcome, check_tenant_name, tenant_destination
from oneroster.sandbox import MultiTenantSandbox
from oneroster.sandbox.many_tenants import ServedTenant

ORGS = PullOptions(selection=RosterSelection(only=["orgs", "users"]))


def tenant_of(served: ServedTenant, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    monkeypatch.setenv("TOKEN", served.token)
    return Tenant(served.name, values={"base_url": served.base_url, "token": {"env": "TOKEN"}})


def test_an_outcome_has_the_figures_of_the_roster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MultiTenantSandbox(1, "40") as sandbox:
        tenant = tenant_of(sandbox.tenants["tenant-1"], monkeypatch)
        outcome = pull_tenant(tenant, tmp_path / "a" / "b", ORGS._replace(run_id="night-1"))
    assert isinstance(outcome, TenantOutcome)
    assert outcome.error is None
    manifest = open_destination(tmp_path / "a" / "b" / "tenant-1.parquet").manifest
    assert outcome.collections == {name: stored.rows for name, stored in manifest.collections.items()}
    assert (outcome.rows, manifest.run_id) == (sum(outcome.collections.values()), "night-1")
    assert outcome.requests > 0
    assert outcome.watermark == manifest.watermark


@pytest.mark.parametrize("format_", ["parquet", "csv", "sqlite"])
def test_a_run_writes_a_tenant_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
    requests: list[str] = []
    options = PullOptions(format=format_, selection=RosterSelection(only=["orgs"]), run_id="night-1")
    with MultiTenantSandbox(1, "40", on_request=lambda _, path: requests.append(path)) as sandbox:
        tenant = tenant_of(sandbox.tenants["tenant-1"], monkeypatch)
        first = pull_tenant(tenant, tmp_path, options)
        sent = len(requests)
        again = pull_tenant(tenant, tmp_path, options)
        assert len(requests) == sent
        assert (again.skipped, again.rows, again.error) == (True, first.rows, None)
        assert again.collections == first.collections
        assert not pull_tenant(tenant, tmp_path, options._replace(run_id="night-2")).skipped
        assert not pull_tenant(tenant, tmp_path, options._replace(run_id="")).skipped
        assert len(requests) == 3 * sent


def test_a_failure_is_an_outcome_and_keeps_the_roster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MultiTenantSandbox(1, "40") as sandbox:
        pull_tenant(tenant_of(sandbox.tenants["tenant-1"], monkeypatch), tmp_path, ORGS)
    before = (tmp_path / "tenant-1.parquet" / "users.parquet").read_bytes()
    with MultiTenantSandbox(1, "40", faults={"tenant-1": ["wrong-total"]}) as sandbox:
        tenant = tenant_of(sandbox.tenants["tenant-1"], monkeypatch)
        outcome = pull_tenant(tenant, tmp_path, ORGS)
        assert (outcome.rows, outcome.error_type, outcome.transient) == (0, "CountMismatchError", False)
        assert "announced" in (outcome.error or "")
        assert sandbox.tenants["tenant-1"].token not in repr(outcome)
    assert (tmp_path / "tenant-1.parquet" / "users.parquet").read_bytes() == before


def test_a_missing_secret_or_a_file_in_the_way_is_an_outcome(tmp_path: Path) -> None:
    values = {"base_url": "http://127.0.0.1:9/ims/oneroster/v1p1", "token": {"env": "NOT_SET"}}
    outcome = pull_tenant(Tenant("north", values=values), tmp_path)
    assert outcome.error_type == "ConfigurationError"
    (tmp_path / "file").write_text("")
    outcome = pull_tenant(Tenant("north", values=values), tmp_path / "file")
    assert outcome.error_type == "DestinationError"


@pytest.mark.parametrize("name", ["", ".", "../north", "a/b", "a b"])
def test_a_name_must_be_a_file_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="file name"):
        check_tenant_name(name)
    with pytest.raises(ConfigurationError, match="file name"):
        pull_tenant(Tenant(name, config="oneroster.toml"), "rosters")


def test_the_format_names_the_destination() -> None:
    assert tenant_destination("rosters", "north", PullOptions()) == Path("rosters/north.parquet")
    assert tenant_destination("rosters", "north", PullOptions(format="csv")) == Path("rosters/north.zip")
