"""Checks of a new roster before it is published: its size, its references, and its unreadable records."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.roster.columns import KEY_COLUMN, columns_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.rejects import UNREADABLE, UNRESOLVED, Reject, Rejects
from oneroster.pull.roster.roster import Roster

__all__ = ["SanityLimits", "collect_unresolved", "exceeded_limits", "excessive_deletions", "shrunk_collections"]


class SanityLimits(NamedTuple):
    """The limits of a roster that is published, as shares from 0 to 1.

    Attributes:
        shrink: The share of a collection's previous rows that may be missing.
        unreadable: The share of a collection's records that may have unreadable fields.
        unresolved: The share of a collection's references that may point to no record.
    """

    shrink: float = 0.2
    unreadable: float = 0.01
    unresolved: float = 0.05


class _ReferenceColumn(NamedTuple):
    """A column of ids, and the element that they reference."""

    column: str
    field: str
    to: str
    many: bool


def exceeded_limits(
    manifest: Manifest, rejects: Rejects, checked: Mapping[tuple[str, str], int], limits: SanityLimits
) -> list[str]:
    """Return the limits that the records of a roster exceed, one sentence each.

    Args:
        manifest: The manifest of the roster.
        rejects: The rejects of its records.
        checked: The number of references checked, by collection and field.
        limits: The limits.
    """
    found = []
    for name, collection in manifest.collections.items():
        unreadable = rejects.of(name, UNREADABLE)
        if unreadable > limits.unreadable * max(collection.rows, 1):
            found.append(
                f"{name}: {unreadable} fields or records could not be read, in {collection.rows} rows"
                f"{_fields_of(rejects, name, UNREADABLE)}; --max-unreadable accepts more."
            )
        references = sum(number for (checked_name, _), number in checked.items() if checked_name == name)
        unresolved = rejects.of(name, UNRESOLVED)
        if unresolved > limits.unresolved * max(references, 1):
            found.append(
                f"{name}: {unresolved} of {references} references could not be resolved"
                f"{_fields_of(rejects, name, UNRESOLVED)}; --max-unresolved accepts more."
            )
    return found


def _fields_of(rejects: Rejects, collection: str, reason: str) -> str:
    """Name the fields of the listed rejects of a collection, most frequent first."""
    fields = Counter(
        reject.field or "whole record"
        for reject in rejects
        if reject.collection == collection and reject.reason == reason
    )
    return f" ({', '.join(f'{field} {number}' for field, number in fields.most_common())})" if fields else ""


def shrunk_collections(new: Manifest, old: Manifest, limits: SanityLimits) -> list[str]:
    """Return the collections that lost more rows than the limit allows, one sentence each."""
    found = []
    for name, before in old.collections.items():
        rows = new.collections[name].rows if name in new.collections else 0
        if rows < before.rows * (1 - limits.shrink):
            reason = f" ({new.not_offered[name]})" if name in new.not_offered else ""
            found.append(f"{name}: {rows} rows now{reason}, {before.rows} before; --accept-shrink accepts it.")
    return found


def excessive_deletions(deletions: Mapping[str, tuple[int, int]], limits: SanityLimits) -> list[str]:
    """Return the collections that lose more rows by a delta than the limit allows, one sentence each.

    Args:
        deletions: The number of deleted rows and of rows before, by collection.
        limits: The limits.
    """
    return [
        f"{name}: {deleted} of {before} rows would be deleted; --accept-shrink accepts it."
        for name, (deleted, before) in deletions.items()
        if before and deleted > before * limits.shrink
    ]


def collect_unresolved(roster: Roster, rejects: Rejects, partial: Collection[str] = ()) -> dict[tuple[str, str], int]:
    """Check every reference to a collection of the roster, and reject those that cannot be resolved.

    Args:
        roster: The roster.
        rejects: Receives the unresolved references.
        partial: Collections that were fetched in part; references to them are not checked.

    Returns:
        The number of references checked, by collection and field.
    """
    specification = roster.manifest.specification
    checked: dict[tuple[str, str], int] = {}
    ids: dict[str, pa.ChunkedArray] = {}
    for element in roster.elements():
        name = collection_name(specification, element)
        references = [
            reference
            for reference in _references_of(element, roster)
            if collection_name(specification, reference.to) not in partial
        ]
        for to in {reference.to for reference in references} - ids.keys():
            ids[to] = _ids_of(roster, to)
        for batch in roster.read(element) if references else ():
            for reference in references:
                number, unresolved = _unresolved_of(batch, reference, ids[reference.to])
                checked[name, reference.field] = checked.get((name, reference.field), 0) + number
                rejects.add(
                    Reject(name, owner, reference.field, UNRESOLVED, kept=True, refers_to=target)
                    for owner, target in unresolved
                )
    return checked


def _references_of(element: str, roster: Roster) -> list[_ReferenceColumn]:
    elements = set(roster.elements())
    present = set(roster.schema(element).names)
    return [
        _ReferenceColumn(
            column.name, column.property.name, column.property.refers_to, column.property.kind == "references"
        )
        for column in columns_of(roster.manifest.specification, element)
        if column.name in present and column.property is not None and column.property.refers_to in elements
    ]


def _ids_of(roster: Roster, element: str) -> pa.ChunkedArray:
    chunks = [batch.column(KEY_COLUMN) for batch in roster.read(element)]
    return pa.chunked_array(chunks, pa.string()).combine_chunks()


def _unresolved_of(
    batch: pa.RecordBatch, reference: _ReferenceColumn, ids: pa.ChunkedArray
) -> tuple[int, list[tuple[str, str]]]:
    """The number of references in a batch, and owner and target of the unresolved ones."""
    values, owners = batch.column(reference.column), batch.column(KEY_COLUMN)
    if reference.many:
        owners = owners.take(pc.list_parent_indices(values))
        values = pc.list_flatten(values)
    number = len(values) - values.null_count
    lost = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=ids)))
    if not pc.any(lost).as_py():
        return number, []
    owners, values = owners.filter(lost), values.filter(lost)
    # Some servers put spaces around ids in some records; the collection walk treats such ids as equal, too.
    lost = pc.invert(pc.is_in(pc.utf8_trim_whitespace(values), value_set=pc.utf8_trim_whitespace(ids)))
    return number, list(zip(owners.filter(lost).to_pylist(), values.filter(lost).to_pylist(), strict=True))
