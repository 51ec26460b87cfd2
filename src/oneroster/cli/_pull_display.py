"""The output of `oneroster pull`: progress and summary."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from oneroster.cli._pauses import pause_words
from oneroster.inspection.terminal_text import escape_lines, escape_unprintable
from oneroster.pull.progress import Progress

if TYPE_CHECKING:
    from rich.progress import TaskID

    from oneroster.pull.dry_run import CollectionPreview
    from oneroster.pull.report import PullReport

__all__ = ["show_preview", "show_progress", "show_report", "show_tenants"]

_INTERVAL: Final = 5.0
"""Seconds between two progress lines of one collection."""


@contextmanager
def show_progress() -> Iterator[Callable[[str], Progress]]:
    """Provide progress displays for the duration of the block: bars on a terminal, lines on stderr otherwise.

    The block gets a function that makes the display of a tenant by its name, "" for a single tenant.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Rows(),
        _Rate(),
        TimeRemainingColumn(),
        _Waits(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield lambda tenant: _Bars(bars, tenant)


class _Rows(ProgressColumn):
    """Rows fetched, and the total if the server announces it."""

    def render(self, task: Task) -> Text:
        if task.fields["counts"] is None:
            return Text()
        total = f" of {int(task.total):,}" if task.total is not None else ""
        return Text(f"{int(task.completed):,}{total} rows")


class _Waits(ProgressColumn):
    """Why nothing is fetched just now, or how many requests were sent again."""

    def render(self, task: Task) -> Text:
        wait: _Wait | None = task.fields["wait"]
        if wait is None:
            return Text()
        left = wait.until - time.monotonic()
        if left <= 0:
            return Text(f"{wait.repeated} retried")
        # Beside the bars there is little room.
        return Text(f"waiting {math.ceil(left)} s: {wait.reason.partition(',')[0]}; {wait.repeated} retried")


class _Wait(NamedTuple):
    """A pause before a request is sent again."""

    until: float
    reason: str
    repeated: int


class _Rate(ProgressColumn):
    """Rows per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class _Bars(Progress):
    """Shows one bar for each collection."""

    def __init__(self, bars: Bars, tenant: str) -> None:
        self._bars, self._prefix = bars, f"{escape_unprintable(tenant)}/" if tenant else ""
        self._tasks: dict[str, TaskID] = {}
        self._retries = 0
        self._overall: TaskID | None = None

    def plan(self, collections: tuple[str, ...]) -> None:
        for name in collections:
            self._tasks[name] = self._bars.add_task(
                f"{self._prefix}{name}", total=None, start=False, wait=None, counts=name
            )
        self._overall = self._bars.add_task(f"{self._prefix}fetching", total=None, wait=None, counts=None)

    def begin(self, collection: str) -> None:
        self._bars.start_task(self._tasks[collection])

    def advance(self, collection: str, rows: int, total: int | None) -> None:
        self._bars.update(self._tasks[collection], completed=rows, total=total)

    def end(self, collection: str, rows: int) -> None:
        self._bars.update(self._tasks[collection], completed=rows, total=rows)

    def not_offered(self, collection: str, reason: str) -> None:
        self._bars.update(self._tasks[collection], description=f"{self._prefix}{collection}: {reason}")

    def wait(self, seconds: float, reason: str) -> None:
        self._retries += 1
        if self._overall is not None:
            self._bars.update(self._overall, wait=_Wait(time.monotonic() + seconds, reason, self._retries))

    def stage(self, what: str) -> None:
        if self._overall is not None:
            self._bars.update(self._overall, description=f"{self._prefix}{what}")


class _Lines(Progress):
    """Prints a line when a step begins or ends, and every few seconds in between."""

    def __init__(self, tenant: str) -> None:
        self._prefix = f"{tenant}/" if tenant else ""
        self._last_line: dict[str, float] = {}
        self._retries = 0
        self._lock = threading.Lock()

    def _print(self, text: str) -> None:
        with self._lock:
            typer.echo(escape_lines(f"{self._prefix}{text}"), err=True)

    def begin(self, collection: str) -> None:
        self._last_line[collection] = time.monotonic()

    def advance(self, collection: str, rows: int, total: int | None) -> None:
        if time.monotonic() - self._last_line.get(collection, 0.0) >= _INTERVAL:
            self._last_line[collection] = time.monotonic()
            self._print(f"{collection}: {rows:,}{'' if total is None else f' of {total:,}'} rows")

    def end(self, collection: str, rows: int) -> None:
        self._print(f"{collection}: {rows:,} {'row' if rows == 1 else 'rows'} fetched")

    def not_offered(self, collection: str, reason: str) -> None:
        self._print(f"{collection}: {reason}")

    def wait(self, seconds: float, reason: str) -> None:
        self._retries += 1
        # With many requests at a time, one line says it for all.
        if time.monotonic() - self._last_line.get("", -_INTERVAL) >= _INTERVAL:
            self._last_line[""] = time.monotonic()
            self._print(pause_words(seconds, reason, self._retries))

    def stage(self, what: str) -> None:
        self._print(f"{what} …")


def show_report(report: "PullReport", console: Console) -> None:
    """Print the summary of a pull: rows by file, notes and cost."""
    table = Table("file", box=None, pad_edge=False)
    table.add_column("fetched", justify="right")
    table.add_column("written", justify="right")
    for name, rows in report.written.items():
        fetched = report.fetched.get(name.partition(".")[0])
        table.add_row(name, "" if fetched is None else f"{fetched:,}", f"{rows:,}")
    for name, reason in report.manifest.not_offered.items():
        table.add_row(name, Text(reason, "yellow"))
    console.print(table)
    for (name, reason), number in sorted(report.rejects.items()):
        console.print(Text(f"{name}: {number:,} {reason}", "yellow"))
    for note in report.notes:
        console.print(Text(escape_lines(f"note: {note}")))
    if report.rejects_file is not None:
        console.print(Text(escape_unprintable(f"rejected records are listed by id in {report.rejects_file}")))
    retries = f" ({report.retries:,} of them retries)" if report.retries else ""
    kind = "changes" if report.manifest.kind == "changes" else "roster"
    requests = f"{report.requests:,} {'request' if report.requests == 1 else 'requests'}"
    console.print(
        Text(
            f"{escape_unprintable(str(report.destination))}: {kind} written; {requests}{retries},"
            f" {report.received / 1e6:,.1f} MB, {report.seconds:,.1f} s"
        )
    )


def show_tenants(results: Mapping[str, "PullReport | Exception"], console: Console, config: str) -> None:
    """Print one row for each tenant of a configuration file."""
    table = Table("tenant", "outcome", box=None, pad_edge=False)
    for name in ("rows", "requests", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("notes", overflow="fold")
    for tenant, result in results.items():
        # A name comes from a file or a table, and may look like markup.
        shown = Text(escape_unprintable(tenant))
        if isinstance(result, Exception):
            reason = safe_message(result, f"[tenants.{tenant}] of {config}")
            table.add_row(shown, Text("failed", "red"), "", "", "", Text(escape_lines(reason)))
            continue
        rows = sum(holding.rows for holding in result.manifest.collections.values())
        notes = Text(escape_lines(" ".join(result.notes)))
        table.add_row(shown, "written", f"{rows:,}", f"{result.requests:,}", f"{result.seconds:,.1f}", notes)
    console.print(table)


def safe_message(error: Exception, place: str) -> str:
    """Return the message of an error of this package, and what to do.

    Of other errors, return only the class, because they may quote a record.

    Args:
        error: The error.
        place: The place of the tenant's settings.
    """
    from oneroster.cli._error_hints import with_hint
    from oneroster.errors import OneRosterError

    if isinstance(error, OneRosterError):
        return with_hint(error, "pull", place)
    return f"internal error ({type(error).__name__})"


def show_preview(previews: "Sequence[CollectionPreview]", console: Console) -> None:
    """Print what would be fetched."""
    table = Table("collection", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    table.add_column("operation")
    table.add_column("left out", overflow="fold")
    for preview in previews:
        rows = "unknown" if preview.rows is None else f"{preview.rows:,}"
        table.add_row(
            preview.source.collection,
            Text(preview.reason, "yellow") if preview.reason else rows,
            preview.source.operation_id,
            ", ".join(preview.left_out),
        )
    console.print(table)
    console.print(Text("Nothing was written."))
