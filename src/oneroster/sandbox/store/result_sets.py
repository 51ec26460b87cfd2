"""Result sets: the positions of the selected rows, cached so that every page takes the same time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, NamedTuple

from oneroster.sandbox.store.table_layout import Record

Positions = Sequence[int]
Fetch = Callable[[Positions], list[Record]]

_MAX_POSITIONS: Final = 4_000_000  # 32 MB, a few result sets of the largest collection


class ResultSet:
    """The rows of a request, in their order.

    Attributes:
        total: The number of rows on all pages.
    """

    def __init__(self, positions: Positions, fetch: Fetch) -> None:
        self.total = len(positions)
        self._positions = positions
        self._fetch = fetch

    def page(self, offset: int, limit: int) -> list[Record]:
        """Return at most `limit` records from the zero-based index `offset`.

        References have `sourcedId` and `type` and no href.
        """
        return self._fetch(self._positions[offset : offset + limit])


class _Entry(NamedTuple):
    positions: Positions
    elements: frozenset[str]


class ResultSetCache:
    """The positions of recent result sets, limited in memory and invalidated by writes."""

    def __init__(self, max_positions: int = _MAX_POSITIONS) -> None:
        self._max = max_positions
        self._held = 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable) -> Positions | None:
        """Return the cached positions, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry.positions

    def put(self, key: Hashable, positions: Positions, elements: frozenset[str]) -> None:
        """Cache positions that depend on the tables of these elements."""
        self._entries[key] = _Entry(positions, elements)
        self._held += len(positions) + 1
        while self._held > self._max and len(self._entries) > 1:
            self._remove(next(iter(self._entries)))

    def invalidate(self, element: str) -> None:
        """Remove all result sets that depend on an element."""
        for key in [key for key, entry in self._entries.items() if element in entry.elements]:
            self._remove(key)

    def _remove(self, key: Hashable) -> None:
        self._held -= len(self._entries.pop(key).positions) + 1
