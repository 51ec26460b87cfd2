"""Environments of their own for programs that must not share that of the tests."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "attempt", "installed", "run"]

ROOT: Final = Path(__file__).resolve().parents[1]


def installed(folder: Path, *requirements: str) -> Path:
    """Make a virtual environment with packages from the index, and return the folder of its commands."""
    run([sys.executable, "-m", "venv", folder])
    run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements])
    return folder / "bin"


def run(command: list[str | Path], **environment: str) -> str:
    """Run a command that must succeed, with these variables; return what it prints."""
    outcome = attempt(command, **environment)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def attempt(command: list[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, with the variables of this process and these."""
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, env=os.environ | environment
    )
