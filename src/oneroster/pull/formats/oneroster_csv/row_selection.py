"""Select the rows that are written to a file of a bundle, and the references that they keep.

In a bulk bundle every reference leads to a row of the bundle (1 [A]), and deleted records are left out (3 [B]). A row
without a required value is left out and counted, never completed with invented data (6).
"""

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.formats.oneroster_csv.cell_writer import contains_any
from oneroster.pull.formats.oneroster_csv.csv_file import CsvFile
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.roster.list_columns import with_items
from oneroster.pull.roster.spelling import (
    ACTIVE,
    DELETED,
    is_active,
    is_blank,
    is_deleted,
    is_listed,
    standard_spelling,
)

__all__ = ["DEFAULTS", "BundleIds", "RowSelection"]

DEFAULTS = {"enabledUser": True, "classType": "scheduled"}
"""The values that are written for missing ones that CSV requires (5.4, 5.5)."""

_NOT_IN_BUNDLE = "refers to a row that is not in the bundle"


class BundleIds:
    """The sourcedIds of the rows of the bundle, by schema name, or by file for parts of records.

    Only those that others refer to are tracked.
    """

    def __init__(self) -> None:
        self._ids_by_element: dict[str, list[pa.Array]] = {}

    def track(self, element: str) -> None:
        """Start to collect the ids of an element, so that references to it can be checked."""
        self._ids_by_element[element] = []

    def add(self, element: str, ids: pa.Array) -> None:
        """Add the ids of rows of the bundle, if their element is tracked."""
        if element in self._ids_by_element:
            self._ids_by_element[element].append(ids)

    def tracks(self, element: str | None) -> bool:
        """Return whether references to an element can be checked."""
        return element in self._ids_by_element

    def contain(self, element: str, ids: pa.Array) -> pa.Array:
        """Return for each id whether it is in the bundle; true for null."""
        # Concatenate once: the largest lookup, the users of enrollments, only starts after all users are added.
        self._ids_by_element[element] = [pa.concat_arrays([*self._ids_by_element[element], pa.array([], pa.string())])]
        return pc.or_(pc.is_null(ids), pc.is_in(ids, value_set=self._ids_by_element[element][0]))


