"""How long a test waits for something on a machine that may be busy."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

PATIENCE: Final = 60.0
"""Seconds within which everything ends that is not stuck. Nothing is asserted about how fast it is."""


@contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Kill a process that has not ended by then, so that a test fails in place of waiting for ever."""
    timer = threading.Timer(2 * PATIENCE, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
