"""A place changes at once or not at all, on every kind of system, and what a kill left aside comes back."""

from pathlib import Path

import pytest

from oneroster.pull import atomic_replace


def made(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


@pytest.fixture(params=[True, False], ids=["in one step", "in two steps"])
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setattr(atomic_replace, "_exchange", lambda _one, _other: False)
    return bool(request.param)


@pytest.mark.usefixtures("steps")
def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    place = made(tmp_path / "place", "old")
    atomic_replace.replace(made(tmp_path / "new", "new"), place)
    assert (place / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("before", ["nothing", "file", "folder"])
def test_a_file_takes_any_place(tmp_path: Path, before: str) -> None:
    place = tmp_path / "place"
    if before == "file":
        place.write_text("old")
    if before == "folder":
        made(place, "old")
    (tmp_path / "new").write_text("new")
    atomic_replace.replace(tmp_path / "new", place)
    assert place.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_a_swap_that_fails_half_way_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_replace, "_exchange", lambda _one, _other: False)
    place = made(tmp_path / "place", "old")
    with pytest.raises(FileNotFoundError):
        atomic_replace.replace(tmp_path / "never made", place)
    assert (place / "file").read_text() == "old"


def test_a_system_without_exchange_is_told_from_one_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    place = made(tmp_path / "place", "old")
    atomic_replace.replace(made(tmp_path / "new", "new"), place)
    assert (place / "file").read_text() == "new"


def test_what_a_kill_left_aside_comes_back(tmp_path: Path) -> None:
    place = tmp_path / "place"
    made(tmp_path / ".place.old", "old")
    assert atomic_replace.recover(place)
    assert (place / "file").read_text() == "old"
    assert not atomic_replace.recover(place)


def test_what_was_left_aside_after_the_swap_goes(tmp_path: Path) -> None:
    place = made(tmp_path / "place", "new")
    made(tmp_path / ".place.old", "old")
    assert not atomic_replace.recover(place)
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
