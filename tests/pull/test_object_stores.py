"""Pulls to object stores: data in a folder of its own for each pull, and the manifest last."""

import errno
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from oneroster import ConfigurationError
from oneroster.cli import build
from oneroster.inspection.diff import diff_rosters
from oneroster.pull import (
    DestinationError,
    GuardError,
    Progress,
    PullOptions,
    RosterSelection,
    SanityLimits,
    StoreLocation,
    Tenant,
    open_destination,
    pull,
    pull_tenant,
    pull_tenants,
)
from oneroster.pull.destinations import StoreDestination, staged_path
from oneroster.pull.formats.file_per_collection import MANIFEST_FILE
from oneroster.pull.formats.store_roster import DATA_FOLDER, read_store_manifest
from oneroster.pull.store_location import is_store_uri, location_of
from oneroster.sandbox import Sandbox
from tests.pull.object_stores import CREDENTIALS, ObjectStore, store_of
from tests.pull.pulling import by_id, roster_of, rows_of, truth

SELECTION = RosterSelection(only=["orgs", "classes"])
OPTIONS = PullOptions(selection=SELECTION, limits=SanityLimits(unresolved=1.0))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stage rows in a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


STORES = ["s3", "google", pytest.param("azure", marks=pytest.mark.only_with_all), "file", "pyarrow", "fsspec"]


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with store_of(request.param, tmp_path_factory.mktemp("store")) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> ObjectStore:
    (tmp_path / "store").mkdir()
    return ObjectStore((tmp_path / "store").as_uri())


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox("small", 3) as made:
        yield made


def data_folders(place: StoreLocation) -> list[str]:
    """The folders with data at a place; nothing else is there but the manifest."""
    names = place.names()
    found = [name for name in names if DATA_FOLDER.fullmatch(name)]
    assert names.keys() - set(found) <= {MANIFEST_FILE}
    return sorted(found)


@pytest.mark.series
@pytest.mark.parametrize("name", ["whole.parquet", "whole.ndjson", "whole.ndjson.gz", "whole.ndjson.zst", "whole.csv"])
def test_a_roster_on_a_store_is_the_truth_and_is_updated(store: ObjectStore, name: str, tenant: Sandbox) -> None:
    if name != "whole.parquet" and store.uri.startswith(("s3:", "lake")):
        return  # these servers are slow, and the code is the same
    place = store.place(name)
    with roster_of(tenant) as client:
        report = pull(client, place, OPTIONS, filesystem=store.filesystem)
        again = pull(client, place, OPTIONS._replace(since="last"), filesystem=store.filesystem)
    found = store.open(name)
    assert str(report.destination) == str(store.location(name))
    assert len(data_folders(store.location(name))) == 2
    assert found.manifest.data_folder == again.manifest.data_folder != report.manifest.data_folder
    if name.endswith(".csv"):
        assert (again.manifest.kind, found.elements()) == ("changes", ("Org", "Class"))
        return
    expected = truth(tenant)
    assert by_id(rows_of(found)) == by_id({element: expected[element] for element in ("Org", "Class")})
    assert sum(again.fetched.values()) <= sum(report.fetched.values())
    assert all(one.is_same for one in diff_rosters(found, store.open(name), 5))


def rewritten(place: StoreLocation, **changed: object) -> None:
    """Change the manifest of a roster on a store."""
    manifest = read_store_manifest(place)
    assert manifest is not None
    (place / MANIFEST_FILE).replace(msgspec.structs.replace(manifest, **changed).to_json())


def test_a_refused_roster_leaves_the_old_one(store: ObjectStore, tenant: Sandbox) -> None:
    place = store.location("guarded.parquet")
    with roster_of(tenant) as client:
        pull(client, place, OPTIONS)
        rewritten(place, files={"orgs": 15, "classes": 1000})
        before = data_folders(place)
        with pytest.raises(GuardError, match="1000 before"):
            pull(client, place, OPTIONS)
        assert data_folders(place) == before
        pull(client, place, OPTIONS._replace(accept_shrink=True))
    assert len(data_folders(place)) == 2


def test_an_interrupted_pull_is_resumed(store: ObjectStore, tenant: Sandbox) -> None:
    class Interrupting(Progress):
        def stage(self, name: str) -> None:
            assert name == "checking"
            raise KeyboardInterrupt

    place = store.location("resumed.parquet")
    with roster_of(tenant) as client:
        with pytest.raises(KeyboardInterrupt):
            pull(client, place, OPTIONS, Interrupting())
        assert not place.names()
        report = pull(client, place, OPTIONS._replace(resume=True))
    assert report.resumed
    assert report.requests == 0


