"""The steps of `scripts/test`: style and types on one core, the tests on what is left of the others."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import environment

QUICK = (("ruff", "check", "."), ("ruff", "format", "--check", "."))
STATIC = (
    ("scripts/generate", "--check"),
    ("mypy",),
    # What callers see of the public names, by both of the type checkers that they use.
    ("mypy", "tests/typing"),
    ("basedpyright",),
)


class Step(NamedTuple):
    """A command that has ended.

    Attributes:
        name: The command, as it is printed.
        status: Its exit status.
        seconds: How long it took.
        output: What it printed, unless that went to the terminal.
    """

    name: str
    status: int
    seconds: float
    output: str = ""

    @property
    def title(self) -> str:
        """The line above the output of the step."""
        return f"$ {self.name}  # {self.seconds:.0f} s"


def workers() -> list[str]:
    """Return the options of pytest that spread the tests: one worker for each core.

    A core whose worker waits for a server is used by the other steps; one worker more would cost the imports and the
    collection of all tests again. Neighbours stay with one worker as long as there is enough to do, because they share
    a tenant.
    """
    return ["-n", str(os.cpu_count() or 1), "--dist", "worksteal"]


def variables() -> dict[str, str]:
    """Return the environment of the steps, in which Python keeps its bytecode.

    Without it, each worker and each command that a test starts compiles every module again, which takes longer than
    most tests.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(*command: str, shown: bool = True) -> Step:
    """Run a command of the project's environment; its output is shown, or else returned."""
    text = " ".join(command)
    if shown:
        print("$", text, flush=True)
    name, *arguments = command
    program = [environment.command("python"), name] if name.startswith("scripts/") else [environment.command(name)]
    began = time.monotonic()
    done = subprocess.run(
        [*program, *arguments],
        cwd=environment.ROOT,
        env=variables(),
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        encoding=None if shown else "utf-8",
        errors=None if shown else "replace",
        check=False,
    )
    return Step(text, done.returncode, time.monotonic() - began, done.stdout or "")


def run_static() -> list[Step]:
    """Run the steps that need no test, one after the other."""
    return [run(*command, shown=False) for command in STATIC]


def run_all(*arguments: str) -> int:
    """Run all steps, the tests beside the others; print how long each took, and return the exit status."""
    ended = [run(*command) for command in QUICK]
    with ThreadPoolExecutor(max_workers=1) as beside:
        static = beside.submit(run_static)
        if not (environment.ROOT / "tests" / "__pycache__").exists():
            # Once and not in every worker: the bytecode of all tests.
            run("pytest", "--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider", shown=False)
        tests = run("pytest", *workers(), *arguments)
        for step in static.result():
            print(step.title, step.output.rstrip(), sep="\n", flush=True)
            ended.append(step)
    ended.append(tests)
    print("Seconds:", ", ".join(f"{step.name} {step.seconds:.0f}" for step in ended))
    if failed := [step.name for step in ended if step.status]:
        print(f"Failed: {', '.join(failed)}")
    return int(bool(failed))
