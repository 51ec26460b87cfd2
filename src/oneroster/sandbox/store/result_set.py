"""What a request selected: positions in a table, kept so that every page costs the same wherever it lies."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, NamedTuple

from oneroster.sandbox.store.table_mapping import Record

Positions = Sequence[int]
Fetch = Callable[[Positions], list[Record]]

_MOST_POSITIONS: Final = 4_000_000  # 32 MB, a few selections of the largest collection


class ResultSet:
    """The rows that a request asks for, in their order.

    Attributes:
        total: how many there are over all pages.
    """

    def __init__(self, positions: Positions, fetch: Fetch) -> None:
        self.total = len(positions)
        self._positions = positions
        self._fetch = fetch

    def page(self, offset: int, limit: int) -> list[Record]:
        """At most `limit` records, the first of them that with the zero-based index `offset`.

        References have `sourcedId` and `type` and no href.
        """
        return self._fetch(self._positions[offset : offset + limit])


class _Kept(NamedTuple):
    positions: Positions
    elements: frozenset[str]


class Selections:
    """The selections used last, until they take too much memory or an element that they depend on is written to."""

    def __init__(self, most_positions: int = _MOST_POSITIONS) -> None:
        self._most = most_positions
        self._held = 0
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def get(self, key: Hashable) -> Positions | None:
        """The positions kept under that key."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        return kept.positions

    def keep(self, key: Hashable, positions: Positions, elements: frozenset[str]) -> None:
        """Keep positions that were found by looking into the tables of the elements."""
        self._kept[key] = _Kept(positions, elements)
        self._held += len(positions) + 1
        while self._held > self._most and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def forget(self, element: str) -> None:
        """Drop what depends on an element."""
        for key in [key for key, kept in self._kept.items() if element in kept.elements]:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        self._held -= len(self._kept.pop(key).positions) + 1
