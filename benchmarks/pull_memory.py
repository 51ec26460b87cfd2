"""The greatest memory of a pull, each in a fresh process: `python -m benchmarks.pull_memory BASE_URL` is one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final

from benchmarks import ROOT
from benchmarks.measuring import Line, in_turn, line
from benchmarks.memory import peak_bytes
from benchmarks.plan import Plan

__all__ = ["measure"]

_MOST_BYTES: Final = 300_000_000
_MOST_GROWTH: Final = 1.1


def measure(plan: Plan) -> Iterator[Line]:
    """The rows of the table: the peak over the bytes that are allowed, and its growth with the rows."""
    from benchmarks.pulls import users_of
    from benchmarks.server import running

    few, many = plan.pull_memory_rows
    with ExitStack() as stack:
        weigh = {}
        for rows in (few, many):
            base_url = stack.enter_context(running(rows, users=users_of(rows)))
            weigh[f"{rows}"] = partial(_weigh, base_url, rows + users_of(rows))
        costs = in_turn("memory of a pull", weigh, plan.rounds)
    for rows in (few, many):
        budget = [_MOST_BYTES] * plan.rounds
        yield line(f"peak memory of a pull of {rows} enrollments / 300 MB", costs[f"{rows}"], budget, 1.0)
    what = f"peak memory of a pull, {many} / {few} enrollments"
    yield line(what, costs[f"{many}"], costs[f"{few}"], _MOST_GROWTH)


def _weigh(base_url: str, rows: int) -> float:
    command = [sys.executable, "-m", "benchmarks.pull_memory", base_url]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    seen, peak = map(int, said.split())
    if seen != rows:
        raise RuntimeError(f"{seen} of {rows} rows came")
    return peak


def main() -> None:
    """Pull, and print the rows and the peak in bytes."""
    from benchmarks.pulls import pulled

    print(pulled(sys.argv[1]), peak_bytes())


if __name__ == "__main__":
    main()
