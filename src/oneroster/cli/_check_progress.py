"""The progress display of `oneroster check`: a bar on a terminal, plain lines elsewhere.

Both show the requests, the findings and the time left, and why nothing seems to happen: the run waits for a busy
tenant, or for a response.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.text import Text

from oneroster.cli._pauses import pause_words
from oneroster.contract.run_progress import ProgressCallback, RunProgress
from oneroster.counts import count_of

__all__ = ["progress_display", "state_words", "wait_words"]

REFRESHED: Final = 4
"""How often the bar is drawn in a second."""
SLOW: Final = 3.0
"""Seconds without a response after which a display says so."""
QUIET: Final = 15.0
"""Seconds after which a plain display prints how far the run is."""
BETWEEN_WAITS: Final = 5.0
"""Seconds between two lines of a plain display about a busy tenant."""
WIDEST_BAR: Final = 40
_BUSY: Final = {429: "the server allows fewer requests", 503: "the server is busy"}


@contextmanager
def progress_display() -> Iterator[ProgressCallback]:
    """Show progress on stderr: a bar on a terminal, elsewhere one line for each stage of the run and each long wait."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _PlainDisplay()
        return
    bar = _Bar()
    with Live(bar, console=console, transient=True, refresh_per_second=REFRESHED):
        yield bar.follow


def state_words(progress: RunProgress) -> str:
    """Return how far a run is: requests, findings and the time left."""
    estimated, limit = progress.estimated_seconds, progress.seconds_left
    sure = estimated is None or estimated >= limit
    left = f"at most {_duration(limit)} left" if sure else f"about {_duration(estimated or 0.0)} left"
    return ", ".join([count_of(progress.requests, "request"), count_of(progress.findings, "finding"), left])


def wait_words(progress: RunProgress) -> str:
    """Return why nothing happens just now; empty if the run sends requests and gets responses."""
    if (wait := progress.wait) is not None:
        why = _BUSY.get(wait.status, "the server is busy")
        return pause_words(wait.until - time.monotonic(), f"HTTP {wait.status}, {why}", wait.repeated)
    if (silent := progress.silent_seconds) >= SLOW:
        return f"waiting for a response for {silent:.0f} s"
    return ""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min" if minutes else f"{rest} s"


class _Bar:
    """Three lines: the step, the bar with the numbers, and what the run waits for."""

    def __init__(self) -> None:
        self._progress: RunProgress | None = None

    def follow(self, progress: RunProgress) -> None:
        """Show this progress from now on; its numbers are read whenever the bar is drawn."""
        self._progress = progress

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        progress = self._progress
        if progress is None:
            return
        yield Text(progress.step, no_wrap=True, overflow="ellipsis")
        width = min(options.max_width, WIDEST_BAR)
        yield ProgressBar(total=progress.steps, completed=progress.done, width=width)
        yield Segment.line()
        yield Text(state_words(progress))
        if waiting := wait_words(progress):
            yield Text(waiting, style="yellow")


class _PlainDisplay:
    """Prints a line for each stage, for waits for a busy tenant, and how far the run is when that takes long."""

    def __init__(self) -> None:
        self._stages: set[str] = set()
        self._last_line = time.monotonic()
        self._last_wait = -math.inf
        self._lock = threading.Lock()

    def __call__(self, progress: RunProgress) -> None:
        with self._lock:
            stage = _stage(progress.step)
            now = time.monotonic()
            if progress.step == "done":
                return
            if stage not in self._stages:
                self._stages.add(stage)
                self._print(f"{stage} …")
            if progress.wait is not None and now - self._last_wait >= BETWEEN_WAITS:
                self._last_wait = now
                self._print(wait_words(progress))
            elif now - self._last_line >= QUIET:
                self._print(f"{stage}: {state_words(progress)}")

    def _print(self, text: str) -> None:
        self._last_line = time.monotonic()
        typer.echo(text, err=True)


def _stage(step: str) -> str:
    """Return the part of the run: "reading" or "judging", and the family of the rule."""
    kind, _, what = step.partition(" ")
    return f"{kind} {what.split(' ')[0].rpartition('-')[0]}" if kind == "judging" else kind
