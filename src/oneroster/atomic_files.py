"""Files that are written as a whole or not at all."""

import os
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file by way of a partial file beside it, which replaces it at the end.

    If writing fails, an existing file keeps its content.

    Args:
        path: The file.
        content: The whole content.
        private: Whether only the owner may read the file.

    Raises:
        OSError: The file cannot be written.
    """
    partial = path.with_name(f"{path.name}.partial")
    if private:
        partial.touch(0o600)
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        # The content must be on the disk before the name points to it, or a power failure leaves an empty file.
        os.fsync(file.fileno())
    partial.replace(path)
