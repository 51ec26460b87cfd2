"""Render records as a table, CSV, JSON or NDJSON."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.inspection.terminal_text import escape_unprintable

__all__ = ["RECORD_WRITERS", "cell_text", "print_table"]

Row = Mapping[str, Any]

_MAX_CELL: Final = 40
"""Maximum characters of a cell in a table of several records."""
_MIN_CELL: Final = 8
"""Minimum characters for a column to be readable."""


def as_csv(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[str]:
    """Render CSV with a header: references as ids, lists joined by commas."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell_text(row.get(name)) for name in columns])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def as_ndjson(rows: Iterable[Row], _columns: Sequence[str]) -> Iterator[str]:
    """Render each record as one line of JSON, as the server sends it."""
    for row in rows:
        yield f"{json.dumps(row)}\n"


def as_json(rows: Iterable[Row], _columns: Sequence[str]) -> Iterator[str]:
    """Render the records as one JSON array."""
    separator = "[\n"
    for row in rows:
        yield f"{separator}{json.dumps(row, indent=2)}"
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


RECORD_WRITERS: Final[Mapping[str, Callable[[Iterable[Row], Sequence[str]], Iterator[str]]]] = {
    "json": as_json,
    "csv": as_csv,
    "ndjson": as_ndjson,
}
"""The functions that render records for programs, by value of ``--format``. All of them stream."""


def print_table(console: Console, rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """Print records as a table, or a single record as a list of its fields.

    Args:
        console: The console to print to.
        rows: The records.
        columns: The fields to show. Fields without a value in any record are omitted.

    Returns:
        The fields that do not fit into the width of the terminal.
    """
    filled = [name for name in columns if any(row.get(name) is not None for row in rows)]
    if len(rows) == 1:
        console.print(_fields_of(rows[0], filled))
        return []
    texts = [[_shortened(escape_unprintable(cell_text(row.get(name)))) for name in filled] for row in rows]
    widths = (
        [max(len(name), *(len(line[index]) for line in texts)) for index, name in enumerate(filled)] if rows else []
    )
    fitting = _fitting(widths, console.width) if console.is_terminal else len(filled)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in filled[:fitting]:
        table.add_column(Text(name), no_wrap=True, overflow="ellipsis")
    for line in texts:
        table.add_row(*map(Text, line[:fitting]))
    if not console.is_terminal:
        # Files and pipes have no width, and truncated lines would be useless there.
        console.width = max(console.width, sum(widths) + 2 * len(widths))
    console.print(table)
    return filled[fitting:]


def _fields_of(row: Row, names: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name in names:
        table.add_row(Text(name), Text(escape_unprintable(cell_text(row.get(name)))))
    return table


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 1]}…"


def _fitting(widths: Sequence[int], console_width: int) -> int:
    """Return how many columns fit into a terminal of a width."""
    used = 0
    for index, width in enumerate(widths):
        used += min(width, 2 * _MIN_CELL) + 2
        if used > console_width and index:
            return index
    return len(widths)


def cell_text(value: Any) -> str:
    """Render a JSON value as text: a reference as its id, a list joined by commas, an object as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(cell_text(item) for item in value)
    if isinstance(value, dict):
        return str(value["sourcedId"]) if "sourcedId" in value else json.dumps(value)
    return str(value)
