"""A set of sourcedIds that stays small: what the walk remembers of a million rows.

A Python set of strings costs some 150 bytes a row. Here a row costs 12 bytes of digest and some 6 of housekeeping; by
96 bits, two of a million ids are taken for one with a probability of 10^-17.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

__all__ = ["IdSet", "digests"]

_SIZE: Final = 12
_FULL: Final = 64
_GROWTH: Final = 4
# A copy of a begun digest costs less than a new one.
_BEGUN: Final = blake2b(digest_size=_SIZE)


def digests(ids: Iterable[str | None]) -> list[bytes | None]:
    """A digest of each id, None for a row without one; the dearest part of knowing a row again, so made once.

    Ids are told apart without the blanks around them, which some servers add in places.
    """
    made: list[bytes | None] = []
    for sourced_id in ids:
        if sourced_id is None:
            made.append(None)
            continue
        digest = _BEGUN.copy()
        digest.update(sourced_id.strip().encode("utf-8", "surrogatepass"))
        made.append(digest.digest())
    return made


class IdSet:
    """Grows only. Takes ids as they are, or many at once as `digests`."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets: list[bytearray] = [bytearray() for _ in range(8)]
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, sourced_id: str) -> bool:
        return bool(self.held(digests([sourced_id])))

    def add(self, sourced_id: str) -> bool:
        """Remember an id; whether it is new."""
        return bool(self.put(digests([sourced_id])))

    def held(self, made: Sequence[bytes | None]) -> list[int]:
        """The indexes of the digests that are remembered."""
        buckets, last = self._buckets, len(self._buckets) - 1
        found = []
        for index, digest in enumerate(made):
            if digest is not None:
                bucket = buckets[hash(digest) & last]
                if bucket.find(digest) >= 0 and _holds(bucket, digest):
                    found.append(index)
        return found

    def extend(self, made: Sequence[bytes | None]) -> None:
        """Remember digests that are known to be new and different from each other; otherwise see `put`."""
        buckets, last = self._buckets, len(self._buckets) - 1
        for digest in made:
            if digest is not None:
                buckets[hash(digest) & last] += digest
                self._count += 1
        while self._count > _FULL * len(self._buckets):
            self._spread()

    def put(self, made: Sequence[bytes | None]) -> list[int]:
        """Remember digests; the indexes of those that are new, where None always is."""
        new = []
        for index, digest in enumerate(made):
            if digest is None:
                new.append(index)
                continue
            bucket = self._buckets[hash(digest) & len(self._buckets) - 1]
            if bucket.find(digest) >= 0 and _holds(bucket, digest):
                continue
            bucket += digest
            new.append(index)
            self._count += 1
            if self._count > _FULL * len(self._buckets):
                self._spread()
        return new

    def _spread(self) -> None:
        old, last = self._buckets, len(self._buckets) * _GROWTH - 1
        self._buckets = [bytearray() for _ in range(last + 1)]
        while old:
            # Old buckets go one by one, so that the two generations never stand side by side.
            bucket = bytes(old.pop())
            for start in range(0, len(bucket), _SIZE):
                digest = bucket[start : start + _SIZE]
                self._buckets[hash(digest) & last] += digest


def _holds(bucket: bytearray, digest: bytes) -> bool:
    """Whether a digest stands in a bucket, and not merely its bytes across two others."""
    at = bucket.find(digest)
    while at >= 0:
        if at % _SIZE == 0:
            return True
        at = bucket.find(digest, at + 1)
    return False
