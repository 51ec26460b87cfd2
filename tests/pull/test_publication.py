"""All names of a destination change together or not at all; what others put beside it is left alone."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from oneroster import OneRosterError
from oneroster.pull import DestinationError, PullOptions, RosterSelection, SanityLimits, StagingError, pull
from oneroster.pull.fetch.staging import finish_publication, staging_path, unfinished_pull
from oneroster.pull.roster.rejects import rejects_path
from oneroster.sandbox import Sandbox
from tests.pull.pulling import content_of, roster_of, rows_at, tenant_and_store, truth
from tests.pull.test_kills import run

PLACES = ("r.zip", "r.csv", "r.parquet", "r.ndjson", "r.ndjson.gz", "r.ndjson.zst", "r.duckdb", "r.sqlite")
MUTATIONS = ("open", "mkdir", "rename", "replace", "unlink", "rmdir", "link", "fsync", "chmod")
ERRORS = (errno.ENOSPC, errno.EACCES, errno.EIO)
PARTS = 96
"""How many cases the steps of a pull are shared out to."""


def options(name: str) -> PullOptions:
    selection = RosterSelection(only=["orgs", "classes", "courses", "academicSessions"])
    limits = SanityLimits(unresolved=1.0, unreadable=1.0, left_out=1.0, shrink=1.0)
    return PullOptions(format="csv" if name == "r.csv" else None, selection=selection, limits=limits)


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox("small", 3) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rosters of another district with rejects, in every format."""
    folder = tmp_path_factory.mktemp("older")
    with tenant_and_store(4) as (tenant, store), roster_of(tenant) as roster:
        store.delete("Course", truth(tenant)["Class"][0]["courseSourcedId"])
        for name in PLACES:
            pull(roster, folder / name, options(name))
            assert rejects_path(folder / name).exists()
    return folder


def copy(older: Path, folder: Path, name: str) -> None:
    for path in older.iterdir():
        if path.name in (name, f"{name}.manifest.json", f"{name}.rejects.ndjson"):
            (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)


