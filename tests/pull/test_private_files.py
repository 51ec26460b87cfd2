"""Files and folders that only their owner can read."""

import os
import stat
from pathlib import Path

import pytest

from oneroster.pull import DestinationError
from oneroster.pull.private_files import (
    check_own_folder,
    create_private_file,
    lexists,
    make_private,
    make_private_folder,
    open_own_file,
    open_regular,
    read_bytes,
    sync_to_disk,
    write_new_file,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_files_and_folders_are_private(tmp_path: Path) -> None:
    folder = make_private_folder(tmp_path / "folder")
    os.close(create_private_file(folder / "file"))
    sync_to_disk(folder / "file")
    sync_to_disk(folder)
    assert mode(folder) == 0o700
    assert mode(folder / "file") == 0o600
    with pytest.raises(FileExistsError):
        create_private_file(folder / "file")


def test_a_file_is_made_private(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    make_private(tmp_path / "file")
    assert mode(tmp_path / "file") == 0o600
    assert read_bytes(tmp_path / "file", "a manifest") == b"content"
    with pytest.raises(DestinationError, match="other cannot be read as a manifest"):
        read_bytes(tmp_path / "other", "a manifest")


def test_d2_only_a_folder_of_our_own_with_known_files_is_ours(tmp_path: Path) -> None:
    def why(path: Path) -> str:
        return check_own_folder(path, lambda name: name == "lock")

    folder = make_private_folder(tmp_path / "folder")
    assert why(folder) == ""
    with open_own_file(folder / "lock") as file:
        file.write(b"1")
    assert why(folder) == ""
    (folder / "thesis.txt").write_text("mine")
    assert why(folder) == "it has other files in it"
    (folder / "thesis.txt").unlink()
    (folder / "lock").unlink()
    (folder / "lock").mkdir()
    assert why(folder) == "it has other files in it"
    assert check_own_folder(folder, lambda name: name == "lock", {"lock"}) == ""
    (folder / "lock").rmdir()
    (folder / "lock").symlink_to(tmp_path)
    assert why(folder) == "it has a symbolic link in it"
    with pytest.raises(OSError, match=r"."):
        open_own_file(folder / "lock")
    (tmp_path / "link").symlink_to(folder)
    assert why(tmp_path / "link") == "it is a symbolic link"
    (tmp_path / "file").touch()
    assert why(tmp_path / "file") == "it is not a folder"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits for owner and others")
def test_d2_a_folder_that_others_can_use_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder").chmod(0o750)
    assert check_own_folder(tmp_path / "folder", lambda _name: True) == "other users have access to it"


def test_a_name_exists_as_a_link_to_nothing_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    assert lexists(tmp_path / "link")
    assert not lexists(tmp_path / "nothing")
    with pytest.raises(FileExistsError):
        write_new_file(tmp_path / "link", b"")
    write_new_file(tmp_path / "nothing", b"x")
    assert (tmp_path / "nothing").read_bytes() == b"x"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_d4_a_pipe_or_a_device_is_no_file_of_a_roster(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(path)
        with pytest.raises(DestinationError, match="not a regular file"):
            read_bytes(path, "a manifest")
    (tmp_path / "file").write_bytes(b"x")
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"x"
