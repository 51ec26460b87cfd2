"""Names change all at once or not at all, on every kind of system, and what a kill left half done is finished."""

import os
from pathlib import Path

import pytest

from oneroster.pull import atomic_replace
from oneroster.pull.atomic_replace import NEW, OLD, RECORD, publish, recover

NAMES = ("data", "manifest", "rejects")
BEFORE = ("nothing", "file", "folder", "link")


def make(path: Path, kind: str, text: str) -> None:
    if kind == "folder":
        path.mkdir()
        (path / "file").write_text(text)
    elif kind == "file":
        path.write_text(text)
    elif kind == "link":
        path.symlink_to("/nowhere/at/all")


def state(folder: Path) -> dict[str, str]:
    found = {}
    for name in NAMES:
        path = folder / name
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.exists():
            found[name] = (path / "file" if path.is_dir() else path).read_text()
    return found


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / ".staging"
    (folder / NEW).mkdir(parents=True)
    return folder


@pytest.fixture(params=[True, False], ids=["in one step", "in two steps"])
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setattr(atomic_replace, "_exchange", lambda _one, _other: False)
    return bool(request.param)


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("after", ["nothing", "file", "folder"])
def test_anything_takes_any_name(staging: Path, before: str, after: str) -> None:
    make(staging.parent / "data", before, "old")
    make(staging / NEW / "data", after, "new")
    publish(staging, NAMES)
    assert state(staging.parent) == ({} if after == "nothing" else {"data": "new"})
    assert not (staging / RECORD).exists()


MUTATIONS = ("open", "mkdir", "rename", "replace", "unlink", "link", "fsync")


class Stopped(BaseException):
    """As a kill: nothing is tidied up."""


@pytest.mark.series
@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("error", [OSError(28, "full"), Stopped()], ids=["full disk", "kill"])
@pytest.mark.parametrize("number", range(20))
def test_b6_all_names_change_or_none(
    staging: Path, before: str, error: BaseException, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(staging.parent / "data", before, "old")
    make(staging.parent / "manifest", "file", "old")
    make(staging.parent / "rejects", "file", "old")
    make(staging / NEW / "data", "folder" if before == "folder" else "file", "new")
    make(staging / NEW / "manifest", "file", "new")
    old, new = state(staging.parent), {"data": "new", "manifest": "new"}
    count = 0

    def counted(name: str) -> None:
        original = getattr(os, name)

        def call(*arguments: object, **options: object) -> object:
            nonlocal count
            count += 1
            if count == number + 1:
                raise error
            return original(*arguments, **options)

        monkeypatch.setattr(os, name, call)

    for name in MUTATIONS:
        counted(name)
    try:
        publish(staging, NAMES)
    except OSError:
        assert state(staging.parent) == old
    except Stopped:
        recover(staging)
        assert state(staging.parent) in (old, new)
    else:
        assert state(staging.parent) == new
    assert not (staging / RECORD).exists() or (staging / RECORD).read_bytes() == b""


def test_a_system_without_exchange_is_told_from_one_with(staging: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    make(staging.parent / "data", "folder", "old")
    make(staging / NEW / "data", "folder", "new")
    publish(staging, ["data"])
    assert state(staging.parent) == {"data": "new"}
    assert (staging / OLD / "data" / "file").read_text() == "old"


@pytest.mark.parametrize("record", [b"", b"[", b'[{"name":"../data","inode":null}]', b'[{"name":"..","inode":1}]'])
def test_d2_a_record_moves_nothing_outside_its_folder(staging: Path, record: bytes) -> None:
    outside = staging.parent.parent / "data"
    outside.write_text("mine")
    (staging / RECORD).write_bytes(record)
    assert recover(staging)
    assert outside.read_text() == "mine"
    assert not recover(staging)
    outside.unlink()
