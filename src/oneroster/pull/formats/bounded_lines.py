"""Lines of a file that others wrote. A line may not be longer than any that a pull writes."""

from collections.abc import Iterator
from typing import IO, Final

from oneroster.pull.errors import DestinationError

__all__ = ["LONGEST_LINE", "line_groups", "longest_line"]

LONGEST_LINE: Final = 64 << 20
"""Bytes of a line, at most."""

_PIECE: Final = 1 << 20


def line_groups(stream: IO[bytes], where: str, size: int) -> Iterator[bytes]:
    """Yield the content of a stream in groups of whole lines.

    Args:
        stream: The stream.
        where: The name of the file, for the message.
        size: The approximate bytes of a group, unless a line is longer.

    Raises:
        DestinationError: A line is too long.
    """
    pending = bytearray()
    while piece := stream.read(min(size, _PIECE)):
        pending += piece
        end = pending.rfind(b"\n") + 1
        if end and len(pending) >= size:
            yield bytes(pending[:end])
            del pending[:end]
        elif len(pending) > LONGEST_LINE + size:
            raise _too_long(where)
    if pending:
        yield bytes(pending)


def longest_line(stream: IO[bytes], where: str) -> int:
    """Return the bytes of the longest line of a stream.

    Raises:
        DestinationError: It is too long.
    """
    longest = current = 0
    while piece := stream.read(_PIECE):
        *ended, rest = piece.split(b"\n")
        for part in ended:
            longest, current = max(longest, current + len(part) + 1), 0
        current += len(rest)
        if max(longest, current) > LONGEST_LINE:
            raise _too_long(where)
    return max(longest, current)


def _too_long(where: str) -> DestinationError:
    return DestinationError(f"{where} cannot be read: it has a line of more than {LONGEST_LINE >> 20} MB.")
