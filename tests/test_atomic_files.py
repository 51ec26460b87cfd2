"""A file is written as a whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from oneroster.atomic_files import write_atomically, write_output


def test_the_content_replaces_the_old(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    for content in (b"old", b"new"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits for owner and others")
def test_a_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    write_atomically(tmp_path / "rejects.ndjson", b"{}", private=True)
    assert stat.S_IMODE((tmp_path / "rejects.ndjson").stat().st_mode) == 0o600


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_the_old_content(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, b"old")

    def fails(*_arguments: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), fails)
    with pytest.raises(OSError, match="disk is full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_d2_a_link_under_the_name_of_a_partial_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("report.json.partial", ".report.json.partial"):
        (tmp_path / name).symlink_to(victim)
    write_atomically(tmp_path / "report.json", b"new")
    assert victim.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither pipes nor devices in folders")
def test_an_output_may_be_a_pipe(tmp_path: Path) -> None:
    pipe, content = tmp_path / "report.json", b"x" * 20_000
    os.mkfifo(pipe)
    # Without waiting, so that a report that goes elsewhere is a failure and no test without an end.
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_output(pipe, content)
        assert os.read(reader, 2 * len(content)) == content
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_device_stays_a_device_and_a_full_one_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        write_output(Path("/dev/full"), b"report")
    assert Path("/dev/full").is_char_device()
    write_output(Path("/dev/null"), b"report")
    assert Path("/dev/null").is_char_device()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "2026-11-30.json", tmp_path / "latest.json"
    target.write_bytes(b"old")
    link.symlink_to(target.name)
    write_output(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
