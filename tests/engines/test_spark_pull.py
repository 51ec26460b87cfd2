"""`oneroster.spark.pull` against `pull_tenant`: the same rosters and errors, whatever fails beside a tenant."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from oneroster.pull import PullOptions, Tenant, TenantOutcome, pull_tenant
from oneroster.sandbox import MultiTenantSandbox
from oneroster.spark import outcome_schema, pull, tenants
from tests.engines.tenants import SAMPLE, SMALL, DiesOnce, Served, page_faults, rosters, secrets_in, served
from tests.pull.object_stores import store_of

OPTIONS = PullOptions(selection=SMALL)
NUMBER = 20


class Night(NamedTuple):
    served: Served
    faults: Sequence[str]
    folder: Path
    frame: Any
    rows: dict[str, dict[str, Any]]
    plain: dict[str, TenantOutcome]


def rows_of(frame: Any) -> dict[str, dict[str, Any]]:
    rows = [row.asDict() for row in frame.collect()]
    assert len({row["tenant"] for row in rows}) == len(rows)
    return {row["tenant"]: row for row in rows}


@pytest.fixture(scope="module")
def night(spark: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Night]:
    """Pull 20 tenants and two that cannot be reached: by Spark, and one after the other without it."""
    folder = tmp_path_factory.mktemp("night")
    faults = page_faults() if request.config.option.all else SAMPLE
    with served(folder, max(NUMBER, len(faults) + 10), faults, bad=True) as running:
        chosen = tenants(running.config)
        plain = {one.name: pull_tenant(one, folder / "plain", OPTIONS) for one in chosen}
        frame = pull(spark, chosen, folder / "spark", options=OPTIONS, run_id="night-1", at_once=4)
        yield Night(running, faults, folder, frame, rows_of(frame), plain)


def test_each_tenant_is_a_row_with_the_error_or_the_rows_of_a_plain_pull(night: Night) -> None:
    assert sorted(night.rows) == sorted(night.plain)
    for name, row in night.rows.items():
        plain = night.plain[name]
        assert (row["error_type"], row["transient"]) == (plain.error_type, plain.transient), name
        assert (row["rows"], row["collections"]) == (plain.rows, dict(plain.collections)), name


def test_one_bad_tenant_fails_no_other(night: Night) -> None:
    failed = {name for name, row in night.rows.items() if row["error"] is not None}
    assert {"nobody", "locked", "tenant-1"} <= failed
    healthy = [*night.served.sandbox.tenants][len(night.faults) :]
    assert len(healthy) >= 10
    assert failed.isdisjoint(healthy)


def test_rosters_are_those_of_a_plain_pull_and_none_is_partial(night: Night) -> None:
    by_spark, plain = rosters(night.folder / "spark"), rosters(night.folder / "plain")
    assert by_spark.keys() == plain.keys() == {name for name, row in night.rows.items() if row["error"] is None}
    for name, collections in plain.items():
        assert by_spark[name].keys() == collections.keys() == {"orgs", "users"}
        for collection, table in collections.items():
            assert by_spark[name][collection].schema == table.schema
            assert by_spark[name][collection].equals(table), (name, collection)


def test_the_frame_is_computed_and_has_the_schema(night: Night) -> None:
    before = len(night.served.requests)
    assert night.frame.columns == outcome_schema().names
    assert night.frame.where("error is not null").count() == sum(
        row["error"] is not None for row in night.rows.values()
    )
    assert len(night.served.requests) == before


def test_no_secret_is_in_the_rows_or_the_event_log(night: Night, event_log: Path) -> None:
    assert not [secret for secret in night.served.secrets if secret in repr(night.rows)]
    assert list(event_log.iterdir())
    assert not secrets_in(event_log, night.served.secrets)


def test_a_repeated_run_asks_only_for_what_failed(night: Night, spark: Any) -> None:
    del night.served.requests[:]
    again = rows_of(
        pull(spark, tenants(night.served.config), night.folder / "spark", options=OPTIONS, run_id="night-1")
    )
    for name, row in again.items():
        assert row["skipped"] == (night.rows[name]["error"] is None), name
        assert row["rows"] == night.rows[name]["rows"]
    *_, at_the_address_of_locked = night.served.sandbox.tenants
    asked = {name for name, _ in night.served.requests} - {at_the_address_of_locked}
    assert not asked & {name for name, row in again.items() if row["skipped"]}


def test_a_worker_that_is_killed_loses_and_doubles_nothing(spark: Any, tmp_path: Path) -> None:
    with served(tmp_path, 6) as running:
        settings = {
            one.name: {"base_url": one.base_url, "token": one.token} for one in running.sandbox.tenants.values()
        }
        resolve = DiesOnce(tmp_path / "killed", "tenant-4", settings)
        chosen = [Tenant(name, resolve=resolve) for name in settings]
        rows = rows_of(pull(spark, chosen, tmp_path / "rosters", options=OPTIONS, at_once=1))
    assert (tmp_path / "killed").exists()
    assert {name: row["error"] for name, row in rows.items()} == dict.fromkeys(settings)
    found = rosters(tmp_path / "rosters")
    assert found.keys() == settings.keys()
    for collections in found.values():
        assert collections["users"].num_rows == len(set(collections["users"]["sourcedId"].to_pylist())) == 40


def test_requests_per_second_stay_below_the_bounds(spark: Any, tmp_path: Path) -> None:
    """Measured at the sandbox; a second of slack, because requests wait in queues on a busy machine."""
    times: dict[str, list[float]] = defaultdict(list)
    rate, slack = 5.0, 1.0
    with MultiTenantSandbox(4, "40", on_request=lambda name, _: times[name].append(time.monotonic())) as sandbox:
        sandbox.write_config(tmp_path / "oneroster.toml")
        chosen = tenants(tmp_path / "oneroster.toml")
        rows_of(pull(spark, chosen, tmp_path / "each", rate=rate))
        for seen in times.values():
            assert len(seen) > 20
            assert _most_above(sorted(seen), rate) <= rate * slack
        times.clear()
        rows_of(pull(spark, chosen, tmp_path / "host", options=OPTIONS, host_rate=rate))
        together = sorted(moment for seen in times.values() for moment in seen)
        assert len(together) > 15
        assert _most_above(together, rate) <= rate * slack


def _most_above(moments: list[float], rate: float) -> float:
    """Return by how many requests any span of time exceeds the rate."""
    return max(
        later - earlier - rate * (moments[later] - moments[earlier])
        for earlier in range(len(moments))
        for later in range(earlier, len(moments))
    )


def test_changes_since_the_last_run_update_the_rosters(spark: Any, tmp_path: Path) -> None:
    with served(tmp_path, 2) as running:
        first = rows_of(pull(spark, tenants(running.config), tmp_path / "rosters", options=OPTIONS))
        second = rows_of(pull(spark, tenants(running.config), tmp_path / "rosters", options=OPTIONS, since="last"))
    for name, row in second.items():
        assert row["error"] is None
        assert row["rows"] == first[name]["rows"] > row["fetched"]


def test_rosters_go_to_an_object_store(spark: Any, tmp_path: Path) -> None:
    with served(tmp_path, 2) as running, store_of("s3", tmp_path) as store:
        to = store.place("rosters")
        first = rows_of(pull(spark, tenants(running.config), to, options=OPTIONS))
        second = rows_of(pull(spark, tenants(running.config), to, options=OPTIONS, since="last"))
        for name, row in second.items():
            assert (row["error"], first[name]["error"]) == (None, None)
            assert row["destination"] == f"{store.uri}/rosters/{name}.parquet"
            manifest = store.open(f"rosters/{name}.parquet").manifest
            assert {element: kept.rows for element, kept in manifest.collections.items()} == row["collections"]
