"""The survey of a roster before it is written: its rows, its references, and the spelling of its enumerations."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.counts import count_of
from oneroster.pull.roster.columns import KEY_COLUMN, STATUS_COLUMN, columns_of, reference_column
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.list_columns import field_of_items
from oneroster.pull.roster.rejects import MAX_LISTED, UNRESOLVED, Reject, Rejects
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.roster.spelling import is_blank, is_deleted, standard_spelling, unlisted
from oneroster_runtime.specification import Property

__all__ = ["ReferenceCounts", "RosterSurvey", "survey"]


class ReferenceCounts(NamedTuple):
    """The references of one property.

    Attributes:
        required: Whether the document requires a value.
        checked: The number of references, and of records without a required one.
        missing: The number of records without a required reference.
        unresolved: The number of references that lead to no record.
    """

    required: bool = False
    checked: int = 0
    missing: int = 0
    unresolved: int = 0


class RosterSurvey(NamedTuple):
    """What one reading of a roster shows.

    Attributes:
        rows: The number of rows by element.
        references: The references by collection and property.
        respelled: The number of values that differ from the standard's in case or punctuation only, by collection and
            property.
        unlisted: The number of other values that the standard does not list.
        values: The number of values of required properties in records that are not deleted, by collection and
            property, as in ``users.username``; under ``status``, the number of these records.
    """

    rows: dict[str, int]
    references: dict[tuple[str, str], ReferenceCounts]
    respelled: dict[tuple[str, str], int]
    unlisted: dict[tuple[str, str], int]
    values: dict[str, int]

    def notes(self) -> list[str]:
        """Return the values that are not spelt as in the standard, one sentence for each property."""
        kinds = (
            (self.respelled, "value differs", "values differ", "from the standard's in case or punctuation"),
            (self.unlisted, "value is", "values are", "not listed by the standard"),
        )
        return [
            f"{name}.{field}: {count_of(number, one, several)} {what}; kept as sent."
            for counts, one, several, what in kinds
            for (name, field), number in sorted(counts.items())
        ]


class _ReferenceColumn(NamedTuple):
    """A column of ids, and the element that they reference; or a field of nested records with such ids."""

    column: str
    known: Property
    resolvable: bool
    records: Property | None = None
    field: str = ""

    @property
    def to(self) -> str:
        return self.known.refers_to or ""

    @property
    def name(self) -> str:
        return self.known.name if self.records is None else f"{self.records.name}.{self.known.name}"

    @property
    def many(self) -> bool:
        return self.known.kind == "references" or self.records is not None

    @property
    def required(self) -> bool:
        return all(each.required for each in (self.known, self.records or self.known))

    def values(self, batch: pa.RecordBatch) -> pa.Array:
        column = batch.column(self.column)
        return column if self.records is None else field_of_items(column, self.field)


def survey(roster: Roster, rejects: Rejects, partial: Collection[str] | None = ()) -> RosterSurvey:
    """Read every collection of a roster once: count its rows, and check its references to other collections.

    A required reference without a value counts like one that leads to no record, unless the record is deleted. It does
    so however certain it is that the standard requires it: a limit can be set for one property, a wrong roster cannot
    be recalled.

    Args:
        roster: The roster.
        rejects: Receives the unresolved references.
        partial: Collections that were fetched in part; references to them are only checked for a value. None if all
            of them were.
    """
    references = {element: _references_of(element, roster, partial) for element in roster.elements()}
    enumerations, values = _EnumerationCheck(roster), _ValueCounts(roster)
    check = _ReferenceCheck(roster, {each.to for found in references.values() for each in found if each.resolvable})
    rows = {}
    for element in roster.elements():
        rows[element] = 0
        for batch in roster.read(element):
            rows[element] += batch.num_rows
            check.add(element, batch, references[element])
            enumerations.add(element, batch)
            values.add(element, batch)
        check.complete(element)
    check.finish(rejects)
    return RosterSurvey(
        rows, check.counts, dict(enumerations.respelled), dict(enumerations.unlisted), dict(values.counts)
    )


class _EnumerationCheck:
    """Counts the values of enumerations that are not spelt as in the standard."""

    def __init__(self, roster: Roster) -> None:
        self._specification = roster.manifest.specification
        self.respelled: Counter[tuple[str, str]] = Counter()
        self.unlisted: Counter[tuple[str, str]] = Counter()

    def add(self, element: str, batch: pa.RecordBatch) -> None:
        """Count the values of a batch."""
        for column in columns_of(self._specification, element):
            known = column.property
            if known is None or known.enumeration is None or column.name not in batch.schema.names:
                continue
            values = batch.column(column.name)
            values = values.flatten() if pa.types.is_list(values.type) else values
            listed = self._specification.enumerations[known.enumeration]
            extension = self._specification.extensions.get(known.enumeration)
            number = unlisted(values, listed, extension)
            if number:
                key = collection_name(self._specification, element), known.name
                unknown = unlisted(standard_spelling(values, listed), listed, extension)
                self.respelled += Counter({key: number - unknown})
                self.unlisted += Counter({key: unknown})


class _ValueCounts:
    """Counts the values of required properties, however certain it is that the standard requires them."""

    def __init__(self, roster: Roster) -> None:
        self._specification = roster.manifest.specification
        self.counts: Counter[str] = Counter()

    def add(self, element: str, batch: pa.RecordBatch) -> None:
        """Count the values of a batch."""
        names, collection = set(batch.schema.names), collection_name(self._specification, element)
        kept = None
        if STATUS_COLUMN in names:
            kept = pc.invert(is_deleted(batch.column(STATUS_COLUMN)))
        self.counts[f"{collection}.{STATUS_COLUMN}"] += batch.num_rows if kept is None else pc.sum(kept).as_py() or 0
        for column in columns_of(self._specification, element):
            known = column.property
            if known is None or not known.required or column.name not in names - {KEY_COLUMN, STATUS_COLUMN}:
                continue
            values = batch.column(column.name) if kept is None else batch.column(column.name).filter(kept)
            self.counts[f"{collection}.{known.name}"] += len(values) - (pc.sum(_is_empty(values)).as_py() or 0)


class _ReferenceCheck:
    """Checks references while the collections are read, each as soon as all ids of the other collection are known."""

    def __init__(self, roster: Roster, referenced: Collection[str]) -> None:
        self._specification = roster.manifest.specification
        self._keys: dict[str, list[pa.Array]] = {element: [] for element in referenced}
        self._ids: dict[str, pa.Array] = {}
        self._waiting: list[tuple[str, _ReferenceColumn, pa.Array, pa.Array]] = []
        self._listed: list[Reject] = []
        self._number_listed: Counter[str] = Counter()
        self._unlisted: Counter[tuple[str, str]] = Counter()
        self.counts: dict[tuple[str, str], ReferenceCounts] = {}

    def add(self, element: str, batch: pa.RecordBatch, references: Iterable[_ReferenceColumn]) -> None:
        """Take the ids and references of a batch."""
        if element in self._keys:
            self._keys[element].append(_copied(batch.column(KEY_COLUMN)))
        for reference in references:
            if reference.required:
                self._check_presence(element, batch, reference)
            if not reference.resolvable:
                continue
            owners, values = _present(batch, reference)
            if reference.to in self._ids:
                self._check(element, reference, owners, values)
            else:
                self._waiting.append((element, reference, owners, values))

    def complete(self, element: str) -> None:
        """Note that all batches of an element were added."""
        if element in self._keys:
            self._ids[element] = pa.chunked_array(self._keys.pop(element), pa.string()).combine_chunks()

    def finish(self, rejects: Rejects) -> None:
        """Check the remaining references, after all elements are complete, and report what was found."""
        for element, reference, owners, values in self._waiting:
            self._check(element, reference, owners, values)
        self._waiting = []
        rejects.add(self._listed)
        for (name, field), number in self._unlisted.items():
            rejects.count(name, UNRESOLVED, number, field)

    def _check_presence(self, element: str, batch: pa.RecordBatch, reference: _ReferenceColumn) -> None:
        empty = _is_empty(reference.values(batch))
        if STATUS_COLUMN in batch.schema.names:
            empty = pc.and_(empty, pc.invert(is_deleted(batch.column(STATUS_COLUMN))))
        owners = batch.column(KEY_COLUMN).filter(empty)
        self._count(element, reference, len(owners), missing=len(owners))
        self._list(element, reference, owners.to_pylist(), [None] * len(owners))

    def _check(self, element: str, reference: _ReferenceColumn, owners: pa.Array, values: pa.Array) -> None:
        owners, targets = _unresolved_of(owners, values, self._ids[reference.to])
        self._count(element, reference, len(values), unresolved=len(targets))
        self._list(element, reference, owners, targets)

    def _count(
        self, element: str, reference: _ReferenceColumn, checked: int, missing: int = 0, unresolved: int = 0
    ) -> None:
        key = collection_name(self._specification, element), reference.name
        before = self.counts.get(key, ReferenceCounts(reference.required))
        self.counts[key] = ReferenceCounts(
            reference.required, before.checked + checked, before.missing + missing, before.unresolved + unresolved
        )

    def _list(
        self, element: str, reference: _ReferenceColumn, owners: Sequence[str], targets: Sequence[str | None]
    ) -> None:
        name, field = collection_name(self._specification, element), reference.name
        room = max(MAX_LISTED - self._number_listed[name], 0)
        self._listed += [
            Reject(name, owner, field, UNRESOLVED, kept=True, refers_to=target)
            for owner, target in zip(owners[:room], targets[:room], strict=True)
        ]
        self._number_listed[name] += len(owners[:room])
        if len(owners) > room:
            self._unlisted[name, field] += len(owners) - room


def _references_of(element: str, roster: Roster, partial: Collection[str] | None) -> list[_ReferenceColumn]:
    specification = roster.manifest.specification
    whole: set[str] = set()
    if partial is not None:
        whole = {each for each in roster.elements() if collection_name(specification, each) not in partial}
    present = set(roster.schema(element).names)
    found = []
    for column in columns_of(specification, element):
        known = column.property
        if column.name not in present or known is None:
            continue
        if known.refers_to is not None:
            found.append(_ReferenceColumn(column.name, known, known.refers_to in whole))
        nested = specification.elements[known.record or ""].properties.values() if known.kind == "records" else ()
        for inner in nested:
            if inner.refers_to is not None and inner.kind == "reference":
                field = reference_column(inner)
                found.append(_ReferenceColumn(column.name, inner, inner.refers_to in whole, known, field))
    return found


def _is_empty(column: pa.Array) -> pa.Array:
    """Return for each cell whether it holds no reference or other value."""
    if pa.types.is_list(column.type):
        return pc.equal(pc.fill_null(pc.list_value_length(column), 0), 0)
    return is_blank(column) if pa.types.is_string(column.type) else pc.is_null(column)


def _copied(values: pa.Array) -> pa.Array:
    # A column of a batch keeps the memory of the whole batch.
    return pa.concat_arrays([values, values.slice(0, 0)])


def _present(batch: pa.RecordBatch, reference: _ReferenceColumn) -> tuple[pa.Array, pa.Array]:
    """Return the owners and the targets of the references in a batch, without missing ones, as copies."""
    values, owners = reference.values(batch), batch.column(KEY_COLUMN)
    if reference.many:
        owners = owners.take(pc.list_parent_indices(values))
        values = pc.list_flatten(values)
    valid = pc.is_valid(values)
    if reference.required and not reference.many:
        # A required reference that is blank is counted as one without a value.
        valid = pc.and_(valid, pc.invert(is_blank(values)))
    return owners.filter(valid), values.filter(valid)


def _unresolved_of(owners: pa.Array, values: pa.Array, ids: pa.Array) -> tuple[list[str], list[str]]:
    """Return owner and target of the unresolved references."""
    lost = pc.invert(pc.is_in(values, value_set=ids))
    if not pc.any(lost).as_py():
        return [], []
    owners, values = owners.filter(lost), values.filter(lost)
    # Some servers put spaces around ids in some records; the collection walk treats such ids as equal, too.
    lost = pc.invert(pc.is_in(pc.utf8_trim_whitespace(values), value_set=pc.utf8_trim_whitespace(ids)))
    return owners.filter(lost).to_pylist(), values.filter(lost).to_pylist()
