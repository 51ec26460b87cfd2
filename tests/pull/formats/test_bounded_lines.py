"""Lines are read in groups, and a line without an end is not read into memory."""

import io
from collections.abc import Callable
from typing import IO, Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.pull import DestinationError
from oneroster.pull.formats import bounded_lines
from oneroster.pull.formats.bounded_lines import line_groups, longest_line


@given(st.lists(st.binary(max_size=20)), st.integers(1, 40), st.integers(1, 50))
def test_groups_hold_whole_lines_and_all_of_them(lines: list[bytes], size: int, piece: int) -> None:
    content = b"\n".join(lines)
    with patch.object(bounded_lines, "_PIECE", piece):
        groups = list(line_groups(io.BytesIO(content), "file", size))
        longest = longest_line(io.BytesIO(content), "file")
    assert b"".join(groups) == content
    assert all(group.endswith(b"\n") for group in groups[:-1])
    assert longest == max(map(len, content.splitlines(keepends=True)) if b"\r" not in content else [longest], default=0)


class Endless(io.RawIOBase):
    """A line that has no end."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        self.given += size
        return b"x" * size


def _groups(stream: IO[bytes]) -> None:
    list(line_groups(stream, "f", 1 << 20))


def _longest(stream: IO[bytes]) -> None:
    longest_line(stream, "f")


@pytest.mark.parametrize("read", [_groups, _longest])
def test_d4_a_line_without_an_end_is_refused(read: Callable[[Any], None]) -> None:
    endless = Endless()
    with pytest.raises(DestinationError, match="f cannot be read: it has a line of more than 64 MB"):
        read(endless)
    assert endless.given <= 70 << 20
