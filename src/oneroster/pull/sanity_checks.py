"""Whether a roster may be put in place: it did not shrink, its references lead somewhere, its records could be read."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.roster.columns import KEY, columns_of
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.rejects import UNREADABLE, UNRESOLVED, Reject, Rejects
from oneroster.pull.roster.roster import Roster, wrapper_of

__all__ = ["SanityLimits", "failed_limits", "note_unresolved", "shrunk_collections", "too_many_deletions"]


class SanityLimits(NamedTuple):
    """How wrong a roster may look and still be put in place; shares from 0 to 1.

    Attributes:
        shrink: Of the rows that a collection had before, how many may be gone.
        unreadable: Of the records of a collection, how many may have something that cannot be read.
        unresolved: Of the references of a collection to another, how many may lead nowhere.
    """

    shrink: float = 0.2
    unreadable: float = 0.01
    unresolved: float = 0.05


class _References(NamedTuple):
    """A column of ids, and the element they belong to."""

    column: str
    field: str
    to: str
    many: bool


def failed_limits(
    manifest: Manifest, rejects: Rejects, checked: Mapping[tuple[str, str], int], bounds: SanityLimits
) -> list[str]:
    """What of the records of a roster is beyond the bounds, one sentence each.

    Args:
        manifest: What is known of the roster.
        rejects: What was wrong with its records.
        checked: By collection and field, the references that were looked up.
        bounds: How many may be wrong.
    """
    found = []
    for name, holding in manifest.collections.items():
        bad = rejects.of(name, UNREADABLE)
        if bad > bounds.unreadable * max(holding.rows, 1):
            found.append(f"{name}: {bad} fields or records could not be read, in {holding.rows} rows.")
        looked_up = sum(number for (collection, _), number in checked.items() if collection == name)
        astray = rejects.of(name, UNRESOLVED)
        if astray > bounds.unresolved * max(looked_up, 1):
            found.append(f"{name}: {astray} of {looked_up} references lead nowhere.")
    return found


def shrunk_collections(new: Manifest, old: Manifest, bounds: SanityLimits) -> list[str]:
    """Which collections lost more rows than they may, one sentence each."""
    found = []
    for name, before in old.collections.items():
        now = new.collections[name].rows if name in new.collections else 0
        if now < before.rows * (1 - bounds.shrink):
            why = f" ({new.not_offered[name]})" if name in new.not_offered else ""
            found.append(f"{name}: {now} rows now{why}, {before.rows} before.")
    return found


def too_many_deletions(deletions: Mapping[str, tuple[int, int]], bounds: SanityLimits) -> list[str]:
    """Of which elements the changes delete more than they may, one sentence each.

    Args:
        deletions: By element, how many rows are deleted, and how many there were.
        bounds: How many may be.
    """
    return [
        f"{wrapper_of(element)}: {gone} of {before} rows would be deleted."
        for element, (gone, before) in deletions.items()
        if before and gone > before * bounds.shrink
    ]


def note_unresolved(roster: Roster, rejects: Rejects, partial: Collection[str] = ()) -> dict[tuple[str, str], int]:
    """Look up every reference whose collection is in the roster; note those that lead nowhere.

    Args:
        roster: The roster.
        rejects: Where they are noted.
        partial: Collections that were fetched in part, so that a reference to them may lead out of the roster.

    Returns:
        By collection and field, how many were looked up.
    """
    checked: dict[tuple[str, str], int] = {}
    ids: dict[str, pa.ChunkedArray] = {}
    for element in roster.elements():
        references = [one for one in _references_of(element, roster) if wrapper_of(one.to) not in partial]
        for to in {reference.to for reference in references} - ids.keys():
            ids[to] = _ids_of(roster, to)
        for batch in roster.read(element) if references else ():
            for reference in references:
                looked_up, astray = _look_up(batch, reference, ids[reference.to])
                name = wrapper_of(element)
                checked[name, reference.field] = checked.get((name, reference.field), 0) + looked_up
                rejects.add(
                    Reject(name, owner, reference.field, UNRESOLVED, kept=True, refers_to=target)
                    for owner, target in astray
                )
    return checked


def _references_of(element: str, roster: Roster) -> list[_References]:
    held = set(roster.elements())
    there = set(roster.schema(element).names)
    return [
        _References(column.name, column.property.name, column.property.refers_to, column.property.kind == "references")
        for column in columns_of(element)
        if column.name in there and column.property is not None and column.property.refers_to in held
    ]


def _ids_of(roster: Roster, element: str) -> pa.ChunkedArray:
    chunks = [batch.column(KEY) for batch in roster.read(element)]
    return pa.chunked_array(chunks, pa.string()).combine_chunks()


def _look_up(batch: pa.RecordBatch, reference: _References, ids: pa.ChunkedArray) -> tuple[int, list[tuple[str, str]]]:
    values, owners = batch.column(reference.column), batch.column(KEY)
    if reference.many:
        owners = owners.take(pc.list_parent_indices(values))
        values = pc.list_flatten(values)
    looked_up = len(values) - values.null_count
    lost = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=ids)))
    if not pc.any(lost).as_py():
        return looked_up, []
    owners, values = owners.filter(lost), values.filter(lost)
    # Some servers put blanks around ids in places; the walk takes such ids for the same, too.
    still = pc.invert(pc.is_in(pc.utf8_trim_whitespace(values), value_set=pc.utf8_trim_whitespace(ids)))
    return looked_up, list(zip(owners.filter(still).to_pylist(), values.filter(still).to_pylist(), strict=True))
