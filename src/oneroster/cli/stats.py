"""`oneroster stats`: show statistics of a pulled roster."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.cli import USAGE
from oneroster.errors import OneRosterError
from oneroster.inspection.rendering import escape_unprintable

if TYPE_CHECKING:
    # Imported when the command runs: the other commands do not need Arrow and DuckDB.
    from oneroster.inspection.statistics import RosterStatistics

HELP = """Show statistics of a pulled roster: records by collection and by school, users by role, students by grade.
Also shows orphans: references to missing or deleted records, and classes and students without enrollments.

Shows ids and the names of schools, but no personal data. Fewer than five students of a grade show as `<5` unless
`--show-personal` is given, because members of small groups can be identified.

Exit status: 0 success, 2 wrong usage or a roster that cannot be read, 130 interrupted.

Examples:

- `oneroster stats today.parquet` shows all statistics

- `oneroster stats roster.zip --limit 0 --format json` lists the ids of all orphans, for a program
"""

INTERRUPTED: Final = 130
_SMALL_GROUP: Final = 5

Destination = Annotated[
    Path, typer.Argument(metavar="DESTINATION", help="The file or folder of the roster.", show_default=False)
]
Limit = Annotated[int, typer.Option(min=0, help="Maximum ids to list for each kind of orphans; 0 for all.")]
Format = Annotated[Literal["table", "json"], typer.Option("--format", help="The output format.")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="Show small numbers.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("stats", help=HELP)(stats)


def stats(
    destination: Destination, limit: Limit = 5, format_: Format = "table", show_personal: ShowPersonal = False
) -> None:
    """Compute and print the statistics of a roster."""
    from oneroster.inspection.statistics import compute_statistics
    from oneroster.pull.formats import format_of

    try:
        found = compute_statistics(format_of(destination).open(destination), limit)
    except OneRosterError as error:
        typer.echo(f"oneroster stats: {error}", err=True)
        raise typer.Exit(USAGE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if format_ == "json":
        sys.stdout.write(json.dumps(_document(found, show_personal), indent=2) + "\n")
    else:
        _show(found, show_personal)


def _grades(found: "RosterStatistics", show_personal: bool) -> dict[str, int | str]:
    return {
        grade: number if show_personal or number >= _SMALL_GROUP else f"<{_SMALL_GROUP}"
        for grade, number in found.grades.items()
    }


def _document(found: "RosterStatistics", show_personal: bool) -> dict[str, Any]:
    return {
        "collections": {name: {"active": active, "deleted": deleted} for name, active, deleted in found.collections},
        "roles": found.roles,
        "enrollments": found.enrollments,
        "grades": _grades(found, show_personal),
        "schools": [school._asdict() for school in found.schools],
        "orphans": [orphans._asdict() for orphans in found.orphans],
    }


def _show(found: "RosterStatistics", show_personal: bool) -> None:
    console = Console(highlight=False)
    _table(console, ("collection", "active", "deleted"), found.collections)
    for heading, counts in (
        ("users", found.roles),
        ("enrollments", found.enrollments),
        ("students of grade", _grades(found, show_personal)),
    ):
        _counts(console, heading, counts)
    headings = ("school", "name", "students", "teachers", "classes", "enrollments")
    _table(console, headings, found.schools, texts=2)
    if not found.orphans:
        console.print("No orphans.")
    for orphans in found.orphans:
        console.print(f"{orphans.number:,} {orphans.collection}: {orphans.what}")
        more = ["…"] if len(orphans.ids) < orphans.number else []
        console.print(Text("  " + "  ".join([*map(escape_unprintable, orphans.ids), *more])), soft_wrap=True)


def _counts(console: Console, heading: str, counts: Mapping[str, int | str]) -> None:
    if counts:
        _table(console, (heading, "number"), ((name or "none", number) for name, number in counts.items()))


def _table(console: Console, headings: Iterable[str], rows: Iterable[Iterable[Any]], texts: int = 1) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index < texts else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else escape_unprintable(cell or "")) for cell in row))
    console.print(table)
    console.print()
