"""The progress display of `oneroster check`: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["ProgressCallback", "progress_display"]

ProgressCallback = Callable[[str, int, int], None]
"""Called with the current step as text, the number of finished steps, and the number of all steps."""


@contextmanager
def progress_display() -> Iterator[ProgressCallback]:
    """Show progress on stderr: a bar on a terminal, elsewhere one line for each stage of the run."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_display()
        return
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, steps: bar.update(task, description=step, completed=done, total=steps)


def _plain_display() -> ProgressCallback:
    shown: set[str] = set()

    def show(step: str, _done: int, _steps: int) -> None:
        # "reading getAllUsers" and "judging OR-PAG-01 …" are shown once per kind and family.
        kind = step.partition(" ")[0]
        stage = kind if kind != "judging" else " ".join([kind, step.split(" ")[1].rpartition("-")[0]])
        if stage not in shown and step != "done":
            shown.add(stage)
            typer.echo(f"{stage} …", err=True)

    return show
