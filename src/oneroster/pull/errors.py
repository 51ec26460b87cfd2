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

from oneroster.errors import OneRosterError

__all__ = ["GuardError", "NothingOfferedError", "PlaceError", "PullError", "StagingError"]


class PullError(OneRosterError):
    """A roster could not be put in place; what was there is untouched."""


class PlaceError(PullError):
    """The place cannot be read or written; the message names it and says what to do."""


class StagingError(PullError):
    """The fetched pages beside the place belong to another pull, or cannot be used."""


class NothingOfferedError(PullError):
    """The tenant does not offer what was asked for."""


class GuardError(PullError):
    """The new roster looks wrong, so the old one was left in place.

    Attributes:
        objections: What is wrong, one sentence each.
    """

    def __init__(self, objections: Sequence[str]) -> None:
        super().__init__(f"Not put in place: {' '.join(objections)}")
        self.objections = tuple(objections)
