"""What a file of others may have is bounded, whatever kind of file it is."""

import os
import threading
from pathlib import Path

import pytest

from oneroster.bounded_files import read_at_most


@pytest.mark.parametrize("content", [b"", b"a", b"abc"])
def test_a_file_within_the_bound_is_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "overlay.yaml"
    path.write_bytes(content)
    assert read_at_most(path, 3) == content


@pytest.mark.parametrize("most", [3, 2 << 20])
def test_d4_a_file_beyond_the_bound_is_refused_with_its_size(most: int, tmp_path: Path) -> None:
    path = tmp_path / "overlay.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match=r"it has more than (3 bytes|2 MB)"):
        read_at_most(path, most)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no such device")
def test_d4_a_device_without_an_end_is_refused() -> None:
    with pytest.raises(OSError, match="it has more than 1 MB"):
        read_at_most(Path("/dev/zero"), 1 << 20)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_of_the_shell_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(b"settings"), daemon=True).start()
    assert read_at_most(tmp_path / "pipe", 100) == b"settings"
