"""Lists that commands print: a table on a terminal, elsewhere one line for each entry, to be searched and cut."""

import sys
from collections.abc import Mapping, Sequence

import typer

__all__ = ["print_lines"]


def print_lines(rows: Sequence[Mapping[str, str]]) -> None:
    """Print a list whose entries have the same keys, with the values of each entry on one line.

    On a terminal the list is a table with headings, which wraps long values. Elsewhere it has no headings, nothing is
    wrapped, and the values are in columns two spaces apart.
    """
    if sys.stdout.isatty():
        _print_table(rows)
        return
    widths = {name: max(len(row[name]) for row in rows) for name in (rows[0] if rows else ())}
    for row in rows:
        typer.echo("  ".join(f"{value:{widths[name]}}" for name, value in row.items()).rstrip())


def _print_table(rows: Sequence[Mapping[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, name in enumerate(rows[0] if rows else ()):
        table.add_column(name, no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(Text, row.values()))
    Console(highlight=False).print(table)
