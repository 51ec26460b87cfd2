"""How quick the client is, told as ratios between contestants measured in turn within one run."""

from pathlib import Path
from typing import Final

__all__ = ["ROOT"]

ROOT: Final = Path(__file__).resolve().parent.parent
"""Where the processes that are begun find this package."""
