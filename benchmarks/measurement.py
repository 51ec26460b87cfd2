"""Measurement of several candidates in alternation, with ratios as the result.

The speed of a shared machine changes from minute to minute, so an absolute time is of little use. A result is the cost
of one candidate divided by the cost of another in the same round.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

__all__ = ["Line", "TimedRun", "in_turn", "line", "progress", "table"]


class Line(NamedTuple):
    """One row of the table.

    Attributes:
        what: What was measured, and relative to what.
        ratios: The ratio of each round.
        target: The target, the maximum for the median; None if there is none.
    """

    what: str
    ratios: tuple[float, ...]
    target: float | None = None

    @property
    def median(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def verdict(self) -> str:
        """``met`` or ``missed``; empty without a target."""
        if self.target is None:
            return ""
        return "met" if self.median <= self.target else "missed"


class TimedRun:
    """A function that reads rows and can be measured repeatedly.

    Args:
        run: Reads the rows, and returns their number.
        rows: The number that it must return.

    Attributes:
        cpu_seconds: The CPU seconds of this process in each run.
    """

    def __init__(self, run: Callable[[], int], rows: int) -> None:
        self._run, self._rows = run, rows
        self.cpu_seconds: list[float] = []

    def __call__(self) -> float:
        """Run once and return the wall-clock seconds; waiting is part of a run."""
        began, cpu_began = time.perf_counter(), time.process_time()
        seen = self._run()
        spent = time.perf_counter() - began
        self.cpu_seconds.append(time.process_time() - cpu_began)
        if seen != self._rows:
            raise RuntimeError(f"{seen} of {self._rows} rows were received")
        return spent


def progress(text: str) -> None:
    """Report progress on stderr; stdout is for the table."""
    print(text, file=sys.stderr, flush=True)


def in_turn(name: str, candidates: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure all candidates in every round; return the costs of each.

    Each round starts with another candidate, so that none always benefits from caches that the one before it filled.

    Args:
        name: The name of the measurement, for progress.
        candidates: Functions by name that do the work once and return its cost, in seconds or bytes.
        rounds: The number of rounds.
    """
    names = list(candidates)
    costs: dict[str, list[float]] = {candidate: [] for candidate in names}
    for turn in range(rounds):
        progress(f"{name}: round {turn + 1} of {rounds}")
        first = turn % len(names)
        for candidate in names[first:] + names[:first]:
            costs[candidate].append(candidates[candidate]())
    return costs


def line(what: str, costs: Iterable[float], peer: Iterable[float], target: float | None = None) -> Line:
    """Return a row of the table: the costs of one candidate divided by those of another, round by round.

    Args:
        what: What was measured, and relative to what.
        costs: The costs of the candidate, by round.
        peer: The costs of the other candidate, by round.
        target: The target, the maximum for the median.
    """
    return Line(what, tuple(one / other for one, other in zip(costs, peer, strict=True)), target)


def table(lines: Iterable[Line]) -> str:
    """Return the results as a text table."""
    head = ("measured", "median", "least", "most", "target", "")
    rows = [head]
    for found in lines:
        target = "" if found.target is None else f"<= {found.target:.2f}"
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
