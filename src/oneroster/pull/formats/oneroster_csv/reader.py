"""Read any conforming OneRoster CSV bundle as a roster."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec
import pyarrow as pa

from oneroster.error_words import words_of
from oneroster.pull.errors import DestinationError, not_a_roster
from oneroster.pull.formats.bounded_lines import longest_line
from oneroster.pull.formats.oneroster_csv.archives import UNREADABLE_ARCHIVE, opened_archive
from oneroster.pull.formats.oneroster_csv.cell_parser import parse_cells
from oneroster.pull.formats.oneroster_csv.csv_file import KEY, LEADING_COLUMNS, CsvFile
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS, MANIFEST_FILE, CsvBinding, binding_of
from oneroster.pull.formats.oneroster_csv.nested_values import NestedValues
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
        DestinationError: It is not a OneRoster bundle.

    Attributes:
        manifest: See `oneroster.pull.roster.roster_protocol.Roster`.
    """

    def __init__(self, destination: Path) -> None:
        self._destination = destination
        properties = self._properties()
        self._binding = self._binding_named(properties)
        modes = self._modes(properties)
        self._present = {name for name, mode in modes.items() if mode != "absent"}
        kinds = {_MODES[mode] for mode in modes.values() if mode != "absent"}
        if len(kinds) > 1:
            raise DestinationError(f"{destination} mixes bulk and delta files, so it cannot be read as one roster.")
        path = manifest_path(destination)
        stored = Manifest(standard=self._binding.version)
        if path.is_file():
            stored = Manifest.from_json(read_bytes(path, "a manifest"), str(path))
            if binding_of(stored, path) is not self._binding:
                raise DestinationError(
                    f"{destination}: {MANIFEST_FILE} is of OneRoster {self._binding.version}, and {path.name} of"
                    f" {stored.standard}; they belong to different rosters."
                )
        self.manifest = msgspec.structs.replace(stored, kind=kinds.pop() if kinds else stored.kind)
        self._bulk = self.manifest.kind == WHOLE_ROSTER

    def elements(self) -> tuple[str, ...]:
        """See `oneroster.pull.roster.roster_protocol.Roster.elements`."""
        # A collection without rows has no file; only the manifest of the pull shows that it was fetched.
        known = {held.element for held in self.manifest.collections.values()}
        known |= {self._binding.files[name].element for name in self._present}
        found = in_load_order(self._binding.specification, known)
        return tuple(element for element in found if self._binding.file_of(element) is not None)

    def schema(self, element: str) -> pa.Schema:
        """See `oneroster.pull.roster.roster_protocol.Roster.schema`.

        Timestamps that only hold dates are marked with `DAY_PRECISION`.
        """
        file = self._file(element)
        names = {source for name in file.header if (source := file.stored_as(name)) is not None}
        if self._bulk:
            names.discard("dateLastModified")
        names |= {part.nested[0] for part in self._parts(element)}
        stored = self.manifest.collections.get(collection_name(self._binding.specification, element))
        if stored is not None and stored.columns:
            names &= {*stored.columns, "status"}
        schema = schema_of(self._binding.specification, element, names)
        fields = [field.with_metadata(DAY_PRECISION) if field.name in file.days else field for field in schema]
        return pa.schema(fields, schema.metadata)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.roster_protocol.Roster.read`."""
        schema = self.schema(element)
        return pa.RecordBatchReader.from_batches(schema, self._batches(self._file(element), schema))

    def _file(self, element: str) -> CsvFile:
        file = self._binding.file_of(element)
        if file is None:
            raise DestinationError(f"{self._destination}: OneRoster CSV has no file for records of {element}.")
        return file

    def _parts(self, element: str) -> list[CsvFile]:
        return [part for part in self._binding.parts_of(element) if part.name in self._present]

    def _batches(self, file: CsvFile, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if file.name not in self._present:
            return
        parts = {part.nested[0]: part for part in self._parts(file.element) if part.nested[0] in schema.names}
        nested = {name: self._nested_values(part, schema.field(name).type) for name, part in parts.items()}
        columns = {source: name for name in file.header if (source := file.stored_as(name)) is not None}
        before = 1  # the header
        for text in self._text_batches(file):
            found = [
                nested[field.name].of(text.column(KEY))
                if field.name in nested
                else self._column(file, columns[field.name], field.type, text, before)
                for field in schema
            ]
            before += text.num_rows
            yield pa.RecordBatch.from_arrays(found, schema=schema)

    def _nested_values(self, part: CsvFile, kind: pa.DataType) -> NestedValues:
        """Return the values of a column of records, from the file that has their parts."""
        sources = {source: name for name in part.columns if (source := part.stored_as(name)) is not None}
        if part.row_id:
            sources[part.row_id] = KEY
        columns: dict[str, list[pa.Array]] = {source: [] for source in (KEY, *sources)}
        before = 1
        for text in self._text_batches(part):
            columns[KEY].append(text.column(part.owner()))
            for source, name in sources.items():
                columns[source].append(self._column(part, name, part.column(name).type, text, before))
            before += text.num_rows
        return NestedValues(part.nested, kind, columns)

    def _column(self, file: CsvFile, name: str, kind: pa.DataType, text: pa.RecordBatch, before: int) -> pa.Array:
        cells = text.column(name)
        try:
            column = parse_cells(cells, kind)
        except (ValueError, pa.ArrowException):
            raise DestinationError(
                f"{self._destination}: {file.name}.csv, column {name} has an invalid value"
                f" in row {before + _first_invalid(cells, kind)}."
            ) from None
        if name == "status" and self._bulk:
            # Every record of a bulk file is active, and its status is blank (3 [A]).
            return pa.compute.fill_null(column, "active")
        if name == LEADING_COLUMNS[0] and column.null_count:
            raise DestinationError(f"{self._destination}: {file.name}.csv has rows without a sourcedId.")
        return column

    def _text_batches(self, file: CsvFile) -> Iterator[pa.RecordBatch]:
        """Read the cells of a file as text, null for blank."""
        from pyarrow import csv as arrow_csv

        with self._open_file(f"{file.name}.csv") as stream:
            header = self._header(file, stream)
            longest = longest_line(stream, f"{self._destination}: {file.name}.csv")
        try:
            with self._open_file(f"{file.name}.csv") as stream:
                yield from arrow_csv.open_csv(
                    stream,
                    arrow_csv.ReadOptions(block_size=max(_BLOCK_BYTES, 2 * longest), use_threads=False),
                    arrow_csv.ParseOptions(newlines_in_values=True),
                    arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(header, pa.string()),
                        include_columns=list(file.header),
                        strings_can_be_null=True,
                        null_values=[""],
                    ),
                )
        except (pa.ArrowException, *UNREADABLE_ARCHIVE) as error:
            raise DestinationError(
                f"{self._destination}: {file.name}.csv cannot be read{_place(error)} ({words_of(error)})."
            ) from None

    def _header(self, file: CsvFile, stream: IO[bytes]) -> list[str]:
        """Return the columns of a file of the standard, without extensions."""
        head = stream.readline(_LONGEST_HEADER).decode("utf-8-sig", "replace")
        names = next(iter(_cells(head)), []) if len(head) < _LONGEST_HEADER else []
        for header in (file.header, file.earlier_header):
            extension = names[len(header) :]
            if names[: len(header)] == list(header) and all(name.startswith("metadata.") for name in extension):
                return list(header)
        raise DestinationError(
            f"{self._destination}: {file.name}.csv does not have the OneRoster {file.version} header:"
            f" {','.join(file.header)}"
        )

    def _properties(self) -> dict[str, str]:
        """Return the properties of the bundle's manifest."""
        if self._destination.is_dir() and not (self._destination / MANIFEST_FILE).exists():
            raise not_a_roster(self._destination, MANIFEST_FILE)
        with self._open_file(MANIFEST_FILE) as stream:
            content = read_small(stream, f"{self._destination}: {MANIFEST_FILE}", "a manifest")
        rows = _cells(content.decode("utf-8-sig", "replace"))
        if not rows or rows[0] != ["propertyName", "value"]:
            raise self._no_manifest()
        return {row[0]: row[1] for row in rows[1:] if len(row) == 2}

    def _no_manifest(self) -> DestinationError:
        known = " or ".join(BINDINGS)
        return DestinationError(f"{self._destination}: {MANIFEST_FILE} is not a OneRoster {known} manifest.")

    def _binding_named(self, properties: Mapping[str, str]) -> CsvBinding:
        for binding in BINDINGS.values():
            if properties.get("oneroster.version") in binding.releases:
                return binding
        raise self._no_manifest()

    def _modes(self, properties: Mapping[str, str]) -> dict[str, str]:
        modes = {name: properties.get(f"file.{name}", "") for name in self._binding.files}
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
            raise DestinationError(f"{self._destination}: {name} cannot be read ({words_of(error)}).") from None


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
