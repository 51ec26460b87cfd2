"""A whole pull: the place holds what the tenant has, row for row and field for field, or what it held before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import oneroster.pull
from oneroster import ConfigurationError, OneRoster, Paging
from oneroster.pull import (
    DestinationError,
    GuardError,
    NothingOfferedError,
    Progress,
    PullOptions,
    RosterSelection,
    SanityLimits,
    open_destination,
    pull,
)
from oneroster.pull.roster.rejects import rejects_path
from oneroster.sandbox import Sandbox, Variants
from oneroster_v1p1 import specification
from tests.pull.pulling import Rows, by_id, leftovers, refused_records, roster_of, rows_at, tenant_and_store, truth

OPERATIONS = specification().operations


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox("small", 3) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def expected(tenant: Sandbox) -> Rows:
    return truth(tenant)


@pytest.mark.parametrize(
    ("name", "paging"),
    [
        ("roster.parquet", Paging(limit=7, windows=3)),
        ("roster.duckdb", Paging(limit=100, windows=1)),
        ("roster.sqlite", Paging(limit=1000, windows=1)),
        ("roster.ndjson.zst", Paging(limit=50, windows=4)),
    ],
)
def test_a_destination_holds_every_row_and_field_in_the_order_of_the_tenant(
    tenant: Sandbox, expected: Rows, tmp_path: Path, name: str, paging: Paging
) -> None:
    with roster_of(tenant) as roster:
        report = pull(roster, tmp_path / name, PullOptions(paging=paging))
    assert rows_at(tmp_path / name) == expected
    assert {name: holding.rows for name, holding in report.manifest.collections.items()} == dict(report.fetched)
    assert sum(report.fetched.values()) == sum(map(len, expected.values()))
    assert leftovers(tmp_path) == []


def test_progress_hears_of_every_collection(tenant: Sandbox, tmp_path: Path) -> None:
    class Listening(Progress):
        def __init__(self) -> None:
            self.planned: tuple[str, ...] = ()
            self.ended: dict[str, int] = {}
            self.stages: list[str] = []

        def plan(self, collections: tuple[str, ...]) -> None:
            self.planned = collections

        def end(self, collection: str, rows: int) -> None:
            self.ended[collection] = rows

        def stage(self, what: str) -> None:
            self.stages.append(what)

    progress = Listening()
    with roster_of(tenant) as roster:
        report = pull(roster, tmp_path / "roster.parquet", progress=progress)
    assert progress.ended == report.fetched
    assert set(progress.planned) == set(progress.ended)
    assert progress.stages == ["checking", "writing"]


def test_what_a_selection_leaves_out_is_not_there(tenant: Sandbox, expected: Rows, tmp_path: Path) -> None:
    selection = RosterSelection(
        only=["users", "enrollments"], active=True, columns={"users": ["role", "orgSourcedIds"]}
    )
    with roster_of(tenant) as roster:
        pull(roster, tmp_path / "roster.parquet", PullOptions(selection=selection, limits=SanityLimits(unresolved=1.0)))
    found = rows_at(tmp_path / "roster.parquet")
    names = ("sourcedId", "status", "dateLastModified", "role", "orgSourcedIds")
    active = {element: [row for row in rows if row["status"] == "active"] for element, rows in expected.items()}
    assert found["User"] == [{name: row[name] for name in names} for row in active["User"]]
    assert found["Enrollment"] == active["Enrollment"]
    assert set(found) == {"User", "Enrollment"}


def test_personal_columns_and_collections_can_be_dropped(tenant: Sandbox, tmp_path: Path) -> None:
    with roster_of(tenant) as roster:
        pull(roster, tmp_path / "roster.parquet", PullOptions(selection=RosterSelection(drop_personal=True)))
    found = open_destination(tmp_path / "roster.parquet")
    assert "Demographics" not in found.elements()
    assert set(found.schema("User").names) == {
        "sourcedId", "status", "dateLastModified", "enabledUser", "role", "orgSourcedIds"
    }  # fmt: skip
    assert "metadata" not in found.schema("Org").names


def test_passwords_come_only_when_asked_for(tmp_path: Path) -> None:
    with tenant_and_store() as (tenant, store), roster_of(tenant) as roster:
        user = store.read("User", next(iter(roster.get_all_users())).sourced_id)
        assert user is not None
        store.put("User", {**user, "password": "open sesame"})
        pull(roster, tmp_path / "without.ndjson")
        pull(roster, tmp_path / "with.parquet", PullOptions(selection=RosterSelection(with_password=True)))
    assert "password" not in open_destination(tmp_path / "without.ndjson").schema("User").names
    assert "open sesame" in {row["password"] for row in rows_at(tmp_path / "with.parquet")["User"]}
    everything = b"".join(path.read_bytes() for path in (tmp_path / "without.ndjson").iterdir())
    assert b"open sesame" not in everything


def test_a_filter_is_sent_to_the_tenant(tenant: Sandbox, expected: Rows, tmp_path: Path) -> None:
    selection = RosterSelection(only=["users"], filters={"users": "role='teacher'"})
    with roster_of(tenant) as roster:
        pull(roster, tmp_path / "teachers.parquet", PullOptions(selection=selection))
    wanted = [row for row in expected["User"] if row["role"] == "teacher"]
    assert rows_at(tmp_path / "teachers.parquet") == {"User": wanted}
    assert wanted


def test_one_school_comes_with_all_that_it_refers_to(tenant: Sandbox, expected: Rows, tmp_path: Path) -> None:
    school = next(row["schoolSourcedId"] for row in expected["Class"])
    with roster_of(tenant) as roster:
        pull(roster, tmp_path / "school.parquet", PullOptions(selection=RosterSelection(schools=[school])))
    found = by_id(rows_at(tmp_path / "school.parquet"))
    own = {row["sourcedId"] for row in expected["Class"] if row["schoolSourcedId"] == school}
    assert set(found["Class"]) >= own
    assert {row["classSourcedId"] for row in found["Enrollment"].values()} <= set(found["Class"])
    assert {row["userSourcedId"] for row in found["Enrollment"].values()} <= set(found["User"])
    assert {row["courseSourcedId"] for row in found["Class"].values()} <= set(found["Course"])
    assert set(found["Demographics"]) <= set(found["User"])
    enrolled = {row["sourcedId"] for row in expected["Enrollment"] if row["schoolSourcedId"] == school}
    assert set(found["Enrollment"]) >= enrolled
    parents = {row["parentSourcedId"] for row in found["Org"].values()} - {None}
    assert parents <= set(found["Org"])
    assert 0 < len(found["Class"]) < len(expected["Class"])


@pytest.mark.parametrize(
    "selection",
    [
        RosterSelection(only=["pupils"]),
        RosterSelection(without=["pupils"]),
        RosterSelection(columns={"users": ["shoeSize"]}),
        RosterSelection(only=["users"], without=["users"]),
        RosterSelection(schools=["no such school"]),
        RosterSelection(schools=["S"], without=["orgs"]),
    ],
)
def test_a_selection_of_what_there_is_not_is_refused(
    tenant: Sandbox, tmp_path: Path, selection: RosterSelection
) -> None:
    with roster_of(tenant) as roster, pytest.raises(ConfigurationError):
        pull(roster, tmp_path / "roster.parquet", PullOptions(selection=selection))
    assert not (tmp_path / "roster.parquet").exists()


def test_what_is_not_offered_is_said_and_what_was_named_is_demanded(tmp_path: Path) -> None:
    with Sandbox("small", 3, variants=Variants(gradebook=False)) as tenant, roster_of(tenant) as roster:
        report = pull(roster, tmp_path / "roster.parquet")
        assert report.manifest.not_offered == dict.fromkeys(["categories", "lineItems", "results"], "not offered (404)")
        assert "Result" not in open_destination(tmp_path / "roster.parquet").elements()
        with pytest.raises(NothingOfferedError, match="results is not offered"):
            pull(roster, tmp_path / "named.parquet", PullOptions(selection=RosterSelection(only=["users", "results"])))


def test_what_is_refused_is_said(tenant: Sandbox, tmp_path: Path) -> None:
    scopes = next(iter(OPERATIONS["getAllOrgs"].oauth_scopes))
    access = {"client_id": tenant.client_id, "client_secret": tenant.client_secret, "token_url": tenant.token_url}
    with OneRoster(base_url=tenant.base_url, scopes=[scopes], **access) as roster:
        report = pull(roster, tmp_path / "roster.parquet")
    assert "refused (403)" in report.manifest.not_offered.values()
    assert not report.manifest.not_offered.keys() & {"orgs", "users", "enrollments"}


def test_a_dialect_is_pulled_by_its_own_operations(expected: Rows, tmp_path: Path) -> None:
    with Sandbox("small", 3, profile="kimono") as tenant, roster_of(tenant) as roster:
        pull(roster, tmp_path / "roster.parquet", PullOptions(profile="kimono"))
    found = rows_at(tmp_path / "roster.parquet")
    assert set(found) == {"AcademicSession", "Org", "Course", "Class", "User", "Enrollment"}
    wanted = {element: expected[element] for element in found}
    # This dialect does not say to which org a course belongs.
    wanted["Course"] = [{**row, "orgSourcedId": None} for row in wanted["Course"]]
    assert found == wanted


def test_what_is_no_roster_is_not_replaced(tenant: Sandbox, tmp_path: Path) -> None:
    mine = tmp_path / "mine.parquet"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with roster_of(tenant) as roster:
        with pytest.raises(DestinationError):
            pull(roster, mine)
        with pytest.raises(DestinationError, match="not a folder"):
            pull(roster, tmp_path / "nowhere" / "roster.parquet")
    assert (mine / "thesis.txt").read_text() == "years of work"


def test_a_roster_that_shrinks_is_kept_out_until_it_is_accepted(tmp_path: Path) -> None:
    place = tmp_path / "roster.parquet"
    with Sandbox(60, 3) as larger, roster_of(larger) as roster:
        pull(roster, place)
        before = rows_at(place)
    with Sandbox("small", 3) as smaller, roster_of(smaller) as roster:
        with pytest.raises(GuardError, match=r"users.parquet: 41 rows now, 6\d before") as refused:
            pull(roster, place)
        assert rows_at(place) == before
        assert all("before; --accept-shrink" in objection for objection in refused.value.violations)
        report = pull(roster, place, PullOptions(accept_shrink=True, resume=True))
        assert report.requests == 0
        assert rows_at(place) == truth(smaller)


def test_sizes_are_not_compared_with_those_of_another_selection(tenant: Sandbox, tmp_path: Path) -> None:
    place = tmp_path / "roster.parquet"
    with roster_of(tenant) as roster:
        pull(roster, place)
        report = pull(roster, place, PullOptions(selection=RosterSelection(without=["results"])))
    assert any("another selection" in note for note in report.notes)


def test_references_that_lead_nowhere_are_listed_by_id_and_bounded(tmp_path: Path) -> None:
    place = tmp_path / "roster.ndjson"
    with tenant_and_store() as (tenant, store), roster_of(tenant) as roster:
        course = next(iter(roster.get_all_classes())).course.sourced_id
        store.delete("Course", course)
        with pytest.raises(GuardError, match=r"classes: \d+ of \d+ references could not be resolved.*Listed by id in"):
            pull(roster, place, PullOptions(limits=SanityLimits(unresolved=0.0)))
        assert not place.exists()
        listed = refused_records(place)
        wrong = [row["sourcedId"] for row in truth(tenant)["Class"] if row["courseSourcedId"] == course]
        found = {
            (one["sourced_id"], one["field"], one["refers_to"]) for one in listed if one["collection"] == "classes"
        }
        assert found == {(name, "course", course) for name in wrong}
        report = pull(roster, place, PullOptions(limits=SanityLimits(unresolved=1.0)))
    assert report.rejects["classes", "unresolved"] == len(wrong)
    assert report.rejects_file == rejects_path(place)
    assert rows_at(place)["Class"]


def test_the_package_names_what_it_has() -> None:
    assert all(getattr(oneroster.pull, name) for name in oneroster.pull.__all__)
    with pytest.raises(AttributeError, match="push"):
        getattr(oneroster.pull, "push")  # noqa: B009  # the name is what is asked for
