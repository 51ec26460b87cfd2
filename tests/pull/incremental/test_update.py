"""Changes alone: applied to the roster of before they equal a full pull, whatever the server does with the filter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oneroster import ConfigurationError, OneRoster
from oneroster.pull import GuardError, PullOptions, PullReport, RosterSelection, SanityLimits, open_destination, pull
from oneroster.pull.roster import manifest
from oneroster.sandbox import Sandbox, Variants
from oneroster.sandbox.store.store import Store
from tests.pull.pulling import by_id, roster_of, rows_at, tenant_and_store, truth

LAST = PullOptions(since="last", limits=SanityLimits(unresolved=1.0))


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Store]]:
    with tenant_and_store(**getattr(request, "param", {})) as (tenant, store):
        yield tenant, store


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def change(store: Store, element: str, sourced_id: str, **fields: Any) -> None:
    record = store.read(element, sourced_id)
    assert record is not None
    store.put(element, {**record, "dateLastModified": now(), **fields})


def days_work(store: Store, roster: OneRoster) -> None:
    """What a day brings: a change, a new record, and one that is marked as deleted."""
    first, second, third, *_ = [user.sourced_id for user in roster.get_all_users()]
    change(store, "User", first, familyName="Umbenannt")
    change(store, "User", second, status="tobedeleted")
    template = store.read("User", third)
    assert template is not None
    store.put("User", {**template, "sourcedId": "new/user 1", "dateLastModified": now()})
    course = next(iter(roster.get_all_courses())).sourced_id
    change(store, "Course", course, title='Renamed, "quoted"\nand broken')


def pulled(roster: OneRoster, place: Path, settings: PullOptions = LAST) -> PullReport:
    return pull(roster, place, settings)


@pytest.mark.parametrize("name", ["roster.parquet", "roster.sqlite"])
def test_changes_applied_to_the_place_equal_a_full_pull(
    tenant: tuple[Sandbox, Store], tmp_path: Path, name: str
) -> None:
    server, store = tenant
    with roster_of(server) as roster:
        pulled(roster, tmp_path / name, PullOptions())
        days_work(store, roster)
        report = pulled(roster, tmp_path / name)
    assert by_id(rows_at(tmp_path / name)) == by_id(truth(server))
    assert report.fetched["users"] < 10
    assert report.manifest.kind == "whole"
    assert report.manifest.collections["users"].rows == 42


def test_nothing_changed_is_nothing_lost(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, _ = tenant
    with roster_of(server) as roster:
        pulled(roster, tmp_path / "roster.parquet", PullOptions())
        report = pulled(roster, tmp_path / "roster.parquet")
        again = pulled(roster, tmp_path / "roster.parquet")
    assert by_id(rows_at(tmp_path / "roster.parquet")) == by_id(truth(server))
    assert report.notes == again.notes == ()
    assert sum(again.fetched.values()) < 30


def test_rows_that_vanish_without_a_word_are_noticed(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, store = tenant
    with roster_of(server) as roster:
        pulled(roster, tmp_path / "roster.parquet", PullOptions())
        victim = next(iter(roster.get_all_results())).sourced_id
        store.delete("Result", victim)
        report = pulled(roster, tmp_path / "roster.parquet")
    assert any(note.startswith("results: the server did not report all changes") for note in report.notes)
    found = by_id(rows_at(tmp_path / "roster.parquet"))
    assert victim not in found["Result"]
    assert found == by_id(truth(server))


@pytest.mark.parametrize(
    "tenant",
    [{"faults": ["filter-ignored"]}, {"variants": Variants(total=False)}, {"faults": ["total-before-filter"]}],
    indirect=True,
    ids=["filter-ignored", "no-total", "total-before-filter"],
)
def test_a_server_that_does_not_tell_changes_is_read_whole(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, store = tenant
    with roster_of(server) as roster:
        pulled(roster, tmp_path / "roster.parquet", PullOptions())
        days_work(store, roster)
        report = pulled(roster, tmp_path / "roster.parquet")
    assert by_id(rows_at(tmp_path / "roster.parquet")) == by_id(truth(server))
    assert report.manifest.kind == "whole"


def test_changes_alone_are_told_against_a_base_with_deletions(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, store = tenant
    base, changes = tmp_path / "base.parquet", tmp_path / "changes.parquet"
    with roster_of(server) as roster:
        pulled(roster, base, PullOptions())
        before = by_id(rows_at(base))
        days_work(store, roster)
        gone = next(iter(roster.get_all_results())).sourced_id
        store.delete("Result", gone)
        pulled(roster, changes, LAST._replace(base=base, delta=True))
        after = by_id(truth(server))
    assert open_destination(changes).manifest.kind == "changes"
    told = by_id(rows_at(changes))
    assert told["Result"][gone]["status"] == "tobedeleted"
    # Applied by hand: what is told replaces what was there; what is gone goes.
    applied = {element: {**before[element], **told[element]} for element in before}
    del applied["Result"][gone]
    assert applied == after
    untold = {
        element: {name: row for name, row in told[element].items() if before[element].get(name) == row}
        for element in told
    }
    assert not any(untold.values())


def test_a_csv_bundle_of_changes_is_a_delta(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, store = tenant
    with roster_of(server) as roster:
        pulled(roster, tmp_path / "roster.zip", PullOptions())
        days_work(store, roster)
        report = pulled(roster, tmp_path / "roster.zip", PullOptions(since="last", overlap=timedelta(minutes=1)))
    assert report.manifest.kind == "changes"
    assert report.manifest.collections["users"].rows == 3
    assert report.fetched["results"] == 0


def test_many_deletions_need_a_word(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, store = tenant
    base = tmp_path / "base.parquet"
    with roster_of(server) as roster:
        pulled(roster, base, PullOptions())
        for result in list(roster.get_all_results())[:60]:
            store.delete("Result", result.sourced_id)
        with pytest.raises(GuardError, match=r"results: \d+ of \d+ rows would be deleted"):
            pulled(roster, tmp_path / "changes.ndjson", LAST._replace(base=base, delta=True))
        with pytest.raises(GuardError, match=r"results.parquet: 88 rows now, 148 before"):
            pulled(roster, base)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (PullOptions(since="yesterday"), "not a time"),
        (PullOptions(since="2026-01-31T06:00:00"), "time zone"),
        (PullOptions(since="2026-01-31", selection=RosterSelection(schools=["S"])), "--school"),
    ],
)
def test_what_cannot_be_told_is_refused_before_anything_is_sent(
    tenant: tuple[Sandbox, Store], tmp_path: Path, settings: PullOptions, reason: str
) -> None:
    with roster_of(tenant[0]) as roster, pytest.raises(ConfigurationError, match=reason):
        pulled(roster, tmp_path / "roster.parquet", settings)


def test_the_first_pull_of_changes_fetches_all(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    with roster_of(tenant[0]) as roster:
        report = pulled(roster, tmp_path / "roster.parquet")
    assert report.manifest.kind == "whole"
    assert report.notes == ("The destination had no roster, so everything was fetched.",)
    assert rows_at(tmp_path / "roster.parquet") == truth(tenant[0])


def test_without_a_watermark_a_time_is_needed(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    with roster_of(tenant[0]) as roster:
        pulled(roster, tmp_path / "roster.zip", PullOptions())
        manifest.manifest_path(tmp_path / "roster.zip").unlink()
        with pytest.raises(ConfigurationError, match="no watermark"):
            pulled(roster, tmp_path / "roster.zip")


def test_changes_without_a_base_are_those_since_the_time(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, _ = tenant
    since = datetime(2026, 1, 1, tzinfo=UTC)
    settings = LAST._replace(since="2026-01-01", overlap=timedelta(0))
    with roster_of(server) as roster:
        report = pulled(roster, tmp_path / "changes.parquet", settings)
    assert report.manifest.kind == "changes"
    wanted = {name: [row for row in rows if row["dateLastModified"] >= since] for name, rows in truth(server).items()}
    assert rows_at(tmp_path / "changes.parquet") == wanted
    assert any(wanted.values())


def test_changes_of_changes_are_refused(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    base = tmp_path / "changes.parquet"
    with roster_of(tenant[0]) as roster:
        pulled(roster, base, LAST._replace(since="2026-01-01"))
        with pytest.raises(ConfigurationError, match="only changes"):
            pulled(roster, tmp_path / "roster.parquet", LAST._replace(base=base))


def test_changes_of_another_selection_are_refused(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    with roster_of(tenant[0]) as roster:
        pulled(roster, tmp_path / "roster.parquet", PullOptions())
        with pytest.raises(ConfigurationError, match="another selection"):
            pulled(roster, tmp_path / "roster.parquet", LAST._replace(selection=RosterSelection(active=True)))


def test_active_records_alone_can_be_kept_up_to_date(tenant: tuple[Sandbox, Store], tmp_path: Path) -> None:
    server, store = tenant
    active = LAST._replace(selection=RosterSelection(active=True))
    with roster_of(server) as roster:
        pulled(roster, tmp_path / "roster.parquet", active._replace(since=None))
        days_work(store, roster)
        report = pulled(roster, tmp_path / "roster.parquet", active)
    wanted = {element: [row for row in rows if row["status"] == "active"] for element, rows in truth(server).items()}
    assert by_id(rows_at(tmp_path / "roster.parquet")) == by_id(wanted)
    assert report.fetched["users"] < 10
