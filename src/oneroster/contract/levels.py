"""The level of a clause: must, should or open, derived from its trust mark.

The trust marks are those of the facts of ``openapi.yaml``: A certain, B probable, C uncertain or contradictory.
"""

import re
from enum import StrEnum
from typing import Final

__all__ = ["Level", "level_of", "level_of_clause", "lower_here", "weakest"]


class Level(StrEnum):
    """How severe a violation of a clause is."""

    MUST = "must"
    SHOULD = "should"
    OPEN = "open"


_BY_TRUST: Final = {"A": Level.MUST, "B": Level.SHOULD, "C": Level.OPEN}
_MARK: Final = re.compile(r"\[([ABC])\]")


def level_of(trust: str) -> Level:
    """Return the level of a trust mark: A must, B should, C open."""
    return _BY_TRUST[trust]


def weakest(*levels: Level) -> Level:
    """Return the lowest of some levels."""
    return max(levels, key=tuple(Level).index)


def lower_here(level: Level) -> str:
    """Return why a rule has this level where its clause has a higher one, to be continued with what is less certain."""
    mark = next(mark for mark, each in _BY_TRUST.items() if each is level)
    return f"{level} here, because the standard is less certain [{mark}] about"


def level_of_clause(clause: str) -> Level:
    """Return the level of a clause such as ``"3.1 limit [A]"``.

    Raises:
        ValueError: The clause has no trust mark.
    """
    mark = _MARK.search(clause)
    if mark is None:
        raise ValueError(f"clause {clause!r} has no trust mark [A], [B] or [C]")
    return level_of(mark.group(1))
