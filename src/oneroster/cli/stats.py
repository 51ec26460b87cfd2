"""`oneroster stats`: show statistics of a pulled roster."""

import json
import sys
from typing import Annotated, Literal

import typer

from oneroster.cli import USAGE
from oneroster.cli._command_class import command_class, fail
from oneroster.cli._command_list import COMMANDS
from oneroster.errors import OneRosterError

HELP = f"""{COMMANDS["stats"].summary}

Shows ids and the names of schools, but no personal data. Fewer than five students of a grade show as `<5` unless
`--show-personal` is given, because members of small groups can be identified.

Exit status: 0 success, 2 wrong usage or a roster that cannot be read, 130 interrupted.

Examples:

- `oneroster stats today.parquet` shows all statistics

- `oneroster stats roster.zip --limit 0 --format json` lists the ids of all orphans, for a program
"""

Destination = Annotated[
    str, typer.Argument(metavar="DESTINATION", help="The file or folder of the roster, or its URI.", show_default=False)
]
Limit = Annotated[int, typer.Option(min=0, help="Maximum ids to list for each kind of orphans; 0 for all.")]
Format = Annotated[Literal["table", "json"], typer.Option("--format", help="The output format.")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="Show small numbers.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("stats", help=HELP, cls=command_class())(stats)


def stats(
    destination: Destination, limit: Limit = 5, format_: Format = "table", show_personal: ShowPersonal = False
) -> None:
    """Compute and print the statistics of a roster."""
    from oneroster.cli._stats_display import show_statistics, statistics_as_json
    from oneroster.inspection.statistics import compute_statistics
    from oneroster.pull.formats.detection import open_destination

    try:
        found = compute_statistics(open_destination(destination), limit)
    except OneRosterError as error:
        fail("stats", str(error), USAGE)
    if format_ == "json":
        sys.stdout.write(json.dumps(statistics_as_json(found, show_personal), indent=2) + "\n")
    else:
        show_statistics(found, show_personal)
