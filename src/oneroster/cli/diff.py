"""`oneroster diff`: compare two pulled rosters."""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.cli import USAGE
from oneroster.errors import OneRosterError
from oneroster.inspection.masking import MASK, is_column_masked
from oneroster.inspection.rendering import cell_text, escape_unprintable

if TYPE_CHECKING:
    # Imported when the command runs: the other commands do not need Arrow and DuckDB.
    from oneroster.inspection.diff import CollectionDiff, RecordChange
    from oneroster_runtime.specification import Specification

HELP = """Compare two pulled rosters of any format: added, removed and changed records, and the fields that changed.

Shows ids, field names and values. Personal values show as `***` unless `--show-personal` is given; passwords are always
masked. Memory use is bounded, regardless of the size of the rosters.

Exit status: 0 the rosters are equal, 1 they differ, 2 wrong usage or a roster that cannot be read, 130 interrupted.

Examples:

- `oneroster diff yesterday.parquet today.parquet` counts the changes in each collection and lists the first ones

- `oneroster diff yesterday.zip today.duckdb --limit 0 --format json` lists all changes, for a program

- `oneroster diff yesterday.parquet today.parquet --only users --show-personal` shows names and email addresses
"""

INTERRUPTED: Final = 130

_Values = Callable[["CollectionDiff", "RecordChange"], Iterator[tuple[str, tuple[Any, Any]]]]
_MAX_VALUE: Final = 60

Old = Annotated[Path, typer.Argument(metavar="OLD", help="The file or folder of the old roster.", show_default=False)]
New = Annotated[Path, typer.Argument(metavar="NEW", help="The file or folder of the new roster.", show_default=False)]
Only = Annotated[list[str] | None, typer.Option(metavar="COLLECTION", help="Only this collection (repeatable).")]
Limit = Annotated[
    int, typer.Option(min=0, help="Maximum records to list for each kind of change and collection; 0 for all.")
]
Format = Annotated[Literal["table", "json"], typer.Option("--format", help="The output format.")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="Show personal values unmasked.")]


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
    """Compare two rosters, print the differences, and exit with a status."""
    from oneroster.inspection.diff import diff_rosters
    from oneroster.pull.formats import format_of

    try:
        old_roster, new_roster = (format_of(path).open(path) for path in (old, new))
        found = list(diff_rosters(old_roster, new_roster, limit, only or ()))
    except OneRosterError as error:
        typer.echo(f"oneroster diff: {error}", err=True)
        raise typer.Exit(USAGE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    values = partial(_values, new_roster.manifest.specification, show_personal)
    if format_ == "json":
        sys.stdout.write(json.dumps(_document(found, values), indent=2, default=str) + "\n")
    else:
        _show(found, values)
    raise typer.Exit(0 if all(difference.is_same for difference in found) else 1)


def _document(found: "list[CollectionDiff]", values: _Values) -> dict[str, Any]:
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
                        {"sourcedId": change.sourced_id, "fields": dict(values(difference, change))}
                        for change in difference.changes
                    ],
                },
                "not_compared": difference.one_sided,
            }
            for difference in found
        },
    }


def _values(
    specification: "Specification", show_personal: bool, difference: "CollectionDiff", change: "RecordChange"
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the old and the new value of each changed column, masked unless personal values are shown."""
    for name, pair in change.fields.items():
        hidden = is_column_masked(specification, difference.element, name, show_personal)
        # Missing values are shown as missing: whether a field has a value is not personal.
        yield name, tuple(MASK if hidden and value is not None else value for value in pair)  # type: ignore[misc]  # a pair stays one


def _show(found: "list[CollectionDiff]", values: _Values) -> None:
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
        for line in _lines(difference, values):
            console.print(Text(line), soft_wrap=True)
    one_sided = dict.fromkeys(name for difference in found for name in difference.one_sided)
    if one_sided:
        console.print(Text(f"\nNot compared, because only one roster has them: {', '.join(one_sided)}"), soft_wrap=True)
    if all(difference.is_same for difference in found):
        console.print("\nNo differences.")


def _lines(difference: "CollectionDiff", values: _Values) -> Iterator[str]:
    """Describe the changes of one collection in the style of a patch."""
    if not difference.is_same:
        fields = ", ".join(f"{name} {number:,}" for name, number in difference.fields.items())
        yield f"\n{difference.collection}{f' (changed: {fields})' if fields else ''}"
    yield from (f"  - {escape_unprintable(sourced_id)}" for sourced_id in difference.removed_ids)
    yield from (f"  + {escape_unprintable(sourced_id)}" for sourced_id in difference.added_ids)
    for change in difference.changes:
        yield f"  ~ {escape_unprintable(change.sourced_id)}"
        for name, (before, after) in values(difference, change):
            yield f"      {name}: {_shortened(before)} → {_shortened(after)}"
    kinds = ((difference.removed, difference.removed_ids), (difference.added, difference.added_ids))
    remaining = sum(number - len(listed) for number, listed in kinds) + difference.changed - len(difference.changes)
    if remaining:
        yield f"  … and {remaining:,} more; --limit 0 lists all"


def _shortened(value: Any) -> str:
    text = escape_unprintable(cell_text(value)) if value is not None else "(no value)"
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"
