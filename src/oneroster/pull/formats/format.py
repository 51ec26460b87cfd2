"""What a format is, and what it says after writing."""

from pathlib import Path
from typing import NamedTuple, Protocol

from oneroster.pull.roster.rejects import Reject
from oneroster.pull.roster.roster import Roster

__all__ = ["Format", "WriteResult"]


class WriteResult(NamedTuple):
    """What was written.

    Attributes:
        rows: Rows by file or table, as in ``users.csv``.
        notes: Sentences for the summary: what the format has no form for, counted. No values.
        rejects: Rows that were left out, the first ten thousand of each kind.
    """

    rows: dict[str, int]
    notes: tuple[str, ...] = ()
    rejects: tuple[Reject, ...] = ()


class Format(Protocol):
    """One way to keep a roster.

    Attributes:
        name: As ``--format`` names it.
        embeds_manifest: Whether the place itself holds the manifest of the pull.
    """

    name: str
    embeds_manifest: bool

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """Write a roster where nothing is yet, and have it safe on the disk.

        Args:
            target: The file or the folder to make; its parent exists.
            roster: What to write.

        Raises:
            OSError: The disk refuses.
            PlaceError: The roster cannot be told in this format.
        """

    def open(self, place: Path) -> Roster:
        """The roster of a place, read when it is asked for.

        Raises:
            PlaceError: The place is none of this format, damaged, or written by a newer version.
        """
