"""Which rows a file of a bundle gets, and which of their references it can keep.

Bulk is a closed set: every reference leads to a row of the bundle (1 [A]), and records that are deleted are not there
(3 [B]). A row that lacks what it must have is left out and counted, never filled with something made up (6).
"""

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.formats.oneroster_csv.binding import ENROLLED, File
from oneroster.pull.formats.oneroster_csv.cell_writer import holds
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts

__all__ = ["Ids", "RowSelection"]

_ASSUMED = {"enabledUser": True, "classType": "scheduled"}
"""What stands for an absent value that the binding demands (5.4, 5.5)."""

_NOT_IN_BUNDLE = "refers to no row of the bundle"


class Ids:
    """The ids of rows that are in the bundle, by schema name; only of elements that others refer to."""

    def __init__(self) -> None:
        self._known: dict[str, list[pa.Array]] = {}

    def begin(self, element: str) -> None:
        """From now on references to an element are held against its ids."""
        self._known[element] = []

    def add(self, element: str, ids: pa.Array) -> None:
        """Some more rows are in the bundle."""
        if element in self._known:
            self._known[element].append(ids)

    def knows(self, element: str | None) -> bool:
        """Whether references to an element can be judged."""
        return element in self._known

    def are_in(self, element: str, ids: pa.Array) -> pa.Array:
        """For each id whether it is in the bundle; also true for null."""
        # Joined once: what is looked up most, the users of enrollments, is complete by then.
        self._known[element] = [pa.concat_arrays([*self._known[element], pa.array([], pa.string())])]
        return pc.or_(pc.is_null(ids), pc.is_in(ids, value_set=self._known[element][0]))


class RowSelection:
    """Chooses the rows of one file.

    Args:
        file: The file.
        present: The columns that the roster has for it.
        delta: Whether changes are told and not a whole roster.
        ids: What is in the bundle by now.
        tally: Where to count.
    """

    def __init__(self, file: File, present: Iterable[str], delta: bool, ids: Ids, tally: LossCounts) -> None:
        self._file, self._delta, self._ids, self._tally = file, delta, ids, tally
        self._present = [name for name in file.header if name in set(present)]
        self._references = {} if delta else self._find_references()

    def _find_references(self) -> Mapping[str, str]:
        found = {}
        for name in self._present:
            known = self._file.column(name).property
            element = "User" if self._file.name == "demographics" and name == "sourcedId" else known and known.refers_to
            if element is not None and self._ids.knows(element):
                found[name] = element
        return found

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that the file gets, with what they keep."""
        batch = self._with_status(batch)
        batch = self._without_breaks(batch)
        for name, value in _ASSUMED.items():
            if name in self._file.required and name in self._present:
                batch = self._assume(batch, name, value)
        for name in self._present:
            if name in self._references:
                batch = self._resolve(batch, name, self._references[name])
        for name in self._present:
            if name in self._file.required:
                batch = self._demand(batch, name)
        if self._file.name == "enrollments" and "role" in self._present:
            fits = pc.is_in(batch.column("role"), value_set=pa.array(sorted(ENROLLED)))
            batch = self._keep(batch, fits, "role", "is none that an enrollment can have")
        return batch

    def _with_status(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Bulk: the active ones. Delta: all, with one of the two words for it (3 [A])."""
        if "status" not in self._present:
            return batch
        active = pc.equal(pc.fill_null(batch.column("status"), "active"), "active")
        if self._delta:
            return _with(batch, "status", pc.if_else(active, "active", "tobedeleted"))
        if pc.all(active).as_py() is not False:
            return batch
        self._tally.leave("not active", self._file.name, pc.sum(pc.invert(active)).as_py() or 0)
        return batch.filter(active)

    def _without_breaks(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        # An id must not be changed, and a line break has no form.
        if not holds(batch.column("sourcedId"), b"\n", b"\r"):
            return batch
        broken = pc.match_substring_regex(batch.column("sourcedId"), "[\r\n]")
        return self._keep(batch, pc.invert(broken), "sourcedId", "holds a line break")

    def _assume(self, batch: pa.RecordBatch, name: str, value: object) -> pa.RecordBatch:
        column = batch.column(name)
        if not column.null_count:
            return batch
        shown = str(value).lower()
        self._tally.note(self._file.name, name, f"absent values are written as {shown}", column.null_count)
        return _with(batch, name, pc.fill_null(column, value))

    def _resolve(self, batch: pa.RecordBatch, name: str, element: str) -> pa.RecordBatch:
        column = batch.column(name)
        if pa.types.is_list(column.type):
            return self._resolve_list(batch, name, element)
        found = self._ids.are_in(element, column)
        if name in self._file.required or name == "sourcedId":
            return self._keep(batch, found, name, _NOT_IN_BUNDLE)
        lost = len(found) - (pc.sum(found).as_py() or 0)
        if not lost:
            return batch
        self._tally.note(self._file.name, name, "references to what is not in the bundle were left out", lost)
        return _with(batch, name, pc.if_else(found, column, None))

    def _resolve_list(self, batch: pa.RecordBatch, name: str, element: str) -> pa.RecordBatch:
        column = batch.column(name)
        items = column.flatten()
        found = self._ids.are_in(element, items)
        lost = len(found) - (pc.sum(found).as_py() or 0)
        if not lost:
            return batch
        self._tally.note(self._file.name, name, "references to what is not in the bundle were left out", lost)
        known = set(items.filter(found).to_pylist())
        kept = [None if ids is None else [item for item in ids if item in known] for ids in column.to_pylist()]
        return _with(batch, name, pa.array(kept, column.type))

    def _demand(self, batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
        column = batch.column(name)
        filled = pc.is_valid(column)
        if pa.types.is_list(column.type):
            filled = pc.greater(pc.fill_null(pc.list_value_length(column), 0), 0)
        elif pa.types.is_string(column.type):
            filled = pc.greater(pc.fill_null(pc.binary_length(column), 0), 0)
        elif pa.types.is_floating(column.type):
            filled = pc.fill_null(pc.is_finite(column), False)
        if self._delta and "status" in self._present:
            # A deletion must not get lost for the sake of what is deleted.
            deleted = pc.equal(batch.column("status"), "tobedeleted")
            blank = pc.sum(pc.and_(deleted, pc.invert(filled))).as_py() or 0
            self._tally.note(self._file.name, name, "required values of deleted records stay blank", blank)
            filled = pc.or_(filled, deleted)
        return self._keep(batch, filled, name, "has no value")

    def _keep(self, batch: pa.RecordBatch, fits: pa.Array, name: str, why: str) -> pa.RecordBatch:
        if pc.all(fits).as_py() is not False:
            return batch
        out = batch.filter(pc.invert(fits))
        led = out.column(name).to_pylist() if why == _NOT_IN_BUNDLE else ()
        self._tally.leave_out(self._file.name, name, why, out.column("sourcedId").to_pylist(), led)
        return batch.filter(fits)


def _with(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    index = batch.schema.get_field_index(name)
    return batch.set_column(index, batch.schema.field(index), column)
