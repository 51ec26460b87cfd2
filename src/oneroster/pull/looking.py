"""Rosters that were pulled before, to be read again."""

from pathlib import Path

from oneroster.pull.places import format_of
from oneroster.pull.roster import Roster

__all__ = ["open_place"]


def open_place(place: str | Path, format: str | None = None) -> Roster:  # noqa: A002  # as the command line names it
    """The roster of a place.

    Args:
        place: The file or folder.
        format: Its format; None to go by what is there.

    Raises:
        PlaceError: There is none, or it cannot be read.
    """
    return format_of(Path(place), format).open(Path(place))
