"""Lists that commands print: a table on a terminal, elsewhere one line for each entry, to be searched and cut."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_lines"]

NARROWEST: Final = 16
"""Characters that every column but the first needs, on average, for a table."""


def print_lines(rows: Sequence[Mapping[str, str]]) -> None:
    """Print a list whose entries have the same keys, with the values of each entry on one line.

    On a terminal the list is a table with headings, which wraps long values; on a narrow one each entry is a block.
    Elsewhere it has no headings, nothing is wrapped, and the values are in columns two spaces apart.
    """
    if sys.stdout.isatty():
        _print_table(rows)
        return
    widths = {name: max(len(row[name]) for row in rows) for name in (rows[0] if rows else ())}
    for row in rows:
        typer.echo("  ".join(f"{value:{widths[name]}}" for name, value in row.items()).rstrip())


def _print_table(rows: Sequence[Mapping[str, str]]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    names = list(rows[0]) if rows else []
    longest = max((len(row[name]) for row in rows for name in names[:1]), default=0)
    if console.width < longest + NARROWEST * (len(names) - 1):
        _print_blocks(rows, console)
    else:
        _print_columns(rows, console)


def _print_columns(rows: Sequence[Mapping[str, str]], console: "Console") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, name in enumerate(rows[0] if rows else ()):
        table.add_column(name, no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(Text, row.values()))
    console.print(table)


def _print_blocks(rows: Sequence[Mapping[str, str]], console: "Console") -> None:
    """Print each entry as its first value, and the others below it: columns would be too narrow to be read."""
    from rich.padding import Padding
    from rich.text import Text

    for row in rows:
        first, *others = row.values()
        console.print(Text(first, "bold"), soft_wrap=True)
        for value in filter(None, others):
            console.print(Padding(Text(value), (0, 0, 0, 2)))
