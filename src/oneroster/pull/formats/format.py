"""The interface of a format, and the result of writing a roster in it."""

from pathlib import Path
from typing import NamedTuple, Protocol

from oneroster.pull.roster.rejects import Reject
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["Format", "WriteResult"]


class WriteResult(NamedTuple):
    """The result of writing a roster.

    Attributes:
        rows: Number of rows by file or table, as in ``users.csv``.
        notes: Sentences for the summary, with counts of what the format cannot represent. They contain no values.
        rejects: Rows that were left out: the first ten thousand of each kind.
    """

    rows: dict[str, int]
    notes: tuple[str, ...] = ()
    rejects: tuple[Reject, ...] = ()


class Format(Protocol):
    """A file format for rosters.

    Attributes:
        name: The value of ``--format``.
        embeds_manifest: Whether the pull's manifest is stored inside the destination, not in a file next to it.
    """

    name: str
    embeds_manifest: bool

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """Write a roster to a new file or folder, and flush it to disk.

        Args:
            target: The file or folder to create. Its parent exists.
            roster: The roster to write.

        Raises:
            OSError: The operating system reports an error.
            DestinationError: The format cannot represent the roster.
        """

    def open(self, destination: Path) -> Roster:
        """Open a roster. Its rows are read on demand.

        Raises:
            DestinationError: The destination has another format, is damaged, or was written by a newer release.
        """
