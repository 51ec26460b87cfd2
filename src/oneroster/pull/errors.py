"""The errors of a pull, a branch of the tree of `oneroster.errors`.

::

    OneRosterError
    └── PullError                 the roster could not be written; the destination is unchanged
        ├── DestinationError      the destination cannot be read or written
        │   └── UnknownFormatError    also a ConfigurationError: no format is named, or one that does not exist
        ├── StagingError          the staged pages beside the destination cannot be used
        ├── NothingOfferedError   the server offers no collection, or not all that were selected
        └── GuardError            the new roster is complete but exceeds a sanity limit; it was not published

Messages name collections, files, fields and sourcedIds, and never a value of a record.
"""

from collections.abc import Sequence
from pathlib import Path

from oneroster.errors import ConfigurationError, OneRosterError

__all__ = [
    "DestinationError",
    "GuardError",
    "NothingOfferedError",
    "PullError",
    "RejectsWarning",
    "StagingError",
    "UnknownFormatError",
    "not_a_roster",
]


class PullError(OneRosterError):
    """The roster could not be written; the destination is unchanged."""


class RejectsWarning(UserWarning):
    """Arrow batches lack values or records that could not be read; the message counts them."""


class DestinationError(PullError):
    """The destination cannot be read or written; the message names it and says what to do."""


class UnknownFormatError(DestinationError, ConfigurationError):
    """Neither the name of the destination nor its content tells the format, or an unknown format is named."""


class StagingError(PullError):
    """The staged pages beside the destination belong to another pull, or cannot be used."""


class NothingOfferedError(PullError):
    """The server does not offer the selected collections."""


class GuardError(PullError):
    """The new roster exceeds a sanity limit, so the existing one was kept.

    Attributes:
        violations: The limits that are exceeded, one sentence each.
        rejects_file: The file that lists the affected records by id; None when no single record is affected.
    """

    def __init__(self, violations: Sequence[str], rejects_file: Path | None = None) -> None:
        super().__init__(tuple(violations), rejects_file)
        self.violations = tuple(violations)
        self.rejects_file = rejects_file

    def __str__(self) -> str:
        listed = "" if self.rejects_file is None else f" Listed by id in {self.rejects_file}."
        return f"The roster was not published: {' '.join(self.violations)}{listed}"


def not_a_roster(folder: Path, manifest: str) -> DestinationError:
    """Return the error for a folder without the file that describes its content."""
    return DestinationError(f"{folder} is not the folder of a roster: it has no {manifest}. Name another.")
