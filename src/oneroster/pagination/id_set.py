"""The sourcedIds of a walk as a set of 64-bit hashes, which takes about 80 bytes a row where one of strings takes 150.

Two of a million ids share a hash with a probability of 3 in 10^8. A walk then takes one for a repetition of the other,
cannot prove it, and raises; it never leaves out a row.
"""

from collections.abc import Iterable, Sequence

__all__ = ["IdSet", "id_hashes"]


def id_hashes(ids: Iterable[str | None]) -> list[int | None]:
    """Return a hash of each id, None for a row without one.

    A page is hashed once, and its hashes are passed to several methods. Leading and trailing spaces are ignored: some
    servers pad ids in some places.
    """
    return [None if sourced_id is None else hash(sourced_id.strip()) for sourced_id in ids]


class IdSet:
    """A set of ids to which ids can only be added, one at a time or many at once as `id_hashes`."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes: set[int | None] = set()

    def __len__(self) -> int:
        return len(self._hashes)

    def __contains__(self, sourced_id: str) -> bool:
        return hash(sourced_id.strip()) in self._hashes

    def add(self, sourced_id: str) -> bool:
        """Add an id; return whether it is new."""
        return bool(self.add_new(id_hashes([sourced_id])))

    def indexes_of_known(self, hashes: Sequence[int | None]) -> list[int]:
        """Return the indexes of the hashes that are in the set."""
        known = self._hashes
        return [] if known.isdisjoint(hashes) else [index for index, each in enumerate(hashes) if each in known]

    def add_distinct(self, hashes: Iterable[int | None]) -> None:
        """Add hashes that are known to be new and distinct."""
        self._hashes.update(hashes)
        self._hashes.discard(None)

    def add_new(self, hashes: Sequence[int | None]) -> list[int]:
        """Add hashes; return the indexes of those that are new, among which None always is."""
        known, new = self._hashes, []
        for index, each in enumerate(hashes):
            if each is None:
                new.append(index)
            elif each not in known:
                known.add(each)
                new.append(index)
        return new
