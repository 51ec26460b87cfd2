"""Measuring contestants in turn, and saying the outcome as ratios.

The machine is shared and its pace changes by the minute, so a time by itself says nothing: what counts is the cost of
one contestant over the cost of another in the same round.
"""

import statistics
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

__all__ = ["Line", "in_turn", "line", "progress", "table"]


class Line(NamedTuple):
    """One row of the table.

    Attributes:
        what: What was measured, and against what.
        ratios: One for each round.
        most: The target: the greatest median that is good; None where there is none.
    """

    what: str
    ratios: tuple[float, ...]
    most: float | None = None

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.ratios)

    @property
    def verdict(self) -> str:
        """How the figure stands to the target."""
        if self.most is None:
            return ""
        return "met" if self.median <= self.most else "missed"


def progress(text: str) -> None:
    """Say on stderr what goes on, so that stdout holds the table alone."""
    print(text, file=sys.stderr, flush=True)


def in_turn(name: str, contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The costs of all contestants, round by round.

    Args:
        name: What is measured, for the progress.
        contestants: What does the work once and returns its cost, in seconds or bytes.
        rounds: How often.

    Each round begins with another contestant, so that none always profits from what the one before it left behind.
    """
    names = list(contestants)
    costs: dict[str, list[float]] = {contestant: [] for contestant in names}
    for turn in range(rounds):
        progress(f"{name}: round {turn + 1} of {rounds}")
        first = turn % len(names)
        for contestant in names[first:] + names[:first]:
            costs[contestant].append(contestants[contestant]())
    return costs


def line(what: str, costs: Iterable[float], peer: Iterable[float], most: float | None = None) -> Line:
    """The costs of one contestant over those of another, round by round.

    Args:
        what: What was measured, and against what.
        costs: Of the contestant.
        peer: Of the other, in the same order of rounds.
        most: The target.
    """
    return Line(what, tuple(one / other for one, other in zip(costs, peer, strict=True)), most)


def table(lines: Iterable[Line]) -> str:
    """The figures as text in columns."""
    head = ("measured", "median", "least", "most", "target", "")
    rows = [head]
    for found in lines:
        target = "" if found.most is None else f"<= {found.most:.2f}"
        figures = (f"{found.median:.2f}", f"{min(found.ratios):.2f}", f"{max(found.ratios):.2f}")
        rows.append((found.what, *figures, target, found.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in {0, len(head) - 1} else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
