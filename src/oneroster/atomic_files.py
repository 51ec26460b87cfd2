"""Files that are written as a whole or not at all."""

import os
from pathlib import Path
from secrets import token_hex

__all__ = ["write_atomically", "write_output"]

_NEW_ONLY = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def write_atomically(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file by way of a partial file beside it, which replaces it at the end.

    If writing fails, an existing file keeps its content. The partial file has a name that cannot be guessed.

    Args:
        path: The file.
        content: The whole content.
        private: Whether only the owner may read the file.

    Raises:
        OSError: The file cannot be written.
    """
    partial = path.with_name(f".{token_hex(8)}.partial")
    descriptor = os.open(partial, _NEW_ONLY, 0o600 if private else 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            # The content must be on the disk before the name points to it, or a power failure leaves an empty file.
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_output(path: Path, content: bytes) -> None:
    """Write a file that the user named: a link stays a link, and a pipe or a device receives the content.

    Args:
        path: The file.
        content: The whole content; a regular file gets it whole or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as receiver:
            receiver.write(content)
    else:
        write_atomically(path.resolve(), content)
