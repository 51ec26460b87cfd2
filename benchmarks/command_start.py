"""The processor time until the command line shows something, beside that of a Typer program with two empty commands."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from benchmarks import ROOT
from benchmarks.measurement import Line, in_turn, line
from benchmarks.scale import Scale
from oneroster.cli._command_list import COMMANDS

__all__ = ["measure"]

_MAX: Final = 1.5
_MAX_COMMAND: Final = 2.0
_STARTS: Final = 3
_OURS: Final = "from oneroster.cli import main; main()"
_PEER: Final = """
import typer
app = typer.Typer()
@app.command()
def one(): pass
@app.command()
def two(): pass
app()
"""
_TAB: Final = {"_ONEROSTER_COMPLETE": "complete_bash", "COMP_WORDS": "oneroster pu", "COMP_CWORD": "1"}
_TAB_OF_OPTION: Final = {**_TAB, "COMP_WORDS": "oneroster pull --si", "COMP_CWORD": "2"}


def measure(scale: Scale) -> Iterator[Line]:
    """Yield one result for the help, for each kind of Tab, and for the help of each command."""
    programs = {
        "two empty commands": partial(_start, _PEER, ("--help",)),
        "oneroster --help": partial(_start, _OURS, ("--help",)),
        "Tab, a command": partial(_start, _OURS, (), _TAB),
        "Tab, an option": partial(_start, _OURS, (), _TAB_OF_OPTION),
        **{f"oneroster {name} --help": partial(_start, _OURS, (name, "--help")) for name in COMMANDS},
    }
    costs = in_turn("command start", programs, scale.rounds)
    peer = costs.pop("two empty commands")
    for name, found in costs.items():
        target = _MAX_COMMAND if name.removeprefix("oneroster ").partition(" ")[0] in COMMANDS else _MAX
        yield line(f"{name} / --help of two empty commands", found, peer, target)


def _start(program: str, arguments: tuple[str, ...], environment: Mapping[str, str] | None = None) -> float:
    """Return the processor seconds of a process: the minimum of several starts."""
    command = [sys.executable, "-c", program, *arguments]
    # Python keeps bytecode, as it does after any installation.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    variables = {**kept, "COLUMNS": "100", **(environment or {})}
    found = []
    for _ in range(_STARTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)
