"""Benchmarks of the client and of pull, as ratios to other ways of getting the same data."""

from pathlib import Path
from typing import Final

__all__ = ["ROOT"]

ROOT: Final = Path(__file__).resolve().parent.parent
"""The working directory of subprocesses, so that they can import this package."""
