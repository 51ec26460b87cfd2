"""The time to import the package and create a client, in a new process, without the start of the interpreter."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks import ROOT
from benchmarks.measurement import Line, in_turn, line
from benchmarks.scale import Scale

__all__ = ["measure"]

_MAX: Final = 0.5
_STARTS: Final = 5
_PRINT_TIME: Final = "\nimport time; print(time.process_time())"
_PROGRAMS: Final = {
    "interpreter": "",
    "ours": "from oneroster import OneRoster; OneRoster(base_url='https://sis.example/ims/oneroster/v1p1', token='t')",
    "httpx": "import httpx",
}


def measure(scale: Scale) -> Iterator[Line]:
    """Yield the result."""
    candidates = {name: partial(_start, program) for name, program in _PROGRAMS.items()}
    costs = in_turn("import", candidates, scale.rounds)
    net = {
        name: [cost - bare for cost, bare in zip(costs[name], costs["interpreter"], strict=True)]
        for name in ("ours", "httpx")
    }
    yield line("import oneroster and build a client / import httpx", net["ours"], net["httpx"], _MAX)


def _start(program: str) -> float:
    """Return the CPU seconds of a process that runs `program`: the minimum of several starts."""
    command = [sys.executable, "-c", program + _PRINT_TIME]
    return min(
        float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        for _ in range(_STARTS)
    )
