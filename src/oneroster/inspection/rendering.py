"""Records as they come, told in one of the forms that a person or a program asks for."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["WRITERS", "as_table", "cell", "printable"]

Row = Mapping[str, Any]

_WIDEST: Final = 40
"""Characters of a cell of a table of many records."""
_NARROWEST: Final = 8
"""Characters below which a column tells nothing."""


def as_csv(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[str]:
    """Lines of CSV under a header; references as ids, lists joined by commas."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row.get(name)) for name in columns])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def as_ndjson(rows: Iterable[Row], _columns: Sequence[str]) -> Iterator[str]:
    """Each record as one line of JSON, as the server sends it."""
    for row in rows:
        yield f"{json.dumps(row)}\n"


def as_json(rows: Iterable[Row], _columns: Sequence[str]) -> Iterator[str]:
    """One JSON array of the records."""
    before = "[\n"
    for row in rows:
        yield f"{before}{json.dumps(row, indent=2)}"
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


WRITERS: Final[Mapping[str, Callable[[Iterable[Row], Sequence[str]], Iterator[str]]]] = {
    "json": as_json,
    "csv": as_csv,
    "ndjson": as_ndjson,
}
"""The forms for programs, by the name of ``--format``. All of them stream."""


def as_table(console: Console, rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """Print records as a table; a single one as a list of its fields.

    Args:
        console: Where to.
        rows: The records.
        columns: The fields in question; those without a value in any row are left out.

    Returns:
        The fields for which a terminal of this width had no room.
    """
    filled = [name for name in columns if any(row.get(name) is not None for row in rows)]
    if len(rows) == 1:
        console.print(_fields_of(rows[0], filled))
        return []
    texts = [[_shortened(printable(cell(row.get(name)))) for name in filled] for row in rows]
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
        # Nothing limits a line there, and a cut one would be of no use.
        console.width = max(console.width, sum(widths) + 2 * len(widths))
    console.print(table)
    return filled[fitting:]


def _fields_of(row: Row, names: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name in names:
        table.add_row(Text(name), Text(printable(cell(row.get(name)))))
    return table


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _fitting(widths: Sequence[int], room: int) -> int:
    """How many columns a terminal of so many characters shows without squeezing any of them to nothing."""
    used = 0
    for index, width in enumerate(widths):
        used += min(width, 2 * _NARROWEST) + 2
        if used > room and index:
            return index
    return len(widths)


def cell(value: Any) -> str:
    """A value by wire form as text: a reference as its id, a list joined by commas, an object as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(cell(item) for item in value)
    if isinstance(value, dict):
        return str(value["sourcedId"]) if "sourcedId" in value else json.dumps(value)
    return str(value)


def printable(text: str) -> str:
    """The text with what would move a terminal's cursor, or turn its direction of writing, written out."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
