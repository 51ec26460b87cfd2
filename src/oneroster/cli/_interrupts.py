"""Ctrl-C: outside a command it ends the process at once, inside a command it raises KeyboardInterrupt.

Outside a command there is nothing to clean up, and an exception could end in a traceback of the library that is being
imported. Inside a command the exception waits until no lock is being taken or released: raised between the two steps of
a context manager, it would leave a lock of the connection pool locked, and the command would wait for it for ever.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

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

_STEPS_OF_LOCKS = frozenset({"__enter__", "__exit__", "__aenter__", "__aexit__", "acquire", "release"})
"""The functions that take and release locks."""
_POOL = f"{os.sep}httpcore{os.sep}_sync{os.sep}"
"""Part of the path of the modules that hold locks of the connection pool."""
_SOON = 0.01
"""Seconds until a signal that waits is sent again."""

_waiting: set[int] = set()
"""The signals whose exception waits."""
_sent_again: set[int] = set()
"""The signals that this module has sent, and that have not arrived."""
_seen: list[int] = []
"""The interrupts inside a command, because a library may turn KeyboardInterrupt into another error."""


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
    if seen():
        raise KeyboardInterrupt


def seen() -> bool:
    """Return whether the command was interrupted, whatever a library made of it; no exception for it comes later."""
    _waiting.clear()
    return bool(_seen)


def forget() -> None:
    """Go on as if there had been no interrupt: the command has dealt with it."""
    _seen.clear()
    _waiting.clear()


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


def _raise(number: int, frame: FrameType | None) -> None:
    if number in _sent_again:
        _sent_again.discard(number)
        if number not in _waiting:
            return
    else:
        _seen.append(number)
    if frame is None or not _deals_with_locks(frame):
        _waiting.discard(number)
        raise KeyboardInterrupt
    _waiting.add(number)
    again = threading.Timer(_SOON, _send_again, (number,))
    again.daemon = True
    again.start()


def _deals_with_locks(frame: FrameType) -> bool:
    return frame.f_code.co_name in _STEPS_OF_LOCKS or _POOL in frame.f_code.co_filename


def _send_again(number: int) -> None:
    """Send a signal to the main thread, so that what it waits for ends, unless it has been dealt with meanwhile."""
    if number not in _waiting:
        return
    _sent_again.add(number)
    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, number)
    else:
        signal.raise_signal(number)
