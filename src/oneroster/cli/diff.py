"""`oneroster diff`: compare two pulled rosters."""

import json
import sys
from typing import Annotated, Literal

import typer

from oneroster.cli import USAGE
from oneroster.cli._command_class import command_class, fail
from oneroster.cli._command_list import COMMANDS
from oneroster.errors import OneRosterError

HELP = f"""{COMMANDS["diff"].summary}

Shows ids, field names and values. Personal values show as `***` unless `--show-personal` is given; passwords are always
masked. Memory use is bounded, regardless of the size of the rosters.

Exit status: 0 the rosters are equal, 1 they differ, 2 wrong usage or a roster that cannot be read, 130 interrupted.

Examples:

- `oneroster diff yesterday.parquet today.parquet` counts the changes in each collection and lists the first ones

- `oneroster diff yesterday.zip today.duckdb --limit 0 --format json` lists all changes, for a program

- `oneroster diff yesterday.parquet today.parquet --only users --show-personal` shows names and email addresses
"""

Old = Annotated[
    str, typer.Argument(metavar="OLD", help="The file or folder of the old roster, or its URI.", show_default=False)
]
New = Annotated[
    str, typer.Argument(metavar="NEW", help="The file or folder of the new roster, or its URI.", show_default=False)
]
Only = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only these collections (repeatable, or with commas).")
]
Limit = Annotated[
    int, typer.Option(min=0, help="Maximum records to list for each kind of change and collection; 0 for all.")
]
Format = Annotated[Literal["table", "json"], typer.Option("--format", help="The output format.")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="Show personal values unmasked.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("diff", help=HELP, cls=command_class(names=("only",)))(diff)


def diff(
    old: Old,
    new: New,
    only: Only = None,
    limit: Limit = 20,
    format_: Format = "table",
    show_personal: ShowPersonal = False,
) -> None:
    """Compare two rosters, print the differences, and exit with a status."""
    from oneroster.cli._diff_display import difference_as_json, masked_values, show_differences
    from oneroster.inspection.diff import diff_rosters
    from oneroster.pull.formats.detection import open_destination

    try:
        old_roster, new_roster = map(open_destination, (old, new))
        found = list(diff_rosters(old_roster, new_roster, limit, only or ()))
    except OneRosterError as error:
        fail("diff", str(error), USAGE)
    values = masked_values(new_roster.manifest.specification, show_personal)
    if format_ == "json":
        sys.stdout.write(json.dumps(difference_as_json(found, values), indent=2, default=str) + "\n")
    else:
        show_differences(found, values)
    raise typer.Exit(0 if all(difference.is_same for difference in found) else 1)
