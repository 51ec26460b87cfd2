"""Peak memory of a pull. Each pull runs in a new process, `python -m benchmarks.pull_memory BASE_URL`."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final

from benchmarks import ROOT
from benchmarks.measurement import Line, in_turn, line
from benchmarks.scale import Scale
from benchmarks.walk_memory import peak_bytes

__all__ = ["measure"]

_BASE_BYTES: Final = 300_000_000
_ROW_BYTES: Final = 100


def measure(scale: Scale) -> Iterator[Line]:
    """Yield the peak memory relative to the allowed maximum, and its growth with the number of rows."""
    from benchmarks.fast_server import running
    from benchmarks.pulls import users_of

    few, many = scale.pull_memory_rows
    with ExitStack() as stack:
        measures = {}
        for rows in (few, many):
            base_url = stack.enter_context(running(rows, users=users_of(rows)))
            measures[f"{rows}"] = partial(_measure, base_url, rows + users_of(rows))
        costs = in_turn("memory of a pull", measures, scale.rounds)
    for rows in (few, many):
        budget = [_BASE_BYTES + _ROW_BYTES * (rows + users_of(rows))] * scale.rounds
        what = f"peak memory of a pull of {rows} enrollments / 300 MB + 100 bytes a row"
        yield line(what, costs[f"{rows}"], budget, 1.0)
    what = f"peak memory of a pull, {many} / {few} enrollments"
    yield line(what, costs[f"{many}"], costs[f"{few}"])


def _measure(base_url: str, rows: int) -> float:
    command = [sys.executable, "-m", "benchmarks.pull_memory", base_url]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    seen, peak = map(int, output.split())
    if seen != rows:
        raise RuntimeError(f"{seen} of {rows} rows were received")
    return peak


def main() -> None:
    """Pull a roster; print the number of rows and the peak memory."""
    from benchmarks.pulls import pulled

    print(pulled(sys.argv[1]), peak_bytes())


if __name__ == "__main__":
    main()
