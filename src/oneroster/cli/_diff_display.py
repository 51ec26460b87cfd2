"""The output of `oneroster diff`."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.inspection.masking import MASK, is_column_masked
from oneroster.inspection.record_rendering import cell_text
from oneroster.inspection.terminal_text import escape_unprintable

if TYPE_CHECKING:
    from oneroster.inspection.diff import CollectionDiff, RecordChange
    from oneroster_runtime.specification import Specification

__all__ = ["Values", "difference_as_json", "masked_values", "show_differences"]

Values = Callable[["CollectionDiff", "RecordChange"], Iterator[tuple[str, tuple[Any, Any]]]]
"""Yields the old and the new value of each changed column of a record."""

_MAX_VALUE: Final = 60


def masked_values(specification: "Specification", show_personal: bool) -> Values:
    """Return the function that yields the values to show: personal values are masked unless they are asked for."""
    return partial(_values, specification, show_personal)


def difference_as_json(found: "list[CollectionDiff]", values: Values) -> dict[str, Any]:
    """Return the differences as JSON types."""
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


def show_differences(found: "list[CollectionDiff]", values: Values) -> None:
    """Print the differences."""
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


def _lines(difference: "CollectionDiff", values: Values) -> Iterator[str]:
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
