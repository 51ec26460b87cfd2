"""Files and folders that only their owner can read."""

import os
import stat
from pathlib import Path

import pytest

from oneroster.pull import DestinationError
from oneroster.pull.private_files import (
    create_private_file,
    make_private,
    make_private_folder,
    read_bytes,
    sync_to_disk,
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
