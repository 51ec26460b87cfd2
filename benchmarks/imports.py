"""What it costs to load the package and build a client, net of the interpreter, each in a fresh process."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks import ROOT
from benchmarks.measuring import Line, in_turn, line
from benchmarks.plan import Plan

__all__ = ["measure"]

_MOST: Final = 0.5
_STARTS: Final = 5
_SAY: Final = "\nimport time; print(time.process_time())"
_PROGRAMS: Final = {
    "interpreter": "",
    "ours": "from oneroster import OneRoster; OneRoster(base_url='https://sis.example/ims/oneroster/v1p1', token='t')",
    "httpx": "import httpx",
}


def measure(plan: Plan) -> Iterator[Line]:
    """The row of the table."""
    contestants = {name: partial(_start, program) for name, program in _PROGRAMS.items()}
    costs = in_turn("import", contestants, plan.rounds)
    net = {
        name: [cost - bare for cost, bare in zip(costs[name], costs["interpreter"], strict=True)]
        for name in ("ours", "httpx")
    }
    yield line("import oneroster and build a client / import httpx", net["ours"], net["httpx"], _MOST)


def _start(program: str) -> float:
    """Processor seconds of a process that runs `program`, from its start: the least of several."""
    command = [sys.executable, "-c", program + _SAY]
    return min(
        float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        for _ in range(_STARTS)
    )
