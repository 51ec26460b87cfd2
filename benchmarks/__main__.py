"""The command ``scripts/bench``."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks.measurement import Line, progress, table
from benchmarks.scale import FULL, QUICK, Scale

__all__ = ["main"]

# Each part is imported just before it runs, so that its imports do not affect the parts before it.
_PARTS: Final = {
    "decode": ("decode", "measure"),
    "walk": ("walk", "near"),
    "latency": ("walk", "far"),
    "memory": ("walk_memory", "measure"),
    "import": ("import_time", "measure"),
    "start": ("command_start", "measure"),
    "files": ("file_formats", "measure"),
    "pull": ("pulls", "near"),
    "pull-peers": ("pull_peers", "measure"),
    "pull-dlt": ("pull_peers", "with_dlt"),
    "requests": ("single_requests", "measure"),
    "pull-latency": ("pulls", "far"),
    "pull-memory": ("pull_memory", "measure"),
    "growth": ("growth", "measure"),
}
_DESCRIPTION: Final = """\
Print a table of ratios: the cost of this client divided by the cost of another way to get the same data, both measured
in one run. Absolute times are not shown, because they depend on the machine. Each figure is the median of all rounds,
followed by the minimum and the maximum."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. A missed target is reported, but is not a failure."""
    options = _parser().parse_args(arguments)
    scale = _scale(options)
    lines: list[Line] = []
    for name in options.only or _PARTS:
        module, function = _PARTS[name]
        for found in getattr(importlib.import_module(f"benchmarks.{module}"), function)(scale):
            # A run takes minutes, so results are printed as they become available.
            progress(f"{found.what}: {found.median:.2f} {found.verdict}")
            lines.append(found)
    print(table(lines))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench", description=_DESCRIPTION)
    parser.add_argument("--quick", action="store_true", help="use smaller collections: 20000 rows instead of 250000")
    parser.add_argument("--only", action="append", choices=_PARTS, help="measure only this part (repeatable)")
    parser.add_argument(
        "--rounds", type=_positive, help=f"number of rounds (default: {FULL.rounds}); fewer give less reliable figures"
    )
    parser.add_argument("--rows", type=_positive, help="number of rows of every collection")
    parser.add_argument(
        "--latency", type=float, help=f"latency of a page in milliseconds (default: {FULL.latency * 1000:.0f})"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _scale(options: argparse.Namespace) -> Scale:
    scale = QUICK if options.quick else FULL
    if options.rounds is not None:
        scale = scale._replace(rounds=options.rounds)
    if options.rows is not None:
        scale = scale._replace(walk_rows=options.rows, memory_rows=(options.rows,))
        scale = scale._replace(file_rows=options.rows, pull_rows=options.rows, peer_rows=options.rows)
        scale = scale._replace(
            pull_memory_rows=(options.rows, 10 * options.rows), growth_rows=(options.rows, 10 * options.rows)
        )
    if options.latency is not None:
        scale = scale._replace(latency=options.latency / 1000)
    return scale


if __name__ == "__main__":
    sys.exit(main())
