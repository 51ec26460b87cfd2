"""Write a roster as a OneRoster CSV bundle: a whole roster as bulk, changes as delta."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.format import WriteResult, WrittenFile
from oneroster.pull.formats.oneroster_csv.cell_writer import column_text, csv_lines
from oneroster.pull.formats.oneroster_csv.csv_file import KEY, LEADING_COLUMNS, CsvFile
from oneroster.pull.formats.oneroster_csv.file_definitions import MANIFEST_FILE, CsvBinding, binding_of
from oneroster.pull.formats.oneroster_csv.file_rows import FileRows
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.formats.oneroster_csv.row_selection import BundleIds, RowSelection
from oneroster.pull.formats.oneroster_csv.sinks import Sink
from oneroster.pull.formats.oneroster_csv.unsupported_values import count_unsupported_values
from oneroster.pull.formats.rebatch import rebatch
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import CHANGES_ONLY, Manifest
from oneroster.pull.roster.roster_protocol import Roster, count_rows
from oneroster.pull.roster.spelling import is_deleted

__all__ = ["write_bundle"]

_BATCH_ROWS: Final = 128 * 1024
"""Rows to process at a time. The table of referenced ids is hashed again for each batch."""
_PRODUCER: Final = "oneroster-kit"


def write_bundle(sink: Sink, roster: Roster) -> WriteResult:
    """Write all files of a bundle.

    Args:
        sink: Receives the files.
        roster: The roster to write.

    Raises:
        DestinationError: The roster is of a version without a CSV binding, or a list of ids contains one with a comma.
    """
    return _Writer(sink, roster, binding_of(roster.manifest, "The roster")).run()


class _Writer:
    def __init__(self, sink: Sink, roster: Roster, binding: CsvBinding) -> None:
        self._sink, self._roster, self._binding = sink, roster, binding
        self._delta = roster.manifest.kind == CHANGES_ONLY
        self._ids, self._losses = BundleIds(), LossCounts()
        self._deleted_ids: dict[str, pa.Array] = {}
        self._rows: dict[str, int] = {}
        self._written: dict[str, WrittenFile] = {}
        zone = roster.manifest.time_zone
        self._zone = ZoneInfo(zone) if zone else None

    def run(self) -> WriteResult:
        """Write all files. Referenced rows are written before the rows that refer to them."""
        for element in self._roster.elements():
            file = self._binding.file_of(element)
            if file is None:
                self._omit(element)
                continue
            if self._is_tracked(element):
                self._ids.track(element)
            self._note_missing(file)
            if self._is_collected(file):
                self._collect_ids(file)
            self._write(file, self._selected_rows(file, self._losses))
        for file in self._binding.parts:
            self._ids.track(file.name)
            if self._can_be_split(file):
                self._write(file, self._rows_of_parts(file))
        with self._sink.file(MANIFEST_FILE) as stream:
            stream.write(_manifest(self._roster.manifest, self._binding, self._rows).encode())
        in_order = [*self._binding.files, *self._written]
        files = tuple(self._written[name] for name in dict.fromkeys(in_order) if name in self._written)
        return WriteResult(files, self._losses.notes(), tuple(self._losses.rejects))

    def _omit(self, element: str) -> None:
        """Count the records of an element for which CSV has no file."""
        name, rows = collection_name(self._binding.specification, element), count_rows(self._roster, element)
        self._written[name] = WrittenFile(name, name, 0, omitted=rows)
        if rows:
            version = self._binding.version
            self._losses.add_sentence(f"{name}: {rows} records left out: OneRoster CSV {version} has no file for them.")

    def _is_tracked(self, element: str) -> bool:
        """Return whether the ids of an element are needed: for references, or to know whose parts are written."""
        if self._binding.parts_of(element):
            return True
        return not self._delta and element in _referenced_elements(self._binding)

    def _is_collected(self, file: CsvFile) -> bool:
        """Return whether all ids are collected before the first row is written, because rows refer to each other."""
        return self._ids.tracks(file.element) and file.element in _self_referencing_elements(self._binding)

    def _note_missing(self, file: CsvFile) -> None:
        present = set(FileRows(file, self._roster).names)
        blank = [name for name in file.columns if name in file.required - present]
        if blank:
            self._losses.add_sentence(
                f"{file.name}.csv: {', '.join(blank)} are left blank although required, because they were not fetched."
            )
        for name in file.columns:
            known = file.refers_to(name)
            if known not in (None, *self._roster.elements()) and name in present and not self._delta:
                self._losses.add_sentence(f"{file.name}.csv: {name} refers to {known} records, which were not fetched.")
        for part in self._binding.parts_of(file.element):
            target = _leads_to(part)
            if part.nested[0] in self._roster.schema(file.element).names and target not in (
                None,
                *self._roster.elements(),
            ):
                plural = collection_name(self._binding.specification, target or "")
                self._losses.add_sentence(
                    f"{file.name}.csv: references to {plural} are left out, because the {plural} were not fetched."
                )

    def _collect_ids(self, file: CsvFile) -> None:
        for batch in self._selected_rows(file, LossCounts()):
            self._ids.add(file.element, batch.column(KEY))

    def _selected_rows(self, file: CsvFile, losses: LossCounts) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a file that has records, not parts of them."""
        rows = FileRows(file, self._roster)
        selection = RowSelection(file, rows.names, self._delta, self._ids, losses)
        for batch in rebatch(self._roster.read(file.element), _BATCH_ROWS):
            yield selection.apply(rows.convert(batch))

    def _write(self, file: CsvFile, batches: Iterable[pa.RecordBatch]) -> None:
        """Write a file. Without rows it must not exist (2 [B])."""
        is_collected = not file.nested and self._is_collected(file)
        written = 0
        with ExitStack() as stack:
            stream = None
            for batch in batches:
                if not batch.num_rows:
                    continue
                if stream is None:
                    stream = stack.enter_context(self._sink.file(f"{file.name}.csv"))
                    stream.write((",".join(file.header) + "\r\n").encode())
                stream.write(self._lines(file, batch))
                written += batch.num_rows
                if not is_collected:
                    self._ids.add(file.name if file.nested else file.element, batch.column(KEY))
        if written:
            self._rows[file.name] = written
        losses = self._losses
        counts = losses.omitted(file.name), losses.left_out(file.name)
        self._written[file.name] = WrittenFile(f"{file.name}.csv", file.name, written, *counts)

    def _lines(self, file: CsvFile, batch: pa.RecordBatch) -> pa.Buffer:
        count_unsupported_values(batch, file, self._losses)
        blank = pa.nulls(batch.num_rows, pa.string())
        shown = set(batch.schema.names) - (set() if self._delta else set(LEADING_COLUMNS[1:]))
        try:
            return csv_lines(
                [
                    column_text(batch, name, file, self._losses, self._zone) if name in shown else blank
                    for name in file.header
                ]
            )
        except ValueError as error:
            raise DestinationError(
                f"The roster cannot be written as OneRoster CSV: {error}. Use another format."
            ) from None

    def _can_be_split(self, file: CsvFile) -> bool:
        """Return whether the roster has the parts of a file, and the records that they are references to."""
        if file.element not in self._roster.elements():
            return False
        has_parts = file.nested[0] in self._roster.schema(file.element).names
        target = _leads_to(file)
        return has_parts and (self._delta or target is None or self._ids.tracks(target))

    def _rows_of_parts(self, file: CsvFile) -> Iterator[pa.RecordBatch]:
        """Yield the parts of the records that are in the bundle (5.9, 5.10)."""
        rows = FileRows(file, self._roster)
        selection = RowSelection(file, rows.names, self._delta, self._ids, self._losses)
        for batch in rebatch(self._roster.read(file.element), _BATCH_ROWS):
            owners = batch.filter(self._ids.contain(file.element, batch.column(KEY)))
            found = rows.convert(owners)
            yield selection.apply(found if self._delta else self._without_deleted(file, found))

    def _without_deleted(self, file: CsvFile, found: pa.RecordBatch) -> pa.RecordBatch:
        """Leave out parts that refer to a deleted record, which is not a loss."""
        for name in found.schema.names:
            target = file.refers_to(name) if name in file.required else None
            if target is None or not self._ids.tracks(target):
                continue
            lost = pc.invert(self._ids.contain(target, found.column(name)))
            deleted = pc.and_(lost, pc.is_in(found.column(name), value_set=self._deleted(target)))
            number = pc.sum(deleted).as_py() or 0
            self._losses.omit_rows(file.name, f"{name} refers to a deleted record", number)
            found = found.filter(pc.invert(deleted)) if number else found
        return found

    def _deleted(self, element: str) -> pa.Array:
        """Return the ids of the records that the tenant marks as deleted."""
        if element not in self._deleted_ids:
            batches = self._roster.read(element)
            found = [batch.filter(is_deleted(batch.column("status"))).column(KEY) for batch in batches]
            self._deleted_ids[element] = pa.concat_arrays([*found, pa.array([], pa.string())])
        return self._deleted_ids[element]


