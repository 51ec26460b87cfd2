"""The command ``scripts/bench``."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks.measuring import Line, progress, table
from benchmarks.plan import FULL, QUICK, Plan

__all__ = ["main"]

# A part is loaded when its turn comes, so that it finds a process in which nothing else has run yet.
_PARTS: Final = {
    "decode": ("decode", "measure"),
    "walk": ("walk", "near"),
    "latency": ("walk", "far"),
    "memory": ("memory", "measure"),
    "import": ("imports", "measure"),
    "files": ("files", "measure"),
    "pull": ("pulls", "near"),
    "pull-latency": ("pulls", "far"),
    "pull-memory": ("pull_memory", "measure"),
}
_DESCRIPTION: Final = """\
Print a table of ratios: the cost of this client over the cost of another way to the same data, measured in turn within
one run. There are no times in it: they would say more about the machine. A figure is the median of all rounds, with the
least and the most beside it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; a missed target is told and is no failure."""
    options = _parser().parse_args(arguments)
    plan = _plan(options)
    lines: list[Line] = []
    for name in options.only or _PARTS:
        module, function = _PARTS[name]
        for found in getattr(importlib.import_module(f"benchmarks.{module}"), function)(plan):
            # A run takes minutes; whoever breaks it off has what came until then.
            progress(f"{found.what}: {found.median:.2f} {found.verdict}")
            lines.append(found)
    print(table(lines))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench", description=_DESCRIPTION)
    parser.add_argument("--quick", action="store_true", help="smaller collections: of 250000 rows, 20000")
    parser.add_argument("--only", action="append", choices=_PARTS, help="measure this part; may be repeated")
    parser.add_argument("--rounds", type=_positive, help=f"rounds, {FULL.rounds} unless told; fewer say little")
    parser.add_argument("--rows", type=_positive, help="rows of every collection that is read")
    parser.add_argument("--latency", type=float, help=f"milliseconds of a distant page, {FULL.latency * 1000:.0f}")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else FULL
    if options.rounds is not None:
        plan = plan._replace(rounds=options.rounds)
    if options.rows is not None:
        plan = plan._replace(walk_rows=options.rows, memory_rows=(options.rows,))
        plan = plan._replace(file_rows=options.rows, pull_rows=options.rows)
        plan = plan._replace(pull_memory_rows=(options.rows, 10 * options.rows))
    if options.latency is not None:
        plan = plan._replace(latency=options.latency / 1000)
    return plan


if __name__ == "__main__":
    sys.exit(main())