def test_of_two_pulls_at_once_the_last_one_wins_whole(folder: ObjectStore, tenant: Sandbox, tmp_path: Path) -> None:
    place, other = folder.location("twice.parquet"), OPTIONS._replace(staging=tmp_path / "other", accept_shrink=True)

    class AnotherPull(Progress):
        def stage(self, name: str) -> None:
            if name == "writing":
                pull(client, place, other)
                inner.append(read_store_manifest(place))

    inner: list[object] = []
    with roster_of(tenant) as client:
        report = pull(client, place, OPTIONS, AnotherPull())
    last = read_store_manifest(place)
    assert len(data_folders(place)) == 2
    assert last == report.manifest != inner[0]
    assert by_id(rows_of(folder.open("twice.parquet"))).keys() == {"Org", "Class"}


@pytest.mark.parametrize("failing", range(5))
def test_b6_whatever_fails_the_old_roster_stays(
    failing: int, folder: ObjectStore, tenant: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder.location("failing.parquet")
    with roster_of(tenant) as client:
        pull(client, place, OPTIONS)
        before = (read_store_manifest(place), data_folders(place))
        calls: list[str] = []

        def fail(name: str) -> None:
            original = getattr(StoreLocation, name)

            def method(self: StoreLocation, argument: object) -> object:
                calls.append(name)
                if len(calls) == failing + 1:
                    raise DestinationError("the disk is full")
                return original(self, argument)

            monkeypatch.setattr(StoreLocation, name, method)

        fail("upload")
        fail("replace")
        if failing == 4:
            pull(client, place, OPTIONS)
            assert calls == ["upload"] * 3 + ["replace"]
            return
        with pytest.raises(DestinationError, match="the disk is full"):
            pull(client, place, OPTIONS)
    assert (read_store_manifest(place), data_folders(place)) == before


def test_data_that_vanished_before_the_manifest_is_noticed(
    folder: ObjectStore, tenant: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder.location("vanished.parquet")
    monkeypatch.setattr(StoreLocation, "upload", lambda _self, _source: None)
    with roster_of(tenant) as client, pytest.raises(DestinationError, match="does not hold the files"):
        pull(client, place, OPTIONS)
    assert read_store_manifest(place) is None


def test_old_data_is_deleted_on_request_only(store: ObjectStore, tenant: Sandbox, tmp_path: Path) -> None:
    place = store.location("pruned.parquet")
    (tmp_path / "file").write_bytes(b"x")
    old = ["20200101T000000Z-0123456789ab", "20200101T000000Z-ba9876543210"]
    for name in (*old, "notes"):
        (place / name / "file").upload(tmp_path / "file")
    with roster_of(tenant) as client:
        pull(client, place, OPTIONS)
        first = [name for name in place.names() if DATA_FOLDER.fullmatch(name) and name not in old]
        pull(client, place, OPTIONS._replace(prune=timedelta(hours=1)))
        assert {*first, "notes"} <= place.names().keys()
        assert not place.names().keys() & set(old)
        report = pull(client, place, OPTIONS._replace(prune=timedelta(0)))
    assert place.names().keys() == {MANIFEST_FILE, "notes", report.manifest.data_folder}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"data_folder": ""}, "names no folder"),
        ({"data_folder": "../elsewhere"}, "names no folder"),
        ({"data_folder": "20200101T000000Z-0123456789ab"}, "has no files"),
        ({"data_format": "duckdb"}, "names the format 'duckdb'"),
        ({"data_format": "../x"}, "names the format"),
    ],
)
def test_d_a_manifest_that_somebody_else_wrote_leads_nowhere(
    changed: dict[str, str], said: str, folder: ObjectStore, tenant: Sandbox
) -> None:
    place = folder.location("hostile.parquet")
    with roster_of(tenant) as client:
        pull(client, place, OPTIONS)
    rewritten(place, **changed)
    with pytest.raises(DestinationError, match=said):
        folder.open("hostile.parquet").read("Org").read_all()


