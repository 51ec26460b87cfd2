"""The interface of a format, and the result of writing a roster in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.rejects import Reject
from oneroster.pull.roster.roster_protocol import Roster
from oneroster_runtime.specification import Specification

__all__ = ["Format", "LeftOut", "WriteResult", "WrittenFile"]


class LeftOut(NamedTuple):
    """Why rows are left out of a file.

    Attributes:
        field: The property at fault, by its name in the standard, as in ``terms``.
        reason: What is wrong, with the name of the column, as in ``termSourcedIds has no value``.
    """

    field: str
    reason: str


class WrittenFile(NamedTuple):
    """The rows of one file or table.

    Attributes:
        name: The name, as in ``users.csv``.
        collection: The collection of its rows by wrapper name; the name of the file if they are of no collection.
        rows: The number of rows written.
        omitted: The number of rows that do not belong in the file, as deleted ones in a bulk CSV file.
        left_out: The number of rows that the format cannot represent, by reason.
    """

    name: str
    collection: str
    rows: int
    omitted: int = 0
    left_out: Mapping[LeftOut, int] = {}  # never written to

    @property
    def given(self) -> int:
        """The number of rows that the roster has for the file."""
        return self.rows + self.omitted + sum(self.left_out.values())


class WriteResult(NamedTuple):
    """The result of writing a roster.

    Attributes:
        files: The files or tables, also those that do not exist because they would have no rows.
        notes: Sentences for the summary, with counts of what the format cannot represent. They contain no values.
        rejects: Rows that were left out: the first ten thousand of each kind.
    """

    files: tuple[WrittenFile, ...]
    notes: tuple[str, ...] = ()
    rejects: tuple[Reject, ...] = ()

    @property
    def rows(self) -> dict[str, int]:
        """The number of rows by file or table, without those that have none."""
        return {file.name: file.rows for file in self.files if file.rows}

    @classmethod
    def of_collections(cls, specification: Specification, rows: Mapping[str, int], suffix: str = "") -> "WriteResult":
        """Return the result of a format that leaves out no row.

        Args:
            specification: The version of the standard.
            rows: The number of rows by schema name.
            suffix: The suffix of the files, with the dot; empty for tables.
        """
        names = {collection_name(specification, element): number for element, number in rows.items()}
        return cls(tuple(WrittenFile(f"{name}{suffix}", name, number) for name, number in names.items()))


class Format(Protocol):
    """A file format for rosters.

    Attributes:
        name: The value of ``--format``.
        embeds_manifest: Whether the pull's manifest is stored inside the destination, not in a file next to it.
        filled: The properties for which a value is written where a record has none.
    """

    name: str
    embeds_manifest: bool
    filled: frozenset[str]

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
