"""Write a roster as a OneRoster 1.1 CSV bundle: a whole roster as bulk, changes as delta."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from functools import cache, cached_property
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.format import WriteResult, WrittenFile
from oneroster.pull.formats.oneroster_csv.cell_writer import column_text, csv_lines
from oneroster.pull.formats.oneroster_csv.file_definitions import (
    CSV_FILES,
    CSV_STANDARD,
    LEADING_COLUMNS,
    MANIFEST_FILE,
    RESOURCES_COLUMN,
    CsvFile,
    check_standard,
)
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.formats.oneroster_csv.row_selection import BundleIds, RowSelection
from oneroster.pull.formats.oneroster_csv.sinks import Sink
from oneroster.pull.formats.oneroster_csv.unsupported_values import count_unsupported_values
from oneroster.pull.formats.rebatch import rebatch
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import CHANGES_ONLY, Manifest
from oneroster.pull.roster.roster_protocol import Roster
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
        DestinationError: The roster is of another version than 1.1, or a list of ids contains one with a comma.
    """
    check_standard(roster.manifest, "The roster")
    return _Writer(sink, roster).run()


class _Writer:
    def __init__(self, sink: Sink, roster: Roster) -> None:
        self._sink, self._roster = sink, roster
        self._delta = roster.manifest.kind == CHANGES_ONLY
        self._ids, self._losses = BundleIds(), LossCounts()
        self._rows: dict[str, int] = {}
        self._files: set[str] = set()
        zone = roster.manifest.time_zone
        self._zone = ZoneInfo(zone) if zone else None

    def run(self) -> WriteResult:
        """Write all files. Referenced rows are written before the rows that refer to them."""
        for element in self._roster.elements():
            file = next(file for file in CSV_FILES.values() if file.element == element and file.association is None)
            if not self._delta and element in _referenced_elements():
                self._ids.track(element)
            self._note_missing(file)
            if self._ids.tracks(element) and element in _self_referencing_elements():
                self._collect_ids(file)
            self._write(file, self._selected_rows(file, self._losses))
        for file in CSV_FILES.values():
            if file.association is not None and self._can_associate(file):
                self._write(file, self._association_rows(file))
        with self._sink.file(MANIFEST_FILE) as stream:
            stream.write(_manifest(self._roster.manifest, self._rows).encode())
        files = tuple(self._written(file) for file in CSV_FILES.values() if file.name in self._files)
        return WriteResult(files, self._losses.notes(), tuple(self._losses.rejects))

    def _written(self, file: CsvFile) -> WrittenFile:
        rows, losses = self._rows.get(file.name, 0), self._losses
        return WrittenFile(f"{file.name}.csv", file.name, rows, losses.omitted(file.name), losses.left_out(file.name))

    def _note_missing(self, file: CsvFile) -> None:
        present = set(self._roster.schema(file.element).names)
        blank = [name for name in file.columns if name in file.required - present]
        if blank:
            self._losses.add_sentence(
                f"{file.name}.csv: {', '.join(blank)} are left blank although required, because they were not fetched."
            )
        for name in file.columns:
            known = file.column(name).property
            refers_outside = known is not None and known.refers_to not in (None, *self._roster.elements())
            if known is not None and refers_outside and name in present and not self._delta:
                self._losses.add_sentence(
                    f"{file.name}.csv: {name} refers to {known.refers_to} records, which were not fetched."
                )

        if RESOURCES_COLUMN in present and "Resource" not in self._roster.elements():
            self._losses.add_sentence(
                f"{file.name}.csv: references to resources are left out, because the resources were not fetched."
            )

    def _collect_ids(self, file: CsvFile) -> None:
        """Collect the ids of all rows before the first is written, because they refer to each other."""
        for batch in self._selected_rows(file, LossCounts()):
            self._ids.add(file.element, batch.column("sourcedId"))

    def _selected_rows(self, file: CsvFile, losses: LossCounts) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a file that has records, not associations."""
        names = self._roster.schema(file.element).names
        selection = RowSelection(file, names, self._delta, self._ids, losses)
        for batch in rebatch(self._roster.read(file.element), _BATCH_ROWS):
            yield selection.apply(batch)

    def _write(self, file: CsvFile, batches: Iterable[pa.RecordBatch]) -> None:
        """Write a file. Without rows it must not exist (2 [B])."""
        self._files.add(file.name)
        is_collected = self._ids.tracks(file.element) and file.element in _self_referencing_elements()
        with ExitStack() as stack:
            stream = None
            for batch in batches:
                if not batch.num_rows:
                    continue
                if stream is None:
                    stream = stack.enter_context(self._sink.file(f"{file.name}.csv"))
                    stream.write((",".join(file.header) + "\r\n").encode())
                stream.write(self._lines(file, batch))
                self._rows[file.name] = self._rows.get(file.name, 0) + batch.num_rows
                if file.association is None and not is_collected:
                    self._ids.add(file.element, batch.column("sourcedId"))

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

    def _can_associate(self, file: CsvFile) -> bool:
        if file.element not in self._roster.elements():
            return False
        has_resources = RESOURCES_COLUMN in self._roster.schema(file.element).names
        return has_resources and (self._delta or self._ids.tracks("Resource"))

    def _count_lost(self, file: CsvFile, lost: pa.RecordBatch) -> None:
        """Count associations without their resource: those with a deleted one are no loss."""
        column = "resourceSourcedId"
        deleted = pc.is_in(lost.column(column), value_set=self._deleted_resources)
        self._losses.omit_rows(file.name, f"{column} refers to a deleted record", pc.sum(deleted).as_py() or 0)
        lost = lost.filter(pc.invert(deleted))
        if lost.num_rows:
            ids, missing = lost.column("sourcedId").to_pylist(), lost.column(column).to_pylist()
            self._losses.reject_rows(file.name, column, "refers to a row that is not in the bundle", ids, missing)

    @cached_property
    def _deleted_resources(self) -> pa.Array:
        """The ids of the resources that the tenant marks as deleted."""
        found = [
            batch.filter(is_deleted(batch.column("status"))).column("sourcedId")
            for batch in self._roster.read("Resource")
        ]
        return pa.concat_arrays([*found, pa.array([], pa.string())])

    def _association_rows(self, file: CsvFile) -> Iterator[pa.RecordBatch]:
        """Yield rows that associate a class or course with each of its resources (5.9, 5.10)."""
        owners = CSV_FILES[collection_name(CSV_STANDARD.specification, file.element)]
        for batch in self._selected_rows(owners, LossCounts()):
            resources = batch.column(RESOURCES_COLUMN)
            with_resources = batch.filter(pc.greater(pc.fill_null(pc.list_value_length(resources), 0), 0))
            rows = [row for owner in with_resources.to_pylist() for row in _association_rows_of(owner, file)]
            found = pa.RecordBatch.from_pylist(rows, schema=_association_schema(file))
            if not self._delta:
                kept = self._ids.contain("Resource", found.column("resourceSourcedId"))
                self._count_lost(file, found.filter(pc.invert(kept)))
                found = found.filter(kept)
            yield found


def _association_rows_of(owner: dict[str, Any], file: CsvFile) -> Iterator[dict[str, Any]]:
    for resource in dict.fromkeys(filter(None, owner[RESOURCES_COLUMN])):
        # REST has no id for an association; this one is the same in every pull (5.9).
        digest = sha256(f"{owner['sourcedId']}\0{resource}".encode()).hexdigest()[:32]
        yield {
            "sourcedId": f"cr-{digest}",
            "status": owner.get("status"),
            "dateLastModified": owner.get("dateLastModified"),
            "title": owner.get("title"),
            file.association or "": owner["sourcedId"],
            "resourceSourcedId": resource,
        }


@cache
def _association_schema(file: CsvFile) -> pa.Schema:
    head = schema_of(CSV_STANDARD.specification, file.element, {*LEADING_COLUMNS, "title"})
    return pa.schema([*head, pa.field(file.association or "", pa.string()), pa.field("resourceSourcedId", pa.string())])


@cache
def _referenced_elements() -> frozenset[str]:
    """Return the elements that others refer to."""
    return frozenset(
        known.refers_to
        for element in CSV_STANDARD.specification.elements.values()
        for known in element.properties.values()
        if known.refers_to
    )


@cache
def _self_referencing_elements() -> frozenset[str]:
    return frozenset(
        name
        for name, element in CSV_STANDARD.specification.elements.items()
        for known in element.properties.values()
        if known.refers_to == name
    )


def _manifest(manifest: Manifest, rows: Collection[str]) -> str:
    """Return the text of the bundle's manifest (4 [A])."""
    mode = "delta" if manifest.kind == CHANGES_ONLY else "bulk"
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("propertyName", "value"))
    table.writerow(("manifest.version", "1.0"))
    table.writerow(("oneroster.version", CSV_STANDARD.version))
    table.writerows((f"file.{name}", mode if name in rows else "absent") for name in CSV_FILES)
    table.writerow(("source.systemName", urlsplit(manifest.base_url).hostname or _PRODUCER))
    table.writerow(("source.systemCode", _PRODUCER))
    return text.getvalue()