@pytest.mark.parametrize("name", ["r.duckdb", "r.sqlite", "r.db", "r.zip"])
def test_a_single_file_is_refused_with_a_reason(name: str, folder: ObjectStore, tenant: Sandbox) -> None:
    with roster_of(tenant) as client, pytest.raises(ConfigurationError, match="Use parquet, ndjson or csv"):
        pull(client, folder.place(name), OPTIONS)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s4://lake/r.parquet", "s4:// is not supported"),
        ("https://lake/r.parquet", "https:// is not supported"),
        ("s3://a-key-id:a-secret-key@lake/r.parquet", "holds credentials"),
        ("file:///", "names no folder"),
        ("file:///rosters/springfield", "cannot be told by its name"),
    ],
)
def test_uris_that_cannot_be_used(uri: str, said: str) -> None:
    with pytest.raises((ConfigurationError, DestinationError), match=said) as refused:
        StoreDestination(StoreLocation.from_uri(uri), None, None, None)
    assert "a-secret-key" not in str(refused.value)


def test_what_is_a_uri_and_what_a_path(tmp_path: Path) -> None:
    assert is_store_uri("s3://lake/r.parquet")
    assert not is_store_uri("C:/rosters/r.parquet")
    assert not is_store_uri(tmp_path)
    assert location_of("rosters/r.parquet") is None
    with pytest.raises(ConfigurationError, match="pyarrow or fsspec"):
        location_of("rosters/r.parquet", 5)
    assert staged_path(tmp_path / "r.zip") == tmp_path / "r.zip"
    assert staged_path("file:///x/r.parquet") != staged_path("file:///y/r.parquet")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "GET https://a.example/?signature=x"), os.strerror(errno.ENOENT)),
        (OSError("the server said HTTP status code: 403 for key abc"), "403"),
        (OSError("AWS Error ACCESS_DENIED during PutObject: key abc"), "ACCESS_DENIED"),
        (pa.ArrowInvalid("https://a.example/?signature=x"), "ArrowInvalid"),
    ],
)
def test_no_text_of_a_store_is_repeated(
    error: Exception, said: str, folder: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder.location("r.parquet")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(place, "_fs", SimpleNamespace(type_name="s3", get_file_info=fail))
    with pytest.raises(DestinationError, match=rf"r[.]parquet cannot be read: {re.escape(said)}[.] Check"):
        place.names()


def cli(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build(), arguments, env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_the_commands_take_uris(folder: ObjectStore, tenant: Sandbox, tmp_path: Path) -> None:
    access = ("--base-url", tenant.base_url, "--token", tenant.token)
    place = folder.place("r.parquet")
    status, output = cli("pull", *access, "--to", place, "--only", "orgs,classes", "--prune", "1")
    assert (status, f"{place}: roster written" in " ".join(output.split())) == (0, True), output
    assert cli("stats", place)[0] == 0
    assert cli("diff", place, place)[0] == 0
    local = str(tmp_path / "r.sqlite")
    assert cli("pull", *access, "--to", local, "--base", place, "--since", "last", "--only", "orgs,classes")[0] == 0
    assert cli("diff", place, local)[0] == 0
    assert cli("pull", *access, "--to", folder.place("r.duckdb"))[0] == 2
    assert cli("pull", *access, "--to", local, "--prune", "1")[0] == 2
    assert cli("stats", folder.place("nothing.parquet"))[0] == 2


def test_many_tenants_are_pulled_to_a_store(
    folder: ObjectStore, tenant: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORTH", tenant.token)
    config = tmp_path / "oneroster.toml"
    config.write_text(f'[tenants.north]\nbase_url = "{tenant.base_url}"\ntoken = {{ env = "NORTH" }}\n')
    found = pull_tenants(config, folder.uri, OPTIONS)
    assert not isinstance(found["north"], Exception), found
    assert folder.open("north.parquet").manifest.collections["orgs"].rows == 15
    with pytest.raises(DestinationError, match="no roster"):
        open_destination(folder.place("south.parquet"))
    assert not any(secret in str(found) for secret in CREDENTIALS.values())


def test_a_repeated_run_skips_a_tenant_whose_roster_is_on_the_store(
    folder: ObjectStore, tenant: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORTH", tenant.token)
    north = Tenant("north", values={"base_url": tenant.base_url, "token": {"env": "NORTH"}})
    first, second = (pull_tenant(north, folder.uri, OPTIONS._replace(run_id="night")) for _ in range(2))
    assert (first.error, first.skipped, second.skipped) == (None, False, True)
    assert first.destination == second.destination == folder.place("north.parquet")
    assert first.collections == second.collections
