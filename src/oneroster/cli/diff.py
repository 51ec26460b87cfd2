"""`oneroster diff`: two pulled rosters side by side."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.cli import USAGE
from oneroster.errors import OneRosterError
from oneroster.inspection.masking import MASK, is_masked
from oneroster.inspection.rendering import cell, printable

if TYPE_CHECKING:
    # Arrow and DuckDB are needed when it runs, and not for the sake of the other commands.
    from oneroster.inspection.diff import CollectionDiff, RecordChange

HELP = """Compare two pulled rosters, of any formats: which records came, went and changed, and in which fields.

Shows ids, field names and values; children's data shows as `***` unless `--show-personal` is given, passwords always.
Works in bounded memory, whatever the size.

Exit status: 0 the same, 1 they differ, 2 wrong usage or a place that cannot be read, 130 interrupted.

Examples:

- `oneroster diff yesterday.parquet today.parquet` counts what changed in each collection, and lists the first of it

- `oneroster diff yesterday.zip today.duckdb --limit 0 --format json` lists all of it, for a program

- `oneroster diff yesterday.parquet today.parquet --only users --show-personal` shows names and mails as they are
"""

INTERRUPTED: Final = 130
_LONGEST: Final = 60

Old = Annotated[Path, typer.Argument(metavar="OLD", help="The place of the roster that was.", show_default=False)]
New = Annotated[Path, typer.Argument(metavar="NEW", help="The place of the roster that is.", show_default=False)]
Only = Annotated[list[str] | None, typer.Option(metavar="COLLECTION", help="Only this; can be repeated.")]
Limit = Annotated[int, typer.Option(min=0, help="Records to list of each kind and collection; 0 for all.")]
Format = Annotated[Literal["table", "json"], typer.Option("--format", help="For people, or for programs.")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="Show personal values as they are.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("diff", help=HELP)(diff)


def diff(
    old: Old,
    new: New,
    only: Only = None,
    limit: Limit = 20,
    format_: Format = "table",
    show_personal: ShowPersonal = False,
) -> None:
    """Compare two places, and end with the status that says whether they differ."""
    from oneroster.inspection.diff import differences
    from oneroster.pull.formats import format_of

    try:
        before, after = (format_of(place).open(place) for place in (old, new))
        found = list(differences(before, after, limit, only or ()))
    except OneRosterError as error:
        typer.echo(f"oneroster diff: {error}", err=True)
        raise typer.Exit(USAGE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if format_ == "json":
        sys.stdout.write(json.dumps(_document(found, show_personal), indent=2, default=str) + "\n")
    else:
        _show(found, show_personal)
    raise typer.Exit(0 if all(difference.is_same for difference in found) else 1)


def _document(found: "list[CollectionDiff]", show_personal: bool) -> dict[str, Any]:
    return {
        "same": all(difference.is_same for difference in found),
        "collections": {
            difference.collection: {
                "rows": {"old": difference.rows[0], "new": difference.rows[1]},
                "added": {"count": difference.added, "ids": difference.added_ids},
                "removed": {"count": difference.removed, "ids": difference.removed_ids},
                "changed": {
                    "count": difference.changed,
                    "fields": difference.fields,
                    "records": [
                        {"sourcedId": change.sourced_id, "fields": dict(_values(difference, change, show_personal))}
                        for change in difference.changes
                    ],
                },
                "not_compared": difference.one_sided,
            }
            for difference in found
        },
    }


def _values(
    difference: "CollectionDiff", change: "RecordChange", show_personal: bool
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, pair in change.fields.items():
        hidden = is_masked(difference.element, name, show_personal)
        # What was absent shows as absent: that there is a value is no secret, and what it is stays one.
        yield name, tuple(MASK if hidden and value is not None else value for value in pair)  # type: ignore[misc]  # a pair stays one


def _show(found: "list[CollectionDiff]", show_personal: bool) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("collection")
    for heading in ("old", "new", "added", "removed", "changed"):
        table.add_column(heading, justify="right")
    for difference in found:
        numbers = (*difference.rows, difference.added, difference.removed, difference.changed)
        table.add_row(
            difference.collection, *(Text(f"{number:,}", style="" if number else "dim") for number in numbers)
        )
    console.print(table)
    for difference in found:
        for line in _lines(difference, show_personal):
            console.print(Text(line), soft_wrap=True)
    one_sided = dict.fromkeys(name for difference in found for name in difference.one_sided)
    if one_sided:
        console.print(Text(f"\nNot compared, for only one of them has it: {', '.join(one_sided)}"), soft_wrap=True)
    if all(difference.is_same for difference in found):
        console.print("\nThe same.")


def _lines(difference: "CollectionDiff", show_personal: bool) -> Iterator[str]:
    """What changed in one collection, as a patch would say it."""
    if not difference.is_same:
        fields = ", ".join(f"{name} {number:,}" for name, number in difference.fields.items())
        yield f"\n{difference.collection}{f' (changed: {fields})' if fields else ''}"
    yield from (f"  - {printable(sourced_id)}" for sourced_id in difference.removed_ids)
    yield from (f"  + {printable(sourced_id)}" for sourced_id in difference.added_ids)
    for change in difference.changes:
        yield f"  ~ {printable(change.sourced_id)}"
        for name, (before, after) in _values(difference, change, show_personal):
            yield f"      {name}: {_shortened(before)} → {_shortened(after)}"
    kinds = ((difference.removed, difference.removed_ids), (difference.added, difference.added_ids))
    left = sum(number - len(listed) for number, listed in kinds) + difference.changed - len(difference.changes)
    if left:
        yield f"  … and {left:,} more; --limit 0 lists all"


def _shortened(value: Any) -> str:
    text = printable(cell(value)) if value is not None else "nothing"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
