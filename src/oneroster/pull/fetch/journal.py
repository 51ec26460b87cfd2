"""The journal of a staging folder: one line of JSON per step, so that a killed pull can resume.

A line is appended after the file that it names has reached the disk. A torn last line is therefore ignored, and files
that no line names are deleted.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from oneroster.pull.private_files import create_private_file, sync_to_disk
from oneroster.pull.roster.rejects import Reject

__all__ = ["JOURNAL_FORMAT", "Journal", "JournalLine", "PageEntry", "Segment", "read_journal", "write_private_file"]

JOURNAL_FORMAT: Final = 2
"""The form of the lines. Form 1 has no number; its journals cannot be resumed."""


class PageEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a collection walk needs to know of a page to continue after it.

    Attributes:
        count: The number of records in the page.
        total: The announced total.
        cursor: The query of the next link.
        repeated: By index, as text, the ids of records that earlier pages had.
        without_id: The indexes of records without an id.
    """

    count: int
    total: int | None = None
    cursor: str | None = None
    repeated: dict[str, str] = {}
    without_id: list[int] = []


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Consecutive pages of a collection that are staged.

    Attributes:
        element: The schema name.
        file: The file with the rows; empty when the pages had none.
        rows: The number of rows.
        pages: The pages, in order.
        rejects: The rejects to list.
        unlisted: The number of further rejects, by `Reject.kind`.
    """

    element: str
    file: str
    rows: int
    pages: list[PageEntry]
    rejects: list[Reject] = []
    unlisted: dict[str, int] = {}


class JournalLine(msgspec.Struct, omit_defaults=True):
    """A line of the journal.

    Attributes:
        format: In the first line, the form of the journal.
        plan: In the first line, what is pulled.
        started_at: In the first line, the start of the pull.
        segment: Pages that are staged.
        fetched: An element that is completely fetched.
        not_offered: An element that the server does not offer, and the reason.
        in_full: An element that is fetched in full, although only changes were requested at first.
    """

    format: int = 0
    plan: dict[str, Any] | None = None
    started_at: str = ""
    segment: Segment | None = None
    fetched: str = ""
    not_offered: tuple[str, str] | None = None
    in_full: str = ""

    def concerns(self, element: str) -> bool:
        """Return whether the line records fetched rows of an element."""
        return self.fetched == element or (self.segment is not None and self.segment.element == element)


_decode: Final = msgspec.json.Decoder(JournalLine).decode


def read_journal(path: Path) -> Iterator[JournalLine]:
    """Return the lines of a journal up to the first that did not reach the disk completely; none without a file."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for text in file:
            try:
                line = _decode(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return
            if not text.endswith(b"\n"):
                return
            yield line


class Journal:
    """A journal that is open for appending.

    Args:
        path: The file, which is replaced.
        lines: Its first lines.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(self, path: Path, lines: Iterable[JournalLine]) -> None:
        self._path = path
        partial = path.with_name(f"{path.name}.partial")
        with write_private_file(partial) as file:
            file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
            _flush(file)
        partial.replace(path)
        sync_to_disk(path.parent)
        self._file = path.open("ab")

    def append(self, line: JournalLine) -> None:
        """Append a line and flush it to the disk.

        Raises:
            OSError: It cannot be written; the journal is then unchanged.
        """
        end = self._file.tell()
        try:
            self._file.write(msgspec.json.encode(line) + b"\n")
            _flush(self._file)
        except OSError:
            # A full disk may leave half a line, which would spoil the next one.
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), end)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def write_private_file(path: Path) -> BinaryIO:
    """Open a new file for writing with owner-only permissions; an earlier one is deleted, and no link is followed."""
    path.unlink(missing_ok=True)
    return os.fdopen(create_private_file(path), "wb")


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
