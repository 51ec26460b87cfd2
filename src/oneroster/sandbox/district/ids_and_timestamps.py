"""Ids and times of change."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from oneroster.sandbox.district.random_stream import RandomStream

# Ids are opaque strings (clause 1, sourcedId [A]), so a few of each kind need escaping. None has a quote, which a
# filter cannot express, or a comma, which separates values in a filter.
_BETWEEN_AWKWARD: Final = 3
_AWKWARD: Final = ("{kind}/{number}|a b", "{kind}+{number}%2F", "{kind}{number}/../{kind}", "{kind}-é{number}?x=1&y#z;")

# Steps that have no common factor with the modulus reach every number once, out of order, so that the default order of
# a collection, which is that of generation, differs from the order of the ids.
_NUMBERS: Final = 1_000_000_000
_STRIDE: Final = 618_033_989

_NIGHTLY: Final = (
    "2025-07-14T02:00:00.000Z",
    "2025-08-11T02:00:00.000Z",
    "2025-08-11T02:00:00Z",  # the same instant as the one before, in another spelling
    "2025-09-01T02:00:00.000Z",
    "2026-01-12T02:00:00.000Z",
)
_FIRST_CHANGE: Final = datetime(2025, 7, 15, 6)  # noqa: DTZ001 -- UTC, written as Z below
_BETWEEN_CHANGES: Final = timedelta(days=1, minutes=37, milliseconds=113)
_SINGLE: Final = tuple(
    f"{(_FIRST_CHANGE + number * _BETWEEN_CHANGES).isoformat(timespec='milliseconds')}Z" for number in range(300)
)
_CHANGES: Final = _SINGLE + _NIGHTLY * (len(_SINGLE) // len(_NIGHTLY))


def ids(kind: str, seed: int) -> Iterator[str]:
    """Yield ids for one kind of entity without end, each once."""
    number = RandomStream("ids", kind, seed).below(_NUMBERS)
    for made in count():
        awkward, after = divmod(made, _BETWEEN_AWKWARD)
        if awkward == len(_AWKWARD):
            break
        yield _AWKWARD[awkward].format(kind=kind, number=number) if after == 1 else f"{kind}-{number:09}"
        number = (number + _STRIDE) % _NUMBERS
    while True:
        yield f"{kind}-{number:09}"
        number = (number + _STRIDE) % _NUMBERS


def change_time(random: RandomStream) -> str:
    """Return a time of change: half of them are those of nightly imports, which many records share."""
    return random.pick(_CHANGES)
