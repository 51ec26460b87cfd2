"""Checks of a new roster before it is published: its size, its references, and its unreadable records."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.roster.columns import KEY_COLUMN, columns_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.rejects import UNREADABLE, UNRESOLVED, Reject, Rejects
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["RosterSurvey", "SanityLimits", "exceeded_limits", "excessive_deletions", "shrunk_collections", "survey"]


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


class RosterSurvey(NamedTuple):
    """What one reading of a roster shows.

    Attributes:
        rows: The number of rows by element.
        checked: The number of references checked, by collection and field.
    """

    rows: dict[str, int]
    checked: dict[tuple[str, str], int]


def survey(roster: Roster, rejects: Rejects | None, partial: Collection[str] = ()) -> RosterSurvey:
    """Read every collection of a roster once: count its rows, and check its references to other collections.

    Args:
        roster: The roster.
        rejects: Receives the unresolved references; None to check no references.
        partial: Collections that were fetched in part; references to them are not checked.
    """
    references: dict[str, list[_ReferenceColumn]] = {element: [] for element in roster.elements()}
    if rejects is not None:
        references = {element: _references_of(element, roster, partial) for element in references}
    check = _ReferenceCheck(roster, {each.to for found in references.values() for each in found})
    rows = {}
    for element in roster.elements():
        rows[element] = 0
        for batch in roster.read(element):
            rows[element] += batch.num_rows
            check.add(element, batch, references[element])
        check.complete(element)
    unresolved = check.unresolved()
    if rejects is not None:
        rejects.add(unresolved)
    return RosterSurvey(rows, check.checked)


class _ReferenceCheck:
    """Checks references while the collections are read, each as soon as all ids of the other collection are known."""

    def __init__(self, roster: Roster, referenced: Collection[str]) -> None:
        self._specification = roster.manifest.specification
        self._keys: dict[str, list[pa.Array]] = {element: [] for element in referenced}
        self._ids: dict[str, pa.Array] = {}
        self._waiting: list[tuple[str, _ReferenceColumn, pa.Array, pa.Array]] = []
        self._unresolved: list[Reject] = []
        self.checked: dict[tuple[str, str], int] = {}

    def add(self, element: str, batch: pa.RecordBatch, references: Iterable[_ReferenceColumn]) -> None:
        """Take the ids and references of a batch."""
        if element in self._keys:
            self._keys[element].append(_copied(batch.column(KEY_COLUMN)))
        for reference in references:
            owners, values = _present(batch, reference)
            if reference.to in self._ids:
                self._check(element, reference, owners, values)
            else:
                self._waiting.append((element, reference, owners, values))

    def complete(self, element: str) -> None:
        """Note that all batches of an element were added."""
        if element in self._keys:
            self._ids[element] = pa.chunked_array(self._keys.pop(element), pa.string()).combine_chunks()

    def unresolved(self) -> list[Reject]:
        """Return the unresolved references, after all elements are complete."""
        for element, reference, owners, values in self._waiting:
            self._check(element, reference, owners, values)
        self._waiting = []
        return self._unresolved

    def _check(self, element: str, reference: _ReferenceColumn, owners: pa.Array, values: pa.Array) -> None:
        name = collection_name(self._specification, element)
        self.checked[name, reference.field] = self.checked.get((name, reference.field), 0) + len(values)
        self._unresolved += [
            Reject(name, owner, reference.field, UNRESOLVED, kept=True, refers_to=target)
            for owner, target in _unresolved_of(owners, values, self._ids[reference.to])
        ]


def _references_of(element: str, roster: Roster, partial: Collection[str]) -> list[_ReferenceColumn]:
    specification = roster.manifest.specification
    elements = {each for each in roster.elements() if collection_name(specification, each) not in partial}
    present = set(roster.schema(element).names)
    return [
        _ReferenceColumn(
            column.name, column.property.name, column.property.refers_to, column.property.kind == "references"
        )
        for column in columns_of(specification, element)
        if column.name in present and column.property is not None and column.property.refers_to in elements
    ]


def _copied(values: pa.Array) -> pa.Array:
    # A column of a batch keeps the memory of the whole batch.
    return pa.concat_arrays([values, values.slice(0, 0)])


def _present(batch: pa.RecordBatch, reference: _ReferenceColumn) -> tuple[pa.Array, pa.Array]:
    """Return the owners and the targets of the references in a batch, without missing ones, as copies."""
    values, owners = batch.column(reference.column), batch.column(KEY_COLUMN)
    if reference.many:
        owners = owners.take(pc.list_parent_indices(values))
        values = pc.list_flatten(values)
    valid = pc.is_valid(values)
    return owners.filter(valid), values.filter(valid)


def _unresolved_of(owners: pa.Array, values: pa.Array, ids: pa.Array) -> list[tuple[str, str]]:
    """Return owner and target of the unresolved references."""
    lost = pc.invert(pc.is_in(values, value_set=ids))
    if not pc.any(lost).as_py():
        return []
    owners, values = owners.filter(lost), values.filter(lost)
    # Some servers put spaces around ids in some records; the collection walk treats such ids as equal, too.
    lost = pc.invert(pc.is_in(pc.utf8_trim_whitespace(values), value_set=pc.utf8_trim_whitespace(ids)))
    return list(zip(owners.filter(lost).to_pylist(), values.filter(lost).to_pylist(), strict=True))
