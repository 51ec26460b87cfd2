"""What a pipeline knows of a collection from its last run, as the JSON that dlt keeps in the destination."""

from collections.abc import Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.incremental.watermark import KnownState, format_time
from oneroster.pull.outcomes import CollectionOutcome
from oneroster.pull.roster.columns import MODIFIED_COLUMN

__all__ = ["CollectionState", "newest_change"]

_KEY: Final = "oneroster"


class CollectionState(NamedTuple):
    """The state of a collection after a run.

    Attributes:
        rows: The number of rows that the server had, deleted ones included.
        newest: The newest change among them; None if no row has a date.
        watermark: The time from which the next changes must be requested: the start of the run.
        whole_at: The start of the last run that read the collection whole.
    """

    rows: int
    newest: datetime | None
    watermark: datetime
    whole_at: datetime

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Self | None:
        """Return the state that a run has stored, or None."""
        stored = state.get(_KEY)
        if stored is None:
            return None
        newest, watermark, whole_at = (
            None if stored[name] is None else datetime.fromisoformat(stored[name])
            for name in ("newest", "watermark", "whole_at")
        )
        if watermark is None or whole_at is None:
            return None
        return cls(stored["rows"], newest, watermark, whole_at)

    def store(self, state: MutableMapping[str, Any]) -> None:
        """Store the state, which dlt saves together with the rows of the run."""
        state[_KEY] = {
            "rows": self.rows,
            "newest": None if self.newest is None else format_time(self.newest),
            "watermark": format_time(self.watermark),
            "whole_at": format_time(self.whole_at),
        }

    @property
    def known(self) -> KnownState:
        """What changes are checked against."""
        return KnownState(self.rows, self.newest)

    def is_fresh(self, now: datetime, whole_after: timedelta) -> bool:
        """Return whether the collection was read whole recently enough to request changes only."""
        return now - self.whole_at < whole_after

    @classmethod
    def after(cls, outcome: CollectionOutcome, newest: datetime | None, before: "CollectionState | None") -> Self:
        """Return the state after a run.

        Args:
            outcome: What came of the collection.
            newest: The newest change among the fetched rows.
            before: The state before, for a run that read changes only.
        """
        watermark = datetime.fromisoformat(outcome.watermark)
        if outcome.whole or before is None:
            return cls(outcome.fetched, newest, watermark, watermark)
        dates = [date for date in (newest, before.newest) if date is not None]
        rows = before.rows if outcome.announced is None else outcome.announced
        return cls(rows, max(dates, default=None), watermark, before.whole_at)


def newest_change(table: pa.Table) -> datetime | None:
    """Return the newest date of change in a table; None if no row has one."""
    found: datetime | None = pc.max(table.column(MODIFIED_COLUMN)).as_py() if table.num_rows else None
    return found
