"""`extract`: collections of one tenant in Arrow files, whole or nothing, with an outcome for each."""

import os
import pickle
import stat
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from oneroster import ConfigurationError, OneRosterError, Paging, Retry
from oneroster.pull import Extract, KnownState, RosterSelection, Tenant, collection_schema, extract
from oneroster.pull.fetch.staging import Staging
from oneroster.sandbox import Sandbox, Variants
from oneroster.sandbox.faults import FAULTS, fault_names_in
from oneroster.sandbox.store.store import Store
from tests.pull.pulling import QUICK, Rows, roster_of, tenant_and_store, truth

TOKEN = "ONEROSTER_TEST_EXTRACT_TOKEN"


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox("small", 3) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def expected(tenant: Sandbox) -> Rows:
    return truth(tenant)


def rows_of(found: Extract, collection: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = found.read(collection).read_all().to_pylist()
    return rows


def test_all_collections_are_read_with_an_outcome_each(tenant: Sandbox, expected: Rows, tmp_path: Path) -> None:
    with roster_of(tenant) as client, extract(client, folder=tmp_path) as found:
        assert found.raise_for_error() is found
        assert found.files.keys() == {outcome.collection for outcome in found.outcomes}
        assert rows_of(found, "users") == expected["User"]
        outcome = found.outcome("users")
        assert (outcome.rows, outcome.announced, outcome.whole, outcome.retries) == (41, 41, True, 0)
        assert (outcome.error, outcome.absent, outcome.refused, outcome.transient) == (None, False, False, False)
        assert outcome.requests >= 2
        assert datetime.fromisoformat(outcome.watermark) <= datetime.now(UTC)
        assert sum(one.rows for one in found.outcomes) == sum(map(len, expected.values()))
        assert found.read("users").schema == collection_schema("users")
        modes = {stat.S_IMODE(path.stat().st_mode) for path in found.files.values()}
        assert modes == {0o600} if os.name == "posix" else modes
    assert list(tmp_path.iterdir()) == []


def test_masks_hold_before_rows_are_in_a_file(tenant: Sandbox, expected: Rows) -> None:
    selection = RosterSelection(active=True, columns={"users": ["role", "email"]}, drop_personal=True)
    with roster_of(tenant) as client, extract(client, ["users", "classes"], selection=selection) as found:
        users = found.read("users").read_all()
    assert users.column_names == ["sourcedId", "status", "dateLastModified", "role"]
    assert users.schema == collection_schema("users", selection)
    assert users.num_rows == len([row for row in expected["User"] if row["status"] == "active"])
    assert found.outcome("users").fetched == 41
    assert "password" not in collection_schema("users").names
    assert "password" in collection_schema("users", RosterSelection(with_password=True)).names


def test_batches_have_ten_thousand_rows(monkeypatch: pytest.MonkeyPatch, tenant: Sandbox) -> None:
    monkeypatch.setattr("oneroster.pull.extraction.BATCH_ROWS", 16)
    with roster_of(tenant) as client, extract(client, ["users"], paging=Paging(limit=7)) as found:
        assert [batch.num_rows for batch in found.read("users")] == [16, 16, 9]


def test_what_the_server_does_not_offer_is_an_outcome() -> None:
    with (
        Sandbox("small", 3, variants=Variants(gradebook=False)) as tenant,
        roster_of(tenant) as client,
        extract(client, ["users", "results"]) as found,
    ):
        assert (found.outcome("results").absent, found.outcome("results").rows) == (True, 0)
        assert found.files.keys() == {"users"}
        with pytest.raises(KeyError):
            found.read("results")


@pytest.mark.series(by=lambda parameters: FAULTS[parameters["fault"]].family)
@pytest.mark.parametrize("fault", fault_names_in("paging", "client.paging", "client.whole_collections"))
def test_a_tenant_with_a_fault_is_read_whole_or_not_at_all(fault: str, expected: Rows, tmp_path: Path) -> None:
    collections, elements = ["orgs", "classes"], ["Org", "Class"]
    with Sandbox("small", 3, faults=[fault]) as tenant, roster_of(tenant) as client:
        found = extract(client, collections, paging=Paging(limit=7, windows=2), folder=tmp_path)
    with found:
        if found.error is None:
            for collection, element in zip(collections, elements, strict=True):
                ids = {row["sourcedId"] for row in rows_of(found, collection)}
                wanted = {row["sourcedId"] for row in expected[element]}
                assert len(ids ^ wanted) <= (fault in ("row-deleted", "row-inserted"))
        else:
            assert (found.files, list(tmp_path.iterdir())) == ({}, [])
            assert all(outcome.error and not outcome.rows for outcome in found.outcomes)
            with pytest.raises(OneRosterError):
                found.read(collections[0])


def test_a_full_disk_leaves_nothing(tenant: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Staging, "_write", full)
    with roster_of(tenant) as client:
        found = extract(client, ["users", "orgs"], folder=tmp_path)
    assert (type(found.error), found.transient, found.files) == (OSError, False, {})
    assert list(tmp_path.iterdir()) == []


def test_an_error_says_whether_it_may_pass() -> None:
    hasty = Retry(attempts=1)
    with Tenant("wrong", resolve=nobody).open(retry=hasty) as client, extract(client, ["users"]) as found:
        outcome = found.outcome("users")
        assert (outcome.transient, outcome.error_type, found.transient) == (True, "TransportError", True)


def nobody(_: str) -> dict[str, str]:
    return {"base_url": "http://127.0.0.1:9", "token": "t0ken"}


def in_other_process(tenant: Tenant) -> Extract:
    return extract(tenant, ["users"], rate=1000.0, workers=1)


@pytest.mark.parametrize("way", ["values", "config"])
def test_a_tenant_and_its_extract_go_from_process_to_process(
    tenant: Sandbox, expected: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv(TOKEN, tenant.token)
    if way == "config":
        config = tmp_path / "oneroster.toml"
        config.write_text(f'[tenants.one]\nbase_url = "{tenant.base_url}"\ntoken = {{ env = "{TOKEN}" }}\n', "utf-8")
        value = Tenant("one", config=config)
    else:
        value = Tenant("one", values={"base_url": tenant.base_url, "token": {"env": TOKEN}})
    assert tenant.token.encode() not in pickle.dumps(value)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(in_other_process, value).result()
    with found:
        assert found.tenant == "one"
        assert rows_of(found, "users") == expected["User"]
    assert not found.folder.exists()


def changed(store: Store, sourced_id: str, **fields: Any) -> None:
    record = store.read("User", sourced_id)
    assert record is not None
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    store.put("User", {**record, "dateLastModified": stamp, **fields})


def state(rows: list[dict[str, Any]]) -> KnownState:
    return KnownState(len(rows), max(row["dateLastModified"] for row in rows))


@pytest.mark.parametrize("what", ["changed", "new", "vanished", "older than known"])
def test_changes_are_proven_by_what_was_known(what: str) -> None:
    with tenant_and_store() as (tenant, store), roster_of(tenant) as client:
        users = truth(tenant)["User"]
        known, first = state(users), users[0]["sourcedId"]
        since = known.newest or datetime.now(UTC)
        if what == "changed":
            changed(store, first, familyName="Umbenannt")
        elif what == "new":
            record = store.read("User", first)
            assert record is not None
            store.put("User", {**record, "sourcedId": "new"})
            changed(store, "new")
        elif what == "vanished":
            store.delete("User", first)
        else:
            known = known._replace(newest=datetime.now(UTC) + timedelta(days=1))
        with extract(
            client, ["users"], since=since + timedelta(days=400), overlap=timedelta(0), known={"users": known}
        ) as found:
            outcome, rows = found.outcome("users"), rows_of(found, "users")
    assert outcome.whole == (what in ("vanished", "older than known"))
    assert outcome.announced == len(users) + {"new": 1, "vanished": -1}.get(what, 0)
    if outcome.whole:
        assert len(rows) == outcome.announced
    else:
        assert {"changed": first, "new": "new"}[what] in {row["sourcedId"] for row in rows}


def test_changes_of_a_collection_that_is_not_known_are_all_of_it(tenant: Sandbox, expected: Rows) -> None:
    known = {"users": state(expected["User"])}
    with roster_of(tenant) as client, extract(client, ["users", "orgs"], since="2026-01-01", known=known) as found:
        assert (found.outcome("users").whole, found.outcome("orgs").whole) == (False, True)
        assert found.outcome("users").announced == 41


@pytest.mark.parametrize("faults", [["filter-ignored"], ["total-before-filter"]])
def test_a_server_that_cannot_tell_changes_is_read_whole(faults: list[str], expected: Rows) -> None:
    known = {"users": state(expected["User"])}
    with (
        Sandbox("small", 3, faults=faults) as tenant,
        roster_of(tenant) as client,
        extract(client, ["users"], since="2026-09-01", known=known) as found,
    ):
        assert (found.error, found.outcome("users").whole, found.outcome("users").rows) == (None, True, 41)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"collections": ["pupils"]}, "pupils"),
        ({"since": "last"}, "watermark of the last outcome"),
        ({"since": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001  # what is refused
        ({"selection": RosterSelection(schools=["S"])}, "schools"),
        ({"selection": RosterSelection(filters={"users": "role='\ud800'"})}, "filter"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_sent(options: dict[str, Any], words: str) -> None:
    client = Tenant("nowhere", resolve=nobody).open(retry=QUICK)
    with client, pytest.raises(ConfigurationError, match=words):
        extract(client, **options)
