"""Result sets with fewer, repeated or reordered rows; the total is that of the altered rows."""

from collections.abc import Callable, Set

from oneroster.sandbox.faults.target_records import is_active, reversed_rows
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet


class FilteredRows(ResultSet):
    """The rows that pass a test, in their order.

    Reads all rows at once, which is slow in a large district.
    """

    def __init__(self, rows: ResultSet, passes: Callable[[Record], bool]) -> None:
        self._rows = [row for row in rows.page(0, rows.total) if passes(row)]
        self.total = len(self._rows)

    def page(self, offset: int, limit: int) -> list[Record]:
        return self._rows[offset : offset + limit]


class RowsExceptId(FilteredRows):
    """The rows without the one that has an id."""

    def __init__(self, rows: ResultSet, sourced_id: str | None) -> None:
        super().__init__(rows, lambda row: row["sourcedId"] != sourced_id)


class RowsExceptLastActive(RowsExceptId):
    """The rows without the last active row of another result set.

    The omitted row is the same one in every order and under every filter.
    """

    def __init__(self, rows: ResultSet, of: ResultSet) -> None:
        super().__init__(rows, next((row["sourcedId"] for row in reversed_rows(of) if is_active(row)), None))


class RowsWithIds(FilteredRows):
    """The rows that have one of the ids."""

    def __init__(self, rows: ResultSet, ids: Set[str]) -> None:
        super().__init__(rows, lambda row: row["sourcedId"] in ids)


class SortedRows(FilteredRows):
    """The rows in the order of a key."""

    def __init__(self, rows: ResultSet, key: Callable[[Record], str], *, descending: bool) -> None:
        super().__init__(rows, lambda _: True)
        self._rows.sort(key=key, reverse=descending)


class PagesFilteredAfterwards(ResultSet):
    """Pages of all rows, each without the rows that another result set lacks; the total is that of the other."""

    def __init__(self, every: ResultSet, matching: ResultSet) -> None:
        self._every = every
        self._ids = {row["sourcedId"] for row in matching.page(0, matching.total)}
        self.total = matching.total

    def page(self, offset: int, limit: int) -> list[Record]:
        return [row for row in self._every.page(offset, limit) if row["sourcedId"] in self._ids]


class RepeatedRows(FilteredRows):
    """The rows, each as often as a function says."""

    def __init__(self, rows: ResultSet, times: Callable[[Record], int]) -> None:
        super().__init__(rows, lambda _: True)
        self._rows = [row for row in self._rows for _ in range(times(row))]
        self.total = len(self._rows)


class FirstRowTwice(ResultSet):
    """The rows with the first one repeated, so that the rows are still in order."""

    def __init__(self, rows: ResultSet) -> None:
        self._source = rows
        self.total = rows.total + 1 if rows.total else 0

    def page(self, offset: int, limit: int) -> list[Record]:
        if offset > 0:
            return self._source.page(offset - 1, limit)
        first = self._source.page(0, limit)
        return [*first[:1], *first][:limit]


class RotatedRows(ResultSet):
    """The rows with the first `by` rows moved to the end."""

    def __init__(self, rows: ResultSet, by: int) -> None:
        self._source = rows
        self._by = by
        self.total = rows.total

    def page(self, offset: int, limit: int) -> list[Record]:
        count = max(0, min(limit, self.total - offset))
        if not count:
            return []
        rows = self._source.page((offset + self._by) % self.total, count)
        return rows + self._source.page(0, count - len(rows))
