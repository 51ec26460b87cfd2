"""From when to request changes, with which filter, and what is known of the rows before.

The server is not trusted. Rows older than requested show that it ignores the filter. The requested time is never later
than the newest known change, so a server that applies the filter must return at least one row, and an empty response
shows that it does not. Finally, the updated rows must be as many as the server announces in total; otherwise some
change was not reported. In each of these cases the collection is fetched in full.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.errors import ConfigurationError
from oneroster.filters import modified_since, render_filter
from oneroster.pull.roster.columns import KEY_COLUMN, MODIFIED_COLUMN
from oneroster.pull.roster.roster_protocol import Roster
from oneroster_runtime.specification import Specification

__all__ = [
    "DEFAULT_OVERLAP",
    "EARLIEST",
    "LAST_PULL",
    "KnownState",
    "changes_filter",
    "count_unchanged",
    "format_time",
    "known_state",
    "parse_time",
    "requested_time",
]

LAST_PULL: Final = "last"
"""The value of ``--since`` for the watermark of the existing roster."""

DEFAULT_OVERLAP: Final = timedelta(hours=24)
"""How much earlier changes are requested: clocks differ, and some servers write local times as UTC."""

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""No change is requested from before this time; some servers write the first year for no date."""
_LATEST_YEAR: Final = 9998

_JUNCTIONS: Final = (" and ", " or ")


class KnownState(NamedTuple):
    """The state of a collection in the existing roster.

    Attributes:
        rows: The number of rows.
        newest: The newest change; None when no row has a date.
    """

    rows: int
    newest: datetime | None


def parse_time(text: str, earlier: timedelta = timedelta(0)) -> datetime:
    """Return the time of an ISO 8601 date (midnight in UTC), or of a date-time with its zone.

    Args:
        text: The time.
        earlier: How much earlier the returned time is.

    Raises:
        ConfigurationError: It is not a time, has no zone, or is beyond what a date-time can hold.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"--since {text!r} is not a time; write 2026-01-31, 2026-01-31T06:00:00Z, or {LAST_PULL} for the last pull."
        ) from None
    if when.tzinfo is None:
        if len(text) > len("2026-01-31"):
            raise ConfigurationError(f"--since {text!r} has no time zone; add Z for UTC, or an offset such as +01:00.")
        when = when.replace(tzinfo=UTC)
    try:
        found = when.astimezone(UTC) - earlier
    except OverflowError:
        found = EARLIEST
    if found <= EARLIEST or when.year > _LATEST_YEAR:
        raise ConfigurationError(
            f"--since {text!r}, {earlier / timedelta(hours=1):g} hours earlier (--overlap), is outside the years"
            f" {EARLIEST.year} to {_LATEST_YEAR}; leave out --since to fetch everything."
        )
    return found


def requested_time(text: str, earlier: timedelta) -> datetime:
    """Return the time of ``--since``, as `parse_time` reads it.

    Raises:
        ConfigurationError: It is not a time that changes can be requested from, or is in the future.
    """
    found = parse_time(text, earlier)
    if found > datetime.now(UTC):
        raise ConfigurationError(f"--since {text!r} is in the future, so no change can be reported; give a past time.")
    return found


def format_time(when: datetime) -> str:
    """Return a time in UTC as ISO 8601, as in manifests."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def changes_filter(specification: Specification, filter_: str | None, since: datetime, element: str) -> str | None:
    """Return the filter for changes, combined with another filter.

    Args:
        specification: The specification of the tenant.
        filter_: The other filter, if any.
        since: The earliest time of the requested changes.
        element: The schema name.

    Returns:
        None when OneRoster cannot combine the two, because it allows two clauses only (3.2 filter [A]).
    """
    changed = render_filter(modified_since(since), element, specification)
    if filter_ is None:
        return changed
    if any(junction in filter_.lower() for junction in _JUNCTIONS):
        return None
    return f"{filter_} AND {changed}"


def known_state(roster: Roster, element: str) -> KnownState:
    """Return the state of an element in a roster."""
    rows, newest = 0, None
    for batch in roster.read(element):
        rows += batch.num_rows
        latest = pc.max(batch.column(MODIFIED_COLUMN)).as_py()
        if latest is not None and (newest is None or latest > newest):
            newest = latest
    return KnownState(rows, newest)


def count_unchanged(roster: Roster, changes: Roster, element: str) -> int:
    """Return the number of rows of an element in a roster that are not among the changes."""
    ids = pa.chunked_array([batch.column(KEY_COLUMN) for batch in changes.read(element)], pa.string()).combine_chunks()
    return sum(
        batch.num_rows - int(pc.sum(pc.is_in(batch.column(KEY_COLUMN), value_set=ids)).as_py() or 0)
        for batch in roster.read(element)
    )