class Failing:
    """Lets one of the operations on files fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        self.deadly = 0
        for name in MUTATIONS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, original: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self.steps += 1
            if self.steps == self.deadly:
                number = ERRORS[self.steps % len(ERRORS)]
                raise OSError(number, os.strerror(number))
            return original(*arguments, **named)

        return call


@pytest.mark.series
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("part", range(PARTS))
def test_b6_all_names_change_or_none_whatever_operation_fails(
    tenant: Sandbox, older: Path, tmp_path: Path, name: str, part: int
) -> None:
    with roster_of(tenant) as roster, pytest.MonkeyPatch.context() as monkeypatch:
        failing = Failing(monkeypatch)
        (tmp_path / "0").mkdir()
        copy(older, tmp_path / "0", name)
        old, start = content_of(tmp_path / "0"), failing.steps
        pull(roster, tmp_path / "0" / name, options(name))
        new, total = content_of(tmp_path / "0"), failing.steps - start
        assert not rejects_path(tmp_path / "0" / name).exists()
        for number in range(part, total, PARTS):
            folder = tmp_path / str(number + 1)
            folder.mkdir()
            copy(older, folder, name)
            failing.deadly = failing.steps + number + 1
            try:
                pull(roster, folder / name, options(name))
            except OneRosterError:
                assert content_of(folder) == old
            else:
                assert content_of(folder).keys() == new.keys()
                assert rows_at(folder / name) == rows_at(tmp_path / "0" / name)


@pytest.mark.series(dear=True)
@pytest.mark.parametrize("name", [name for name in PLACES if name != "r.csv"])
@pytest.mark.parametrize("number", range(50))
def test_a_pull_killed_anywhere_leaves_the_old_roster_or_the_new_one(
    tenant: Sandbox, older: Path, tmp_path: Path, name: str, number: int
) -> None:
    place = tmp_path / name
    with roster_of(tenant) as roster:
        pull(roster, tmp_path / f"wanted-{name}")
    copy(older, tmp_path, name)
    before, wanted = rows_at(place), rows_at(tmp_path / f"wanted-{name}")
    killed = run(tenant, place, 60 + 3 * number)
    assert killed.returncode in (0, -signal.SIGKILL), killed.stderr
    assert rows_at(place) in (before, wanted)
    done = run(tenant, place, 0)
    assert done.returncode == 0, done.stderr
    assert rows_at(place) == wanted
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder with a file that no pull may change."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o700)
    (folder / "thesis.txt").write_text("years of work")
    (folder / "journal.ndjson").write_text("mine")
    return folder


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("entry", ["lock", "journal.ndjson", "publication.json", "new", "User-000001.arrow"])
def test_d2_a_pipe_in_a_staging_folder_is_not_waited_for(tenant: Sandbox, tmp_path: Path, entry: str) -> None:
    place = tmp_path / "s.zip"
    staging_path(place).mkdir(mode=0o700)
    os.mkfifo(staging_path(place) / entry)
    with roster_of(tenant) as roster, pytest.raises(StagingError, match=r"is in the way.*other files"):
        pull(roster, place, options("s.zip"))


STAGED = ("journal.ndjson", "journal.ndjson.partial", "lock", "new", "old", "publication.json", "rejects.ndjson")


@pytest.mark.parametrize("entry", ["", "a folder", *STAGED])
def test_d2_a_staging_folder_that_is_not_ours_is_left_alone(
    tenant: Sandbox, tmp_path: Path, victim: Path, entry: str
) -> None:
    place, before = tmp_path / "s.zip", content_of(victim)
    staging = staging_path(place)
    if entry == "a folder":
        shutil.copytree(victim, staging)
    elif entry:
        staging.mkdir(mode=0o700)
        (staging / entry).symlink_to(victim if entry in ("new", "old") else victim / "thesis.txt")
    else:
        staging.symlink_to(victim)
    with roster_of(tenant) as roster, pytest.raises(StagingError, match=r"is in the way.*choose another --to"):
        pull(roster, place, options("s.zip"))
    with pytest.raises(StagingError):
        unfinished_pull(place)
    assert content_of(victim) == before
    assert not place.exists()
    if entry == "a folder":
        assert (staging / "thesis.txt").read_text() == "years of work"


@pytest.mark.series
@pytest.mark.parametrize(
    "name",
    [
        ".s.zip.old",
        ".s.zip.partial",
        "s.zip.partial",
        "s.zip.manifest.json",
        "s.zip.manifest.json.partial",
        "s.zip.rejects.ndjson",
        "s.zip.rejects.ndjson.partial",
    ],
)
@pytest.mark.parametrize("in_place", [False, True])
def test_d2_a_link_under_a_name_beside_the_destination_is_not_followed(
    tenant: Sandbox, tmp_path: Path, victim: Path, name: str, in_place: bool
) -> None:
    place, before = tmp_path / "s.zip", content_of(victim)
    with roster_of(tenant) as roster:
        if in_place:
            pull(roster, place, options("s.zip"))
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).symlink_to(victim / "thesis.txt")
        try:
            pull(roster, place, options("s.zip"))
        except OneRosterError:
            assert name.endswith(".manifest.json")  # what is read there is no manifest
    assert content_of(victim) == before


CHANGES = {
    # What another program does with a roster before it is killed.
    "r.duckdb": "import duckdb; c = duckdb.connect({0!r}); c.execute('DELETE FROM orgs')",
    "r.sqlite": (
        "import sqlite3; c = sqlite3.connect({0!r}, isolation_level=None);"
        "c.execute('PRAGMA journal_mode = WAL'); c.execute('DELETE FROM orgs')"
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_b6_unfinished_changes_to_the_old_roster_do_not_reach_the_new_one(
    tenant: Sandbox, tmp_path: Path, name: str
) -> None:
    place = tmp_path / name
    with roster_of(tenant) as roster:
        pull(roster, place, options(name))
        wanted = rows_at(place)
        killed = f"{CHANGES[name].format(str(place))}; import os; os._exit(0)"
        subprocess.run([sys.executable, "-c", killed], check=True)
        (side, *_) = [path for path in sorted(tmp_path.iterdir()) if path.name.endswith("wal") and path.stat().st_size]
        if name == "r.sqlite":
            with pytest.raises(DestinationError, match=r"r\.sqlite-wal holds changes of another program"):
                pull(roster, place, options(name))
            place.unlink()  # then nothing is read that the changes are missing from
        pull(roster, place, options(name)._replace(accept_shrink=True))
    assert not side.exists()
    assert rows_at(place) == wanted
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize("name", ["r.duckdb.wal", "r.sqlite-wal", "r.sqlite-journal", "r.sqlite-shm"])
def test_d2_a_link_under_the_name_of_a_side_file_is_not_followed(
    tenant: Sandbox, tmp_path: Path, victim: Path, name: str
) -> None:
    place, before = tmp_path / name[:8].rstrip(".-"), content_of(victim)
    with roster_of(tenant) as roster:
        (tmp_path / name).symlink_to(victim / "thesis.txt")
        pull(roster, place, options(place.name))
        assert not (tmp_path / name).is_symlink()
        (tmp_path / name).symlink_to(victim / "thesis.txt")
        with suppress(DestinationError):
            rows_at(place)
    assert content_of(victim) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", ["r.duckdb.wal", "r.sqlite-wal", "r.sqlite-journal", "r.sqlite-shm"])
def test_d4_a_pipe_under_the_name_of_a_side_file_is_not_waited_for(tenant: Sandbox, tmp_path: Path, name: str) -> None:
    place = tmp_path / name[:8].rstrip(".-")
    os.mkfifo(tmp_path / name)
    with roster_of(tenant) as roster:
        pull(roster, place, options(place.name))
        assert sorted(path.name for path in tmp_path.iterdir()) == [place.name]
        os.mkfifo(tmp_path / name)
        if name == "r.duckdb.wal":
            with pytest.raises(DestinationError, match=r"r\.duckdb\.wal is not a regular file"):
                pull(roster, place, options(place.name))
        else:
            rows_at(place)


def test_nothing_is_finished_where_nothing_was_begun(tmp_path: Path) -> None:
    assert not finish_publication(tmp_path / "s.zip")
    assert unfinished_pull(tmp_path / "s.zip") is None
