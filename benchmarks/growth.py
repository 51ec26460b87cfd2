"""How the cost of a row grows with the number of rows, for a walk and for a pull."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final

from benchmarks.fast_server import running
from benchmarks.measurement import Line, TimedRun, in_turn, line
from benchmarks.pulls import pulled, users_of
from benchmarks.read_loops import typed_walk
from benchmarks.scale import Scale

__all__ = ["measure"]

_MAX: Final = 1.2


def measure(scale: Scale) -> Iterator[Line]:
    """Yield the processor time of a row for each number of rows, relative to that for the smallest number."""
    walks: dict[int, TimedRun] = {}
    pulls: dict[int, TimedRun] = {}
    with ExitStack() as stack:
        for rows in scale.growth_rows:
            base_url = stack.enter_context(running(rows, users=users_of(rows)))
            walks[rows] = TimedRun(partial(typed_walk, base_url), rows)
            pulls[rows] = TimedRun(partial(pulled, base_url), rows + users_of(rows))
        runs = {f"walk {rows}": walks[rows] for rows in walks} | {f"pull {rows}": pulls[rows] for rows in pulls}
        in_turn("growth", runs, scale.rounds)
    first, *others = scale.growth_rows
    for name, measured in (("walk", walks), ("pull", pulls)):
        few = [seconds / first for seconds in measured[first].cpu_seconds]
        for rows in others:
            many = [seconds / rows for seconds in measured[rows].cpu_seconds]
            yield line(f"{name}, processor time a row, {rows} / {first} enrollments", many, few, _MAX)
