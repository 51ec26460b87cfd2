"""Read any conforming OneRoster 1.1 CSV bundle as a roster."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec
import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.bounded_lines import longest_line
from oneroster.pull.formats.oneroster_csv.archives import UNREADABLE_ARCHIVE, opened_archive
from oneroster.pull.formats.oneroster_csv.cell_parser import parse_cells
from oneroster.pull.formats.oneroster_csv.file_definitions import (
    CSV_FILES,
    CSV_STANDARD,
    LEADING_COLUMNS,
    MANIFEST_FILE,
    RESOURCES_COLUMN,
    CsvFile,
    check_standard,
)
from oneroster.pull.private_files import open_regular, read_bytes, read_small
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.pull.roster.manifest import CHANGES_ONLY, WHOLE_ROSTER, Manifest, manifest_path

__all__ = ["DAY_PRECISION", "BundleRoster"]

DAY_PRECISION: Final = {b"oneroster.precision": b"day"}
"""Metadata of a timestamp field that only holds dates."""

_BLOCK_BYTES: Final = 2 << 20
"""Bytes to parse at a time, unless a row is longer."""

_LONGEST_HEADER: Final = 1 << 16

_ROW: Final = re.compile(r"Row #(\d+)")
_CELLS: Final = re.compile(r"Expected (\d+) columns, got (\d+)")

_MODES: Final = {"bulk": WHOLE_ROSTER, "delta": CHANGES_ONLY}


class BundleRoster:
    """A roster stored as a bundle. Its rows are read on demand.

    Args:
        destination: The folder or the zip.

    Raises:
        DestinationError: It is not a OneRoster 1.1 bundle.

    Attributes:
        manifest: See `oneroster.pull.roster.roster_protocol.Roster`.
    """

    def __init__(self, destination: Path) -> None:
        self._destination = destination
        modes = self._modes()
        self._present = {name for name, mode in modes.items() if mode != "absent"}
        kinds = {_MODES[mode] for mode in modes.values() if mode != "absent"}
        if len(kinds) > 1:
            raise DestinationError(f"{destination} mixes bulk and delta files, so it cannot be read as one roster.")
        path = manifest_path(destination)
        stored = Manifest(standard=CSV_STANDARD.version)
        if path.is_file():
            stored = Manifest.from_json(read_bytes(path, "a manifest"), str(path))
            check_standard(stored, path)
        self.manifest = msgspec.structs.replace(stored, kind=kinds.pop() if kinds else stored.kind)
        self._bulk = self.manifest.kind == WHOLE_ROSTER

    def elements(self) -> tuple[str, ...]:
        """See `oneroster.pull.roster.roster_protocol.Roster.elements`."""
        # A collection without rows has no file; only the manifest of the pull shows that it was fetched.
        known = {held.element for held in self.manifest.collections.values()}
        return in_load_order(CSV_STANDARD.specification, known | {CSV_FILES[name].element for name in self._present})

    def schema(self, element: str) -> pa.Schema:
        """See `oneroster.pull.roster.roster_protocol.Roster.schema`.

        Timestamps that only hold dates are marked with `DAY_PRECISION`.
        """
        file = CSV_FILES[collection_name(CSV_STANDARD.specification, element)]
        names = set(file.header)
        if self._bulk:
            names.discard("dateLastModified")
        associations = _associations_of(element)
        if associations is not None and associations.name in self._present:
            names.add(RESOURCES_COLUMN)
        stored = self.manifest.collections.get(collection_name(CSV_STANDARD.specification, element))
        if stored is not None and stored.columns:
            names &= {*stored.columns, "status"}
        schema = schema_of(CSV_STANDARD.specification, element, names)
        fields = [field.with_metadata(DAY_PRECISION) if field.name in file.days else field for field in schema]
        return pa.schema(fields, schema.metadata)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.roster_protocol.Roster.read`."""
        schema = self.schema(element)
        return pa.RecordBatchReader.from_batches(
            schema, self._batches(CSV_FILES[collection_name(CSV_STANDARD.specification, element)], schema)
        )

    def _batches(self, file: CsvFile, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if file.name not in self._present:
            return
        resources = self._resources_by_owner(file) if RESOURCES_COLUMN in schema.names else {}
        before = 1  # the header
        for text in self._text_batches(file):
            columns = []
            for field in schema:
                if field.name == RESOURCES_COLUMN:
                    ids = text.column("sourcedId").to_pylist()
                    columns.append(pa.array([resources.get(sourced_id) for sourced_id in ids], field.type))
                else:
                    columns.append(self._column(file, field, text.column(field.name), before))
            before += text.num_rows
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def _column(self, file: CsvFile, field: pa.Field, text: pa.Array, before: int) -> pa.Array:
        try:
            column = parse_cells(text, field.type)
        except (ValueError, pa.ArrowException):
            raise DestinationError(
                f"{self._destination}: {file.name}.csv, column {field.name} has an invalid value"
                f" in row {before + _first_invalid(text, field.type)}."
            ) from None
        if field.name == "status" and self._bulk:
            # Every record of a bulk file is active, and its status is blank (3 [A]).
            return pa.compute.fill_null(column, "active")
        if field.name == LEADING_COLUMNS[0] and column.null_count:
            raise DestinationError(f"{self._destination}: {file.name}.csv has rows without a sourcedId.")
        return column

    def _resources_by_owner(self, file: CsvFile) -> dict[str, list[str]]:
        """Return the ids of the resources of each class or course. They fit into memory."""
        associations = _associations_of(file.element)
        resources: dict[str, list[str]] = {}
        if associations is not None and associations.name in self._present:
            for text in self._text_batches(associations):
                owners = text.column(associations.association or "").to_pylist()
                for owner, resource in zip(owners, text.column("resourceSourcedId").to_pylist(), strict=True):
                    resources.setdefault(owner, []).append(resource)
        return resources

    def _text_batches(self, file: CsvFile) -> Iterator[pa.RecordBatch]:
        """Read the cells of a file as text, null for blank."""
        from pyarrow import csv as arrow_csv

        with self._open_file(f"{file.name}.csv") as stream:
            self._check_header(file, stream)
            longest = longest_line(stream, f"{self._destination}: {file.name}.csv")
        try:
            with self._open_file(f"{file.name}.csv") as stream:
                yield from arrow_csv.open_csv(
                    stream,
                    arrow_csv.ReadOptions(block_size=max(_BLOCK_BYTES, 2 * longest), use_threads=False),
                    arrow_csv.ParseOptions(newlines_in_values=True),
                    arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(file.header, pa.string()),
                        include_columns=list(file.header),
                        strings_can_be_null=True,
                        null_values=[""],
                    ),
                )
        except (pa.ArrowException, *UNREADABLE_ARCHIVE) as error:
            raise DestinationError(
                f"{self._destination}: {file.name}.csv cannot be read{_place(error)} ({type(error).__name__})."
            ) from None

    def _check_header(self, file: CsvFile, stream: IO[bytes]) -> None:
        head = stream.readline(_LONGEST_HEADER).decode("utf-8-sig", "replace")
        names = next(iter(_cells(head)), []) if len(head) < _LONGEST_HEADER else []
        extension = names[len(file.header) :]
        if names[: len(file.header)] != list(file.header) or not all(
            name.startswith("metadata.") for name in extension
        ):
            raise DestinationError(
                f"{self._destination}: {file.name}.csv does not have the OneRoster 1.1 header: {','.join(file.header)}"
            )

    def _modes(self) -> dict[str, str]:
        with self._open_file(MANIFEST_FILE) as stream:
            content = read_small(stream, f"{self._destination}: {MANIFEST_FILE}", "a manifest")
        text = content.decode("utf-8-sig", "replace")
        rows = _cells(text)
        properties = {row[0]: row[1] for row in rows[1:] if len(row) == 2}
        if (
            not rows
            or rows[0] != ["propertyName", "value"]
            or properties.get("oneroster.version") != CSV_STANDARD.version
        ):
            raise DestinationError(f"{self._destination}: {MANIFEST_FILE} is not a OneRoster 1.1 manifest.")
        modes = {name: properties.get(f"file.{name}", "") for name in CSV_FILES}
        present = self._file_names()
        for name, mode in modes.items():
            if mode not in ("bulk", "delta", "absent") or (mode != "absent") != (f"{name}.csv" in present):
                raise DestinationError(
                    f"{self._destination}: {MANIFEST_FILE} says {mode!r} for {name}, which does not match the files."
                )
        return modes

    def _file_names(self) -> set[str]:
        if self._destination.is_dir():
            return {path.name for path in self._destination.iterdir()}
        with opened_archive(self._destination) as archive:
            return set(archive.namelist())

    @contextmanager
    def _open_file(self, name: str) -> Iterator[IO[bytes]]:
        try:
            if self._destination.is_dir():
                with open_regular(self._destination / name) as file:
                    yield file
            else:
                with opened_archive(self._destination) as archive, archive.open(name) as file:
                    yield file
        except KeyError:
            raise DestinationError(f"{self._destination} has no {name}.") from None
        except UNREADABLE_ARCHIVE as error:
            raise DestinationError(f"{self._destination}: {name} cannot be read ({type(error).__name__}).") from None


def _cells(text: str) -> list[list[str]]:
    """Return the cells of a text by row; none if it is not CSV."""
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:  # a cell that is too long
        return []


def _first_invalid(text: pa.Array, kind: pa.DataType) -> int:
    """Return the number of the first cell that cannot be read, counted from 1."""
    for index in range(len(text)):
        try:
            parse_cells(text.slice(index, 1), kind)
        except (ValueError, pa.ArrowException):
            return index + 1
    return len(text)


def _place(error: Exception) -> str:
    """Return where Arrow failed to read a file. The rest of its message may quote a record."""
    text = str(error)
    row = _ROW.search(text)
    cells = _CELLS.search(text)
    encoding = ": it is not UTF-8" if "invalid UTF8" in text else ""
    return (f" at row {row[1]}" if row else "") + (f": {cells[2]} cells instead of {cells[1]}" if cells else encoding)


def _associations_of(element: str) -> CsvFile | None:
    return next((file for file in CSV_FILES.values() if file.element == element and file.association is not None), None)
