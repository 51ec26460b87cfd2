"""Asking for changes alone: from when on, in which words, and how it is noticed that a server does not answer that.

No word of a server is taken for granted. Rows older than asked for show that it ignores the filter. The time asked for
is never later than the newest change that is known already, so that a server that obeys must give at least one row;
an empty answer shows that it does not. And the rows of before, brought up to date, must be as many as it announces in
all; if not, something went without a trace. In each of these cases the collection is fetched whole.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.errors import ConfigurationError
from oneroster.filters import modified_since, render_filter
from oneroster.pull.roster.columns import KEY, MODIFIED
from oneroster.pull.roster.roster import Roster
from oneroster.standard import Standard

__all__ = ["LAST", "OVERLAP", "KnownState", "both", "instant", "kept_beside", "known_of", "text_of"]

LAST: Final = "last"
"""Stands for the watermark of the roster that is there."""

OVERLAP: Final = timedelta(hours=24)
"""How much further back changes are asked for: clocks differ, and some servers write local times as UTC."""

_JUNCTIONS: Final = (" and ", " or ")


class KnownState(NamedTuple):
    """What is known of a collection before.

    Attributes:
        rows: How many there were.
        newest: The newest change among them; None when no row has a date.
    """

    rows: int
    newest: datetime | None


def instant(text: str) -> datetime:
    """A point in time from ISO 8601: a date (midnight in UTC), or a date-time with its zone.

    Raises:
        ConfigurationError: It is none, or lacks the zone.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is no time; write 2026-01-31, 2026-01-31T06:00:00Z, or {LAST} for the last pull."
        ) from None
    if when.tzinfo is None:
        if len(text) > len("2026-01-31"):
            raise ConfigurationError(f"{text!r} has no time zone; add Z for UTC, or an offset such as +01:00.")
        when = when.replace(tzinfo=UTC)
    return when.astimezone(UTC)


def text_of(when: datetime) -> str:
    """A point in time in UTC, as manifests have it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def both(filter_: str | None, since: datetime, element: str) -> str | None:
    """The filter that asks for changes, joined with another; None when OneRoster cannot join them (3.2 filter [A])."""
    changed = render_filter(modified_since(since), element, Standard.of().specification)
    if filter_ is None:
        return changed
    if any(junction in filter_.lower() for junction in _JUNCTIONS):
        return None
    return f"{filter_} AND {changed}"


def known_of(roster: Roster, element: str) -> KnownState:
    """What is known of the rows that a roster has of an element."""
    rows, newest = 0, None
    for batch in roster.read(element):
        rows += batch.num_rows
        latest = pc.max(batch.column(MODIFIED)).as_py()
        if latest is not None and (newest is None or latest > newest):
            newest = latest
    return KnownState(rows, newest)


def kept_beside(roster: Roster, changes: Roster, element: str) -> int:
    """How many rows a roster has of an element that do not stand among the changes."""
    ids = pa.chunked_array([batch.column(KEY) for batch in changes.read(element)], pa.string()).combine_chunks()
    return sum(
        batch.num_rows - int(pc.sum(pc.is_in(batch.column(KEY), value_set=ids)).as_py() or 0)
        for batch in roster.read(element)
    )
