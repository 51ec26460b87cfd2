"""Peak memory of reading a collection, each time in a new process: `python -m benchmarks.walk_memory BASE_URL`."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import ROOT
from benchmarks.fast_server import running
from benchmarks.measurement import Line, in_turn, line
from benchmarks.scale import Scale

__all__ = ["measure"]

_BASE_BYTES: Final = 80_000_000
_ROW_BYTES: Final = 100


def measure(scale: Scale) -> Iterator[Line]:
    """Yield the peak memory relative to the allowed maximum, for each number of rows."""
    for rows in scale.memory_rows:
        with running(rows) as base_url:
            costs = in_turn(f"memory at {rows} rows", {"walk": partial(_measure, base_url, rows)}, scale.rounds)
        budget = _BASE_BYTES + _ROW_BYTES * rows
        yield line(f"peak memory at {rows} rows / 80 MB + 100 bytes a row", costs["walk"], [budget] * scale.rounds, 1.0)


def _measure(base_url: str, rows: int) -> float:
    command = [sys.executable, "-m", "benchmarks.walk_memory", base_url]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    seen, peak = map(int, output.split())
    if seen != rows:
        raise RuntimeError(f"{seen} of {rows} rows were received")
    return peak


def peak_bytes() -> int:
    """Return the peak memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage includes the peak of the parent: a child is a copy of it until it calls exec.
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(encoding="ascii"), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Read a collection with no other imports than a typical caller; print the number of rows and the peak memory."""
    from oneroster import OneRoster

    with OneRoster("benchmark", "benchmark-secret", base_url=sys.argv[1]) as roster:
        seen = sum(1 for _ in roster.get_all_enrollments())
    print(seen, peak_bytes())


if __name__ == "__main__":
    main()
