"""The errors of a pull, a branch of the tree of `oneroster.errors`.

::

    OneRosterError
    └── PullError                 a roster could not be put in place; what was there is untouched
        ├── PlaceError            the place cannot be read or written
        ├── StagingError          the fetched pages beside the place cannot be used
        ├── NothingOfferedError   the tenant offers none of the collections, or not all that were named
        └── GuardError            the new roster is whole, but looks wrong; it was not put in place

Messages name collections, files, fields and sourcedIds, and never a value of a record.
"""

from collections.abc import Sequence
from pathlib import Path

from oneroster.errors import OneRosterError

__all__ = ["DestinationError", "GuardError", "NothingOfferedError", "PullError", "StagingError"]


class PullError(OneRosterError):
    """A roster could not be put in place; what was there is untouched."""


class DestinationError(PullError):
    """The place cannot be read or written; the message names it and says what to do."""


class StagingError(PullError):
    """The fetched pages beside the place belong to another pull, or cannot be used."""


class NothingOfferedError(PullError):
    """The tenant does not offer what was asked for."""


class GuardError(PullError):
    """The new roster looks wrong, so the old one was left in place.

    Attributes:
        objections: What is wrong, one sentence each.
        listed: The file that lists by id what was wrong with single records; None when there is nothing to list.
    """

    def __init__(self, objections: Sequence[str], listed: Path | None = None) -> None:
        super().__init__(tuple(objections), listed)
        self.objections = tuple(objections)
        self.listed = listed

    def __str__(self) -> str:
        listed = "" if self.listed is None else f" Listed by id in {self.listed}."
        return f"Not put in place: {' '.join(self.objections)}{listed}"