class RowSelection:
    """Selects the rows of one file.

    Args:
        file: The file.
        present: The columns of the roster.
        delta: Whether the bundle contains changes instead of a whole roster.
        ids: The ids of the rows written so far.
        losses: Counts the rows and references that are left out.
    """

    def __init__(self, file: CsvFile, present: Iterable[str], delta: bool, ids: BundleIds, losses: LossCounts) -> None:
        self._file, self._delta, self._ids, self._losses = file, delta, ids, losses
        self._present = [name for name in file.header if name in set(present)]
        self._references = {} if delta else self._find_references()
        self._enumerations = {name: listed for name in self._present if (listed := file.listed(name))}

    def _find_references(self) -> Mapping[str, str]:
        found = {}
        for name in self._present:
            element = self._file.refers_to(name)
            if self._file.name == "demographics" and name == "sourcedId":
                element = "User"
            if element is not None and self._ids.tracks(element):
                found[name] = element
        return found

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows to write, with the references that they keep."""
        batch = self._with_status(self._with_spelling(batch))
        batch = self._without_blanks(self._without_line_breaks(batch))
        for name, value in DEFAULTS.items():
            if name in self._file.required and name in self._present:
                batch = self._fill_default(batch, name, value)
        for name in self._present:
            if name in self._references:
                batch = self._resolve(batch, name, self._references[name])
        for name in self._present:
            if name in self._file.required:
                batch = self._require(batch, name)
        if self._file.name == "enrollments" and "role" in self._present:
            fits = is_listed(batch.column("role"), self._file.listed("role"), self._file.extension("role"))
            batch = self._keep(batch, fits, "role", "is not a valid role of an enrollment")
        return batch

    def _with_spelling(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Write values of enumerations as the standard does, where they differ in case or punctuation only."""
        for name, listed in self._enumerations.items():
            column = batch.column(name)
            if pa.types.is_list(column.type):
                spelt = with_items(column, standard_spelling(column.flatten(), listed))
            else:
                spelt = standard_spelling(column, listed)
            if spelt is not column and not spelt.equals(column):
                changed = pc.sum(pc.fill_null(pc.not_equal(_items(spelt), _items(column)), False)).as_py() or 0
                self._losses.count_values(self._file.name, name, "values written in the standard's spelling", changed)
                batch = _replace_column(batch, name, spelt)
        return batch

    def _with_status(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Bulk: keep active records. Delta: keep all, as ``active`` or ``tobedeleted`` (3 [A])."""
        if "status" not in self._present:
            return batch
        active, deleted = is_active(batch.column("status")), is_deleted(batch.column("status"))
        batch = self._keep(batch, pc.or_(active, deleted), "status", "has a value that the standard does not list")
        active = is_active(batch.column("status"))
        if self._delta:
            return _replace_column(batch, "status", pc.if_else(active, ACTIVE, DELETED))
        if pc.all(active).as_py() is not False:
            return batch
        self._losses.omit_rows(self._file.name, "not active", pc.sum(pc.invert(active)).as_py() or 0)
        return batch.filter(active)

    def _without_line_breaks(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        # CSV has no representation for a line break, and changing an id would break references.
        if not contains_any(batch.column("sourcedId"), b"\n", b"\r"):
            return batch
        broken = pc.match_substring_regex(batch.column("sourcedId"), "[\r\n]")
        return self._keep(batch, pc.invert(broken), "sourcedId", "contains a line break")

    def _without_blanks(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Write nothing for a text of white space only, which importers take for a value and refuse (2 [A]).

        An id is never changed.
        """
        for name in self._present:
            if name == "sourcedId":
                continue
            column = batch.column(name)
            if pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
                items = _without_white_space(column.flatten())
                found = items if items is None else with_items(column, items)
            else:
                found = _without_white_space(column) if pa.types.is_string(column.type) else None
            if found is None:
                continue
            blank = _items(found).null_count - _items(column).null_count
            self._losses.count_values(self._file.name, name, "texts of white space only left blank", blank)
            batch = _replace_column(batch, name, found)
        return batch

    def _fill_default(self, batch: pa.RecordBatch, name: str, value: object) -> pa.RecordBatch:
        column = batch.column(name)
        if not column.null_count:
            return batch
        shown = str(value).lower()
        self._losses.count_values(self._file.name, name, f"missing values written as {shown}", column.null_count)
        return _replace_column(batch, name, pc.fill_null(column, value))

    def _resolve(self, batch: pa.RecordBatch, name: str, element: str) -> pa.RecordBatch:
        column = batch.column(name)
        if pa.types.is_list(column.type):
            return self._resolve_list(batch, name, element)
        found = self._ids.contain(element, column)
        if name in self._file.required or name == "sourcedId":
            return self._keep(batch, found, name, _NOT_IN_BUNDLE)
        lost = len(found) - (pc.sum(found).as_py() or 0)
        if not lost:
            return batch
        self._losses.count_values(self._file.name, name, "references to rows that are not in the bundle left out", lost)
        return _replace_column(batch, name, pc.if_else(found, column, None))

    def _resolve_list(self, batch: pa.RecordBatch, name: str, element: str) -> pa.RecordBatch:
        column = batch.column(name)
        items = column.flatten()
        found = self._ids.contain(element, items)
        lost = len(found) - (pc.sum(found).as_py() or 0)
        if not lost:
            return batch
        self._losses.count_values(self._file.name, name, "references to rows that are not in the bundle left out", lost)
        known = set(items.filter(found).to_pylist())
        kept = [None if ids is None else [item for item in ids if item in known] for ids in column.to_pylist()]
        return _replace_column(batch, name, pa.array(kept, column.type))

    def _require(self, batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
        column = batch.column(name)
        filled = pc.is_valid(column)
        if pa.types.is_list(column.type):
            filled = _has_item(column)
        elif pa.types.is_string(column.type):
            filled = pc.invert(is_blank(column))
        elif pa.types.is_floating(column.type):
            filled = pc.fill_null(pc.is_finite(column), False)
        if self._delta and "status" in self._present:
            # Deletions are always written, even if the deleted record is incomplete.
            deleted = pc.equal(batch.column("status"), DELETED)
            blank = pc.sum(pc.and_(deleted, pc.invert(filled))).as_py() or 0
            self._losses.count_values(self._file.name, name, "required values of deleted records left blank", blank)
            filled = pc.or_(filled, deleted)
        return self._keep(batch, filled, name, "has no value")

    def _keep(self, batch: pa.RecordBatch, fits: pa.Array, name: str, reason: str) -> pa.RecordBatch:
        if pc.all(fits).as_py() is not False:
            return batch
        rejected = batch.filter(pc.invert(fits))
        missing = rejected.column(name).to_pylist() if reason == _NOT_IN_BUNDLE else ()
        ids = rejected.column("sourcedId").to_pylist()
        self._losses.reject_rows(self._file.name, name, reason, ids, missing, field=self._file.field(name))
        return batch.filter(fits)


def _replace_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    index = batch.schema.get_field_index(name)
    return batch.set_column(index, batch.schema.field(index), column)


def _without_white_space(texts: pa.Array) -> pa.Array | None:
    """Return texts with null for those of white space only; None if there is no such text."""
    blank = pc.fill_null(pc.utf8_is_space(texts), False)
    return pc.if_else(blank, None, texts) if pc.any(blank).as_py() else None


def _has_item(column: pa.Array) -> pa.Array:
    """Return for each list whether it has an item that is written."""
    filled = pc.greater(pc.fill_null(pc.list_value_length(column), 0), 0)
    if not pa.types.is_string(column.type.value_type) or not pc.any(is_blank(column.flatten())).as_py():
        return filled
    return pa.array([any(items or ()) for items in column.to_pylist()], pa.bool_())


def _items(column: pa.Array) -> pa.Array:
    return column.flatten() if pa.types.is_list(column.type) else column
