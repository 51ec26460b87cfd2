"""Ctrl-C: outside a command it ends the process at once, inside a command it raises KeyboardInterrupt.

Outside a command there is nothing to clean up, and an exception could end in a traceback of the library that is being
imported.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "INTERRUPTED",
    "exit_at_once",
    "forget",
    "raise_if_seen",
    "raised",
    "seen",
    "terminated_as_interrupted",
]

INTERRUPTED = 130
"""Exit status of a command that was interrupted."""

_seen: list[int] = []
"""The interrupts inside a command, because a library may turn KeyboardInterrupt into an error of its own."""


def exit_at_once() -> None:
    """From now on, end the process with one line and status 130 on Ctrl-C, unless the process ignores Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _exit)


@contextmanager
def raised() -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C inside the block."""
    if signal.getsignal(signal.SIGINT) is not _exit:
        yield
        return
    signal.signal(signal.SIGINT, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, _exit)


def raise_if_seen() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed inside the command, whatever it has become since.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    if _seen:
        raise KeyboardInterrupt


def seen() -> bool:
    """Return whether the command was interrupted, whatever a library made of it."""
    return bool(_seen)


def forget() -> None:
    """Go on as if there had been no interrupt: the command has dealt with it."""
    _seen.clear()


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C inside the block, so that what was found or created is not lost."""
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(_number: int, _frame: object) -> None:
    os.write(2, b"oneroster: interrupted\n")
    os._exit(INTERRUPTED)


def _raise(number: int, _frame: object) -> None:
    _seen.append(number)
    raise KeyboardInterrupt
