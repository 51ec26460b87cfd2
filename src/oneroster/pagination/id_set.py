"""A compact set of sourcedIds, which lets a walk remember a million rows.

A Python set of strings takes about 150 bytes per row. This set takes about 18: a digest of 12 bytes and some overhead.
With 96 bits, the probability that two of a million ids share a digest is 10^-17.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

__all__ = ["IdSet", "id_digests"]

_DIGEST_SIZE: Final = 12
_MAX_BUCKET: Final = 64
_GROWTH: Final = 4
# Copying an initialised hash object is cheaper than creating one.
_EMPTY_HASH: Final = blake2b(digest_size=_DIGEST_SIZE)


def id_digests(ids: Iterable[str | None]) -> list[bytes | None]:
    """Return a digest of each id, None for a row without one.

    Hashing is the most expensive step, so a page is hashed once and its digests are passed to several methods. Leading
    and trailing spaces are ignored: some servers pad ids in some places.
    """
    digests: list[bytes | None] = []
    for sourced_id in ids:
        if sourced_id is None:
            digests.append(None)
            continue
        digest = _EMPTY_HASH.copy()
        digest.update(sourced_id.strip().encode("utf-8", "surrogatepass"))
        digests.append(digest.digest())
    return digests


class IdSet:
    """A set of ids to which ids can only be added, one at a time or many at once as `id_digests`."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets: list[bytearray] = [bytearray() for _ in range(8)]
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, sourced_id: str) -> bool:
        return bool(self.indexes_of_known(id_digests([sourced_id])))

    def add(self, sourced_id: str) -> bool:
        """Add an id; return whether it is new."""
        return bool(self.add_new(id_digests([sourced_id])))

    def indexes_of_known(self, digests: Sequence[bytes | None]) -> list[int]:
        """Return the indexes of the digests that are in the set."""
        buckets, last = self._buckets, len(self._buckets) - 1
        found = []
        for index, digest in enumerate(digests):
            if digest is not None:
                bucket = buckets[hash(digest) & last]
                if bucket.find(digest) >= 0 and _is_in(bucket, digest):
                    found.append(index)
        return found

    def add_distinct(self, digests: Sequence[bytes | None]) -> None:
        """Add digests that are known to be new and distinct; faster than `add_new`, which checks it."""
        buckets, last = self._buckets, len(self._buckets) - 1
        for digest in digests:
            if digest is not None:
                buckets[hash(digest) & last] += digest
                self._count += 1
        while self._count > _MAX_BUCKET * len(self._buckets):
            self._grow()

    def add_new(self, digests: Sequence[bytes | None]) -> list[int]:
        """Add digests; return the indexes of those that are new, among which None always is."""
        new = []
        for index, digest in enumerate(digests):
            if digest is None:
                new.append(index)
                continue
            bucket = self._buckets[hash(digest) & len(self._buckets) - 1]
            if bucket.find(digest) >= 0 and _is_in(bucket, digest):
                continue
            bucket += digest
            new.append(index)
            self._count += 1
            if self._count > _MAX_BUCKET * len(self._buckets):
                self._grow()
        return new

    def _grow(self) -> None:
        old, last = self._buckets, len(self._buckets) * _GROWTH - 1
        self._buckets = [bytearray() for _ in range(last + 1)]
        while old:
            # Each old bucket is released as soon as it is copied, so that the set is never in memory twice.
            bucket = bytes(old.pop())
            for start in range(0, len(bucket), _DIGEST_SIZE):
                digest = bucket[start : start + _DIGEST_SIZE]
                self._buckets[hash(digest) & last] += digest


def _is_in(bucket: bytearray, digest: bytes) -> bool:
    """Return whether a digest is in a bucket; its bytes may also occur across the border of two other digests."""
    at = bucket.find(digest)
    while at >= 0:
        if at % _DIGEST_SIZE == 0:
            return True
        at = bucket.find(digest, at + 1)
    return False
