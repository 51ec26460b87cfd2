"""The tests under coverage.py: how much of the hand-written code they reach, in lines and in branches."""

import json
import subprocess

import environment
import steps

LINES, BRANCHES = 97.0, 92.0
"""The least percentages of hand-written code; `[tool.coverage]` in pyproject.toml lists what does not count."""

REPORT = environment.ROOT / ".coverage.json"

SERIES = (
    ("--all", "tests/sandbox/faults"),
    (
        "--all",
        "tests/contract/test_faults.py",
        "tests/contract/test_faults_of_1_2.py",
        "-k",
        "judged_alone and not both_versions",
    ),
)
"""Series that run whole, because each case reaches code of its own: the faults, each judged by its rule alone.

A fault of both versions reaches the same code in both, and is judged in 1.1 only.
"""

LEFT_OUT = (
    "tests/benchmarks",
    "tests/contract",
    "tests/documentation",
    "tests/engines",
    "tests/generation",
    "tests/generated",
    "tests/sandbox/faults",
    "tests/pull/test_kills.py",
    "tests/test_readme.py",
)
"""Tests that reach nothing more, or nothing of the hand-written code."""

FEW = ("--examples", "5")
"""Enough examples of each property to reach what many reach."""


def percentage(covered: int, of: int) -> float:
    """Return a percentage, which is 100 of nothing."""
    return 100.0 * covered / of if of else 100.0


def run(*arguments: str) -> int:
    """Run the tests, report what they do not reach, and fail below the least percentages."""
    coverage = [environment.command("python"), "-m", "coverage"]
    subprocess.call([*coverage, "erase"], cwd=environment.ROOT)
    left_out = [*FEW, *(f"--ignore={name}" for name in LEFT_OUT)]
    tests = max(
        subprocess.call(
            [*coverage, "run", "-m", "pytest", *steps.workers(), *options, *arguments],
            cwd=environment.ROOT,
            env=steps.variables(),
        )
        for options in (left_out, *SERIES)
    )
    for step in (["combine", "--quiet"], ["report"], ["json", "--quiet", "-o", str(REPORT)]):
        if status := subprocess.call([*coverage, *step], cwd=environment.ROOT):
            return status
    totals = json.loads(REPORT.read_text(encoding="utf-8"))["totals"]
    lines = percentage(totals["covered_lines"], totals["num_statements"])
    branches = percentage(totals["covered_branches"], totals["num_branches"])
    print(f"Coverage: {lines:.1f} % of lines (at least {LINES}), {branches:.1f} % of branches (at least {BRANCHES})")
    return tests or int(lines < LINES or branches < BRANCHES)
