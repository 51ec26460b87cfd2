"""What every record has in common: its id, its base, its references."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from oneroster.sandbox.district.random_source import Chance

Record = dict[str, Any]

# Ids are opaque strings in OneRoster 1.1 (clause 1, sourcedId [A]), and these are ids too; a few of each kind have such
# a form. No quote is among them, because a filter cannot say it, and no comma, because a filter takes it for a list.
_BETWEEN_AWKWARD: Final = 3
_AWKWARD: Final = ("{kind}/{number}|a b", "{kind}+{number}%2F", "{kind}{number}/../{kind}", "{kind}-é{number}?x=1&y#z;")

# Multiplying by a number without a common factor with the modulus visits every number once, out of order, so that the
# order of making, which is the default order of a collection, is not the order of the ids.
_NUMBERS: Final = 1_000_000_000
_STRIDE: Final = 618_033_989

_NIGHTLY: Final = (
    "2025-07-14T02:00:00.000Z",
    "2025-08-11T02:00:00.000Z",
    "2025-08-11T02:00:00Z",  # the same moment as the one before, and not the same text
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
    """The ids of one kind of record without end, each given once."""
    number = Chance("ids", kind, seed).below(_NUMBERS)
    for made in count():
        awkward, after = divmod(made, _BETWEEN_AWKWARD)
        if awkward == len(_AWKWARD):
            break
        yield _AWKWARD[awkward].format(kind=kind, number=number) if after == 1 else f"{kind}-{number:09}"
        number = (number + _STRIDE) % _NUMBERS
    while True:
        yield f"{kind}-{number:09}"
        number = (number + _STRIDE) % _NUMBERS


def reference(sourced_id: str, kind: str) -> Record:
    """A GUIDRef without href, which is added where the tenant is served."""
    return {"sourcedId": sourced_id, "type": kind}


def changed(chance: Chance) -> str:
    """A time of change: that of a nightly import, shared by many records, as often as one of its own."""
    return chance.pick(_CHANGES)
