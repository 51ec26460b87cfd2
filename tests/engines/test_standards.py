"""Tenants of OneRoster 1.2 through Spark and dlt, alone and beside tenants of 1.1."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import duckdb
import pytest

from oneroster.dlt import oneroster
from oneroster.pull import PullOptions, RosterSelection, Tenant, extract, open_destination, pull_tenant
from oneroster.pull.tenant_pull import tenant_destination
from oneroster.sandbox import MultiTenantSandbox
from oneroster.spark import pull, tenants
from oneroster.standard import Standard
from tests.engines.tenants import rosters
from tests.pull.incremental.test_update import change
from tests.pull.pulling import tenant_and_store

NEW = Standard.of("1.2")
SELECTION = RosterSelection(only=["orgs", "users", "classes", "enrollments"])
NUMBER = 4


class Fleet(NamedTuple):
    """Tenants of both versions, with the file that names them."""

    config: Path
    new: tuple[str, ...]
    old: tuple[str, ...]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Serve tenants of 1.2, one of which announces a wrong total, and one tenant of 1.1."""
    folder = tmp_path_factory.mktemp("fleet")
    with (
        MultiTenantSandbox(NUMBER, "40", faults={"tenant-1": ["wrong-total"]}, standard=NEW) as new,
        MultiTenantSandbox(1, "40") as old,
    ):
        new.write_config(folder / "new.toml")
        old.write_config(folder / "old.toml")
        config = folder / "oneroster.toml"
        text = (folder / "old.toml").read_text(encoding="utf-8").replace("[tenants.tenant-1]", "[tenants.of-1-1]")
        config.write_text((folder / "new.toml").read_text(encoding="utf-8") + text, encoding="utf-8")
        yield Fleet(config, tuple(new.tenants), ("of-1-1",))


def source(spark: Any, fleet: Fleet, **options: str) -> Any:
    return spark.read.format("oneroster").option("tenants", str(fleet.config)).options(**options)


def test_a_job_pulls_tenants_of_both_versions_as_a_plain_pull_does(spark: Any, fleet: Fleet, tmp_path: Path) -> None:
    chosen, options = tenants(fleet.config), PullOptions(selection=SELECTION)
    rows = {row["tenant"]: row for row in pull(spark, chosen, tmp_path / "spark", options=options).collect()}
    plain = {one.name: pull_tenant(one, tmp_path / "plain", options) for one in chosen}
    assert {name: row["error_type"] for name, row in rows.items()} == {
        name: one.error_type for name, one in plain.items()
    }
    assert [name for name, row in rows.items() if row["error"]] == ["tenant-1"]
    found, expected = rosters(tmp_path / "spark"), rosters(tmp_path / "plain")
    assert found.keys() == expected.keys() == {*fleet.new[1:], *fleet.old}
    for name, collections in expected.items():
        assert found[name].keys() == collections.keys()
        assert all(found[name][each].equals(table) for each, table in collections.items()), name
    assert "roles" in found["tenant-2"]["users"].column_names
    assert "roles" not in found["of-1-1"]["users"].column_names


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_job_writes_tenants_of_both_versions_in_one_form(
    version: str, spark: Any, fleet: Fleet, tmp_path: Path
) -> None:
    options = PullOptions(selection=SELECTION, as_standard=version)
    chosen = [one for one in tenants(fleet.config) if one.name != "tenant-1"]
    assert not [row for row in pull(spark, chosen, tmp_path, options=options).collect() if row["error"]]
    written = {one.name: open_destination(tenant_destination(tmp_path, one.name, options)) for one in chosen}
    assert {one.manifest.standard for one in written.values()} == {version}
    found = rosters(tmp_path)
    assert found.keys() == written.keys()
    for collection in SELECTION.only:
        assert len({str(tables[collection].schema.remove_metadata()) for tables in found.values()}) == 1, collection


def test_the_data_source_reads_the_version_that_is_named(spark: Any, fleet: Fleet) -> None:
    frame = source(spark, fleet, standard="1.2", tenant="tenant-2,tenant-3").load("users")
    rows = frame.toArrow().to_pylist()
    for name in ("tenant-2", "tenant-3"):
        with extract(Tenant(name, config=fleet.config), ["users"]) as found:
            plain = [{"tenant": name, **row} for row in found.raise_for_error().read("users").read_all().to_pylist()]
        of_tenant = [row for row in rows if row["tenant"] == name]
        assert sorted(of_tenant, key=str) == sorted(plain, key=str)
        assert all(row["roles"] for row in of_tenant)
    scales = source(spark, fleet, standard="1.2", tenant="tenant-2").load("scoreScales")
    assert scales.count()


def test_the_data_source_names_a_tenant_of_another_version(spark: Any, fleet: Fleet) -> None:
    with pytest.raises(Exception, match="'of-1-1' speaks another version of OneRoster"):
        source(spark, fleet, standard="1.2", tenant="of-1-1").load("users").toArrow()
    rows = source(spark, fleet, standard="1.2", tenant="tenant-2,of-1-1", mode="PERMISSIVE").load("users").toArrow()
    errors = {row["tenant"] for row in rows.to_pylist() if row["_error"]}
    assert errors == {"of-1-1"}


def test_the_source_of_dlt_loads_changes_of_1_2_as_a_full_load_does(tmp_path: Path) -> None:
    collections = ["users", "scoreScales", "results", "assessmentResults"]

    def run(name: str) -> dict[str, dict[str, Any]]:
        file = tmp_path / f"{name}.duckdb"
        pipeline = dlt.pipeline(
            name,
            pipelines_dir=str(tmp_path / "pipelines"),
            destination=dlt.destinations.duckdb(str(file)),
            dataset_name=f"roster_{name}",
        )
        given = Tenant(name, resolve=lambda _: {"base_url": server.base_url, "token": server.token})
        pipeline.run(oneroster(given, collections=collections, standard="1.2"))
        found: dict[str, dict[str, Any]] = {}
        with duckdb.connect(str(file), read_only=True) as connection:
            for table in ("users", "score_scales", "results", "assessment_results"):
                relation = connection.table(f"roster_{name}.{table}")
                rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
                found[table] = {
                    row["sourced_id"]: {key: value for key, value in row.items() if not key.startswith("_")}
                    for row in rows
                }
        return found

    with tenant_and_store(standard=NEW) as (server, store):
        before = run("springfield")
        first, second = sorted(before["users"])[:2]
        scale = min(before["score_scales"])
        change(store, "User", first, preferredFirstName="Kim")
        change(store, "User", second, status="tobedeleted")
        change(store, "ScoreScale", scale, title="Marks")
        after = run("springfield")
        assert after == run("full")
    assert (after["users"][first]["preferred_first_name"], second in after["users"]) == ("Kim", False)
    assert after["score_scales"][scale]["title"] == "Marks"
    assert all(after.values())
