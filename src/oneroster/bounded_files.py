"""Files of others, read up to a size: settings, secrets, overlays, baselines and older reports."""

import errno
from pathlib import Path

__all__ = ["read_at_most"]


def read_at_most(path: Path, most: int) -> bytes:
    """Return the content of a file, which may also be a pipe or a device that never ends.

    Args:
        path: The file.
        most: The bytes that it may have.

    Raises:
        OSError: It cannot be read, or has more bytes.
    """
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        size = f"{most >> 20} MB" if most >> 20 else f"{most} bytes"
        raise OSError(errno.EFBIG, f"it has more than {size}", str(path))
    return content
