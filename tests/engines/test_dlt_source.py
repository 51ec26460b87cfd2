"""The source of dlt: changed, deleted and vanished rows give what a full pull gives."""

import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from oneroster.dlt import SharedDatasetWarning, oneroster
from oneroster.errors import ConfigurationError, OneRosterError
from oneroster.pull import GuardError, NothingOfferedError, RosterSelection, Tenant
from oneroster.sandbox import Sandbox, Variants
from oneroster.sandbox.store.store import Store
from tests.pull.incremental.test_update import change, now
from tests.pull.pulling import tenant_and_store

SMALL = ["orgs", "users", "results"]
Tables = dict[str, dict[str, Any]]


class Loads:
    """A pipeline to a DuckDB file."""

    def __init__(self, folder: Path, name: str = "springfield") -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.name = folder, name
        self.file = folder / f"{name}.duckdb"

    def run(self, server: Sandbox, *, dataset: str = "", tenant: str = "springfield", **options: Any) -> Any:
        pipeline = dlt.pipeline(
            self.name,
            pipelines_dir=str(self.folder / "pipelines"),
            destination=dlt.destinations.duckdb(str(self.file)),
            dataset_name=dataset or f"roster_{self.name}",
        )
        given = Tenant(tenant, resolve=lambda _: {"base_url": server.base_url, "token": server.token})
        return pipeline.run(oneroster(given, **{"collections": SMALL, **options}))

    def tables(self) -> Tables:
        """Return the rows of each collection by id, without the columns of dlt."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            found = {}
            for collection in SMALL:
                relation = connection.table(f"roster_{self.name}.{collection}")
                rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
                kept = [{key: value for key, value in row.items() if not key.startswith("_dlt")} for row in rows]
                assert len({row["sourced_id"] for row in kept}) == len(kept)
                assert not [row for row in kept if row.pop("_deleted")]
                found[collection] = {row["sourced_id"]: row for row in kept}
        return found


@pytest.fixture
def tenant() -> Iterator[tuple[Sandbox, Store]]:
    with tenant_and_store() as (tenant, store):
        yield tenant, store


def users_of(loads: Loads) -> list[str]:
    return sorted(loads.tables()["users"])


def rows_loaded(info: Any, table: str) -> int:
    """Return how many rows of a table a run has taken from the server."""
    del info
    counts = dlt.pipeline().last_trace.last_normalize_info.row_counts
    return int(counts.get(table, 0))


def test_two_runs_with_changed_deleted_and_vanished_rows_equal_a_full_load(
    tenant: tuple[Sandbox, Store], tmp_path: Path
) -> None:
    server, store = tenant
    loads = Loads(tmp_path)
    loads.run(server)
    first, second, third, *_ = users_of(loads)
    change(store, "User", first, familyName="Umbenannt")
    change(store, "User", second, status="tobedeleted")
    template = store.read("User", third)
    assert template is not None
    store.put("User", {**template, "sourcedId": "new/user 1", "dateLastModified": now()})
    vanished = min(loads.tables()["results"])
    store.delete("Result", vanished)
    info = loads.run(server)
    assert rows_loaded(info, "users") < 10
    assert rows_loaded(info, "results") > 10
    full = Loads(tmp_path / "full")
    full.run(server)
    assert loads.tables() == full.tables()
    found = loads.tables()
    assert found["users"][first]["family_name"] == "Umbenannt"
    assert {second, "new/user 1"} & set(found["users"]) == {"new/user 1"}
    assert vanished not in found["results"]


def test_a_row_dated_in_the_future_blocks_nothing(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, store = tenant
    loads = Loads(tmp_path)
    loads.run(server)
    first, second, *_ = users_of(loads)
    change(store, "User", first, dateLastModified="2030-01-01T00:00:00.000Z", familyName="Zukunft")
    loads.run(server)
    change(store, "User", second, familyName="Danach")
    info = loads.run(server)
    assert rows_loaded(info, "users") < 10
    users = loads.tables()["users"]
    assert (users[first]["family_name"], users[second]["family_name"]) == ("Zukunft", "Danach")


def test_a_whole_read_is_due_where_the_number_of_rows_shows_nothing(
    tenant: tuple[Sandbox, Store], tmp_path: Path
) -> None:
    server, store = tenant
    loads = Loads(tmp_path)
    loads.run(server)
    first, second, *_ = users_of(loads)
    template = store.read("User", first)
    assert template is not None
    store.put("User", {**template, "sourcedId": "new", "dateLastModified": now()})
    store.delete("User", second)
    loads.run(server, whole_after=timedelta(0))
    assert "new" in users_of(loads)
    assert second not in users_of(loads)


def test_a_read_that_is_not_proven_loads_nothing(tmp_path: Path) -> None:
    with Sandbox(faults=["wrong-total"]) as server, pytest.raises(Exception, match="announced") as caught:
        Loads(tmp_path).run(server)
    assert server.token not in str(caught.value)
    loads = Loads(tmp_path)
    assert not loads.file.exists() or not duckdb.connect(str(loads.file)).sql("show all tables").fetchall()


def test_a_collection_that_shrinks_or_goes_away_is_kept(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, store = tenant
    loads = Loads(tmp_path)
    loads.run(server)
    users = users_of(loads)
    for one in users[:30]:
        store.delete("User", one)
    assert isinstance(_cause(lambda: loads.run(server)), GuardError)
    assert users_of(loads) == users
    loads.run(server, accept_shrink=True)
    assert users_of(loads) == users[30:]
    with Sandbox(variants=Variants(gradebook=False)) as other:
        error = _cause(lambda: loads.run(other, collections=["results"]))
    assert isinstance(error, NothingOfferedError)
    assert "does not offer the collection any more" in str(error)


def test_access_that_is_refused_is_an_error(tmp_path: Path) -> None:
    with Sandbox(variants=Variants(gradebook_refused=True)) as server:
        error = _cause(lambda: Loads(tmp_path).run(server))
    assert isinstance(error, NothingOfferedError)
    assert "results: the server refuses access" in str(error)


def _cause(run: Any) -> BaseException | None:
    """Return the error of ours below that of dlt."""
    with pytest.raises(Exception, match=r".") as caught:
        run()
    error: BaseException | None = caught.value
    while error is not None and not isinstance(error, OneRosterError):
        error = error.__cause__ or error.__context__
    return error


def test_a_pipeline_and_a_dataset_belong_to_one_tenant(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, _ = tenant
    loads = Loads(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SharedDatasetWarning)
        loads.run(server, collections=["orgs"])
    error = _cause(lambda: loads.run(server, tenant="shelbyville", collections=["orgs"]))
    assert "has loaded tenant 'springfield' before" in str(error)
    with pytest.warns(SharedDatasetWarning, match="one dataset per tenant"):
        Loads(tmp_path, "other").run(server, dataset="shared", collections=["orgs"])


def test_what_the_source_refuses() -> None:
    with pytest.raises(ConfigurationError, match="leave out active"):
        oneroster("springfield", selection=RosterSelection(active=True))
    with pytest.raises(ConfigurationError, match="'user' does not exist"):
        oneroster("springfield", collections=["user"])
