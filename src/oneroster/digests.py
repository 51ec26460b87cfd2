"""A set of sourcedIds that stays small: what the walk remembers of a million rows.

A Python set of strings costs some 150 bytes a row. Here a row costs 12 bytes of digest and some 6 of housekeeping; by
96 bits, two of a million ids are taken for one with a probability of 10^-17.
"""

from hashlib import blake2b
from typing import Final

__all__ = ["IdSet"]

_SIZE: Final = 12
_FULL: Final = 64
_GROWTH: Final = 8


class IdSet:
    """Grows only; ids are compared without the blanks around them, which some servers add in places."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets: list[bytearray] = [bytearray() for _ in range(8)]
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, sourced_id: str) -> bool:
        """Remember an id; whether it is new."""
        digest = _digest(sourced_id)
        bucket = self._buckets[int.from_bytes(digest[:4]) % len(self._buckets)]
        if _holds(bucket, digest):
            return False
        bucket += digest
        self._count += 1
        if self._count > _FULL * len(self._buckets):
            self._spread()
        return True

    def __contains__(self, sourced_id: str) -> bool:
        digest = _digest(sourced_id)
        return _holds(self._buckets[int.from_bytes(digest[:4]) % len(self._buckets)], digest)

    def _spread(self) -> None:
        old, wanted = self._buckets, len(self._buckets) * _GROWTH
        self._buckets = [bytearray() for _ in range(wanted)]
        while old:
            # Old buckets go one by one, so that the two generations never stand side by side.
            bucket = old.pop()
            for start in range(0, len(bucket), _SIZE):
                digest = bucket[start : start + _SIZE]
                self._buckets[int.from_bytes(digest[:4]) % wanted] += digest


def _digest(sourced_id: str) -> bytes:
    return blake2b(sourced_id.strip().encode("utf-8", "surrogatepass"), digest_size=_SIZE).digest()


def _holds(bucket: bytearray, digest: bytes) -> bool:
    at = bucket.find(digest)
    while at >= 0:
        if at % _SIZE == 0:
            return True
        at = bucket.find(digest, at + 1)
    return False
