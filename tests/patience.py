"""How long a test waits for something on a machine that may be busy."""

from typing import Final

PATIENCE: Final = 60.0
"""Seconds within which everything ends that is not stuck. Nothing is asserted about how fast it is."""