def _leads_to(file: CsvFile) -> str | None:
    """Return the element that the parts of records refer to, where they are references and nothing else."""
    source = next((name for name in file.columns if file.sources_of(name) == (file.item,)), None)
    return None if source is None else file.refers_to(source)


@cache
def _referenced_elements(binding: CsvBinding) -> frozenset[str]:
    """Return the elements that others refer to, also in parts of their records."""
    return frozenset(
        known.refers_to
        for element in binding.specification.elements.values()
        for known in element.properties.values()
        if known.refers_to
    )


@cache
def _self_referencing_elements(binding: CsvBinding) -> frozenset[str]:
    return frozenset(
        name
        for name, element in binding.specification.elements.items()
        for known in element.properties.values()
        if known.refers_to == name
    )


def _manifest(manifest: Manifest, binding: CsvBinding, rows: Collection[str]) -> str:
    """Return the text of the bundle's manifest (4 [A])."""
    mode = "delta" if manifest.kind == CHANGES_ONLY else "bulk"
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("propertyName", "value"))
    table.writerow(("manifest.version", "1.0"))
    table.writerow(("oneroster.version", binding.releases[0]))
    table.writerows((f"file.{name}", mode if name in rows else "absent") for name in binding.files)
    table.writerow(("source.systemName", urlsplit(manifest.base_url).hostname or _PRODUCER))
    table.writerow(("source.systemCode", _PRODUCER))
    return text.getvalue()
