"""The file of a district: built once, opened many times, never written to again."""

import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from oneroster.sandbox.district.size import Size
from oneroster.sandbox.store import database as building
from oneroster.sandbox.store.result_sets import ResultSetCache
from oneroster.sandbox.store.store import Store

SIZE = Size(1_203)


def digest(folder: Path) -> dict[str, str]:
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_a_district_is_built_once_and_tells_how_far_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    told: list[tuple[int, int]] = []
    with Store.open(SIZE, 1, cache=folder, progress=lambda done, total: told.append((done, total))) as store:
        built = store.select("Enrollment").page(0, 10_000)
    assert told == [(500, 1_203), (1_000, 1_203), (1_203, 1_203)]
    (name,) = digest(folder)

    told.clear()
    with Store.open(SIZE, 1, cache=folder, progress=lambda done, total: told.append((done, total))) as store:
        assert store.select("Enrollment").page(0, 10_000) == built
    assert told == []
    assert list(digest(folder)) == [name]


def test_the_same_district_is_the_same_file_on_every_machine(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        Store.open(Size(41), 2, cache=tmp_path / folder).close()
    assert digest(tmp_path / "one") == digest(tmp_path / "other")


def test_a_passing_district_is_like_a_kept_one(tmp_path: Path) -> None:
    with Store.open(Size(41), 2, cache=None) as passing, Store.open(Size(41), 2, cache=tmp_path) as kept:
        for element in building.record_counts(kept._connection):
            assert passing.select(element).page(0, 1_000) == kept.select(element).page(0, 1_000)


def test_writes_do_not_touch_the_file_and_end_with_the_store(tmp_path: Path) -> None:
    with Store.open(Size(41), 1, cache=tmp_path) as store, Store.open(Size(41), 1, cache=tmp_path) as other:
        before, categories = digest(tmp_path), store.select("Category").total
        result = store.select("Result").page(3, 1)[0]
        store.put("Result", {**result, "score": 99.0})
        store.delete("Category", store.select("Category").page(0, 1)[0]["sourcedId"])
        store.put("User", {**store.select("User").page(0, 1)[0], "givenName": "Changed"})
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store._connection.execute("DELETE FROM district.Category")
        assert digest(tmp_path) == before
        assert other.read("Result", result["sourcedId"]) == result
    with Store.open(Size(41), 1, cache=tmp_path) as again:
        assert again.read("Result", result["sourcedId"]) == result
        assert again.select("Category").total == categories


@pytest.mark.parametrize("damage", [b"", b"not a database at all", b"SQLite format 3\x00 and then nothing"])
def test_a_damaged_file_is_built_again(tmp_path: Path, damage: bytes) -> None:
    Store.open(Size(41), 1, cache=tmp_path).close()
    (file,) = tmp_path.iterdir()
    whole = digest(tmp_path)
    file.write_bytes(damage)
    with Store.open(Size(41), 1, cache=tmp_path) as store:
        assert store.select("User").total == 41
    assert digest(tmp_path) == whole


def test_a_build_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Store.open(SIZE, 1, cache=tmp_path, progress=stop)
    assert digest(tmp_path) == {}


def test_files_of_other_versions_go_and_those_of_other_districts_stay(tmp_path: Path) -> None:
    Store.open(Size(41), 2, cache=tmp_path).close()
    (tmp_path / "small-1-v1.1-0123456789abcdef.sqlite").write_bytes(b"old")
    Store.open(Size(41), 1, cache=tmp_path).close()
    names = sorted(digest(tmp_path))
    assert [name.rpartition("-")[0] for name in names] == ["small-1-v1.1", "small-2-v1.1"]
    assert "small-1-v1.1-0123456789abcdef.sqlite" not in names


def test_the_users_own_folder_is_named_after_the_project() -> None:
    assert "oneroster-kit" in building.default_cache().parts


def test_kept_selections_are_bounded_and_the_oldest_go_first() -> None:
    kept = ResultSetCache(max_positions=10)
    for key in "abc":
        kept.put(key, range(3), frozenset({"User"}))
    assert [kept.get(key) is None for key in "abc"] == [True, False, False]
    kept.get("b")
    kept.put("d", range(3), frozenset({"Org"}))
    assert [kept.get(key) is None for key in "bcd"] == [False, True, False]
    kept.put("larger than all", range(50), frozenset({"Org"}))
    assert kept.get("larger than all") == range(50)
    kept.invalidate("Org")
    assert kept.get("larger than all") is None


@pytest.mark.parametrize("folder", ["/proc/x", "/dev/null/x", "n" * 300])
def test_d6_a_folder_that_cannot_be_used_is_done_without(folder: str) -> None:
    with Store.open(Size(41), 2, cache=Path(folder)) as store:
        assert store.select("User").page(0, 100)


def test_d6_a_user_without_a_home_has_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "user_cache_path", lambda _name: Path("~/.cache/oneroster-kit"))
    assert building.default_cache() is None
