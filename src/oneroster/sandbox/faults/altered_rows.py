"""Selections with a row too few or too many; their totals go with what they hold."""

from collections.abc import Set

from oneroster.sandbox.faults.target_records import backwards, is_alive
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.store.result_set import ResultSet


class Without(ResultSet):
    """The rows of a selection without the last living row of another one.

    Looks through the rows for the one to leave out, so that it is the same one however they are sorted and filtered;
    that takes a while in a large district.
    """

    def __init__(self, rows: ResultSet, whole: ResultSet) -> None:
        victim = next((row["sourcedId"] for row in backwards(whole) if is_alive(row)), None)
        self._rows = [row for row in rows.page(0, rows.total) if row["sourcedId"] != victim]
        self.total = len(self._rows)

    def page(self, offset: int, limit: int) -> list[Record]:
        return self._rows[offset : offset + limit]


class Doubled(ResultSet):
    """The rows of a selection with its first row given twice in succession, so that the order stays right."""

    def __init__(self, rows: ResultSet) -> None:
        self._rows = rows
        self.total = rows.total + 1 if rows.total else 0

    def page(self, offset: int, limit: int) -> list[Record]:
        if offset > 0:
            return self._rows.page(offset - 1, limit)
        first = self._rows.page(0, limit)
        return [*first[:1], *first][:limit]


class Among(ResultSet):
    """The rows of a selection whose ids are among the given ones."""

    def __init__(self, rows: ResultSet, ids: Set[str]) -> None:
        self._rows = [row for row in rows.page(0, rows.total) if row["sourcedId"] in ids]
        self.total = len(self._rows)

    def page(self, offset: int, limit: int) -> list[Record]:
        return self._rows[offset : offset + limit]
