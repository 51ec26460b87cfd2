"""The output of `oneroster stats`."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.inspection.terminal_text import escape_unprintable

if TYPE_CHECKING:
    from oneroster.inspection.statistics import RosterStatistics

__all__ = ["show_statistics", "statistics_as_json"]

_SMALL_GROUP: Final = 5


def _grades(found: "RosterStatistics", show_personal: bool) -> dict[str, int | str]:
    return {
        grade: number if show_personal or number >= _SMALL_GROUP else f"<{_SMALL_GROUP}"
        for grade, number in found.grades.items()
    }


def statistics_as_json(found: "RosterStatistics", show_personal: bool) -> dict[str, Any]:
    """Return the statistics as JSON types."""
    return {
        "collections": {name: {"active": active, "deleted": deleted} for name, active, deleted in found.collections},
        "roles": found.roles,
        "enrollments": found.enrollments,
        "grades": _grades(found, show_personal),
        "schools": [school._asdict() for school in found.schools],
        "orphans": [orphans._asdict() for orphans in found.orphans],
    }


def show_statistics(found: "RosterStatistics", show_personal: bool) -> None:
    """Print the statistics."""
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
