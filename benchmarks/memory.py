"""The greatest memory that a walk takes, each in a fresh process: `python -m benchmarks.memory BASE_URL` is one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import ROOT
from benchmarks.measuring import Line, in_turn, line
from benchmarks.plan import Plan
from benchmarks.server import running

__all__ = ["measure"]

_BASE_BYTES: Final = 80_000_000
_ROW_BYTES: Final = 40


def measure(plan: Plan) -> Iterator[Line]:
    """The rows of the table: the peak over the bytes that are allowed, for each number of rows."""
    for rows in plan.memory_rows:
        with running(rows) as base_url:
            costs = in_turn(f"memory at {rows} rows", {"walk": partial(_weigh, base_url, rows)}, plan.rounds)
        budget = _BASE_BYTES + _ROW_BYTES * rows
        yield line(f"peak memory at {rows} rows / 80 MB + 40 bytes a row", costs["walk"], [budget] * plan.rounds, 1.0)


def _weigh(base_url: str, rows: int) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", base_url]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    seen, peak = map(int, said.split())
    if seen != rows:
        raise RuntimeError(f"a walk saw {seen} of {rows} rows")
    return peak


def peak_bytes() -> int:
    """The greatest memory of this process so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would also count the parent, whose copy every child is before it becomes itself.
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(encoding="ascii"), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Walk, and print the rows seen and the peak in bytes. Nothing is loaded but what a caller would load."""
    from oneroster import OneRoster

    with OneRoster("benchmark", "benchmark-secret", base_url=sys.argv[1]) as roster:
        seen = sum(1 for _ in roster.get_all_enrollments())
    print(seen, peak_bytes())


if __name__ == "__main__":
    main()
