"""How much a clause weighs, derived from how certain its fact is.

The trust marks are those of the facts behind ``openapi.yaml``: A certain, B probable, C uncertain or contradictory.
"""

import re
from enum import StrEnum
from typing import Final

__all__ = ["Level", "level_of", "level_of_clause"]


class Level(StrEnum):
    """What a breach of a clause means for the tenant."""

    MUST = "must"
    SHOULD = "should"
    OPEN = "open"


_BY_TRUST: Final = {"A": Level.MUST, "B": Level.SHOULD, "C": Level.OPEN}
_MARK: Final = re.compile(r"\[([ABC])\]")


def level_of(trust: str) -> Level:
    """The level that a trust mark gives: A must, B should, C open."""
    return _BY_TRUST[trust]


def level_of_clause(clause: str) -> Level:
    """The level of a clause such as ``"3.1 limit [A]"``, read from its mark.

    Raises ``ValueError`` for a clause without a mark: every rule stands on a fact of known certainty.
    """
    mark = _MARK.search(clause)
    if mark is None:
        raise ValueError(f"clause {clause!r} carries no trust mark [A], [B] or [C]")
    return level_of(mark.group(1))
