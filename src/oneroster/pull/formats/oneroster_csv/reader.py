"""A OneRoster 1.1 CSV bundle as a roster: ours, or anyone's that keeps to the standard."""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec
import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.oneroster_csv.binding import ASSOCIATED, FILES, HEAD, MANIFEST, STANDARD, File
from oneroster.pull.formats.oneroster_csv.cell_parser import typed
from oneroster.pull.private_files import read_bytes
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.pull.roster.manifest import CHANGES_ONLY, WHOLE_ROSTER, Manifest, manifest_path

__all__ = ["DAY", "BundleRoster"]

DAY: Final = {b"oneroster.precision": b"day"}
"""Metadata of a field whose instants are days."""

_BLOCK: Final = 2 << 20
"""Bytes that are parsed at a time, unless a row is longer."""

_MODES: Final = {"bulk": WHOLE_ROSTER, "delta": CHANGES_ONLY}


class BundleRoster:
    """A roster in a bundle, read when it is asked for.

    Args:
        place: The folder or the zip.

    Raises:
        PlaceError: It is no bundle of OneRoster 1.1.

    Attributes:
        manifest: See `oneroster.pull.roster.Roster`.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        modes = self._modes()
        self._present = {name for name, mode in modes.items() if mode != "absent"}
        kinds = {_MODES[mode] for mode in modes.values() if mode != "absent"}
        if len(kinds) > 1:
            raise DestinationError(f"{place} mixes bulk and delta files; it cannot be taken as one roster.")
        path = manifest_path(place)
        known = (
            Manifest.from_json(read_bytes(path, "a manifest"), str(path))
            if path.is_file()
            else Manifest(standard=STANDARD.version)
        )
        self.manifest = msgspec.structs.replace(known, kind=kinds.pop() if kinds else known.kind)
        self._bulk = self.manifest.kind == WHOLE_ROSTER

    def elements(self) -> tuple[str, ...]:
        """See `oneroster.pull.roster.Roster`."""
        # A collection without a row has no file, and only the manifest of the pull knows that it was fetched.
        known = {held.element for held in self.manifest.collections.values()}
        return in_load_order(self.manifest.specification, known | {FILES[name].element for name in self._present})

    def schema(self, element: str) -> pa.Schema:
        """See `oneroster.pull.roster.Roster`. Days that are instants elsewhere are marked by `DAY`."""
        file = FILES[collection_name(self.manifest.specification, element)]
        names = set(file.header)
        if self._bulk:
            names.discard("dateLastModified")
        associations = _associations_of(element)
        if associations is not None and associations.name in self._present:
            names.add(ASSOCIATED)
        held = self.manifest.collections.get(collection_name(self.manifest.specification, element))
        if held is not None and held.columns:
            names &= {*held.columns, "status"}
        schema = schema_of(self.manifest.specification, element, names)
        fields = [field.with_metadata(DAY) if field.name in file.days else field for field in schema]
        return pa.schema(fields, schema.metadata)

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `oneroster.pull.roster.Roster`."""
        schema = self.schema(element)
        return pa.RecordBatchReader.from_batches(
            schema, self._batches(FILES[collection_name(self.manifest.specification, element)], schema)
        )

    def _batches(self, file: File, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if file.name not in self._present:
            return
        tied = self._tied(file) if ASSOCIATED in schema.names else {}
        for text in self._texts(file):
            columns = []
            for field in schema:
                if field.name == ASSOCIATED:
                    ids = text.column("sourcedId").to_pylist()
                    columns.append(pa.array([tied.get(sourced_id) for sourced_id in ids], field.type))
                else:
                    columns.append(self._column(file, field, text.column(field.name)))
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def _column(self, file: File, field: pa.Field, text: pa.Array) -> pa.Array:
        try:
            column = typed(text, field.type)
        except (ValueError, pa.ArrowException):
            raise DestinationError(
                f"{self._place}: {file.name}.csv, column {field.name} holds what it cannot have."
            ) from None
        if field.name == "status" and self._bulk:
            # Who stands in a bulk file is active; the cell is blank (3 [A]).
            return pa.compute.fill_null(column, "active")
        if field.name == HEAD[0] and column.null_count:
            raise DestinationError(f"{self._place}: {file.name}.csv has rows without a sourcedId.")
        return column

    def _tied(self, file: File) -> dict[str, list[str]]:
        """The resources of each class or course; they are few."""
        associations = _associations_of(file.element)
        tied: dict[str, list[str]] = {}
        if associations is not None and associations.name in self._present:
            for text in self._texts(associations):
                owners = text.column(associations.association or "").to_pylist()
                for owner, resource in zip(owners, text.column("resourceSourcedId").to_pylist(), strict=True):
                    tied.setdefault(owner, []).append(resource)
        return tied

    def _texts(self, file: File) -> Iterator[pa.RecordBatch]:
        """The cells of a file as text, null for blank."""
        from pyarrow import csv as arrow_csv

        with self._opened(f"{file.name}.csv") as stream:
            self._check_header(file, stream)
            longest = max(map(len, stream), default=0)
        try:
            with self._opened(f"{file.name}.csv") as stream:
                yield from arrow_csv.open_csv(
                    stream,
                    arrow_csv.ReadOptions(block_size=max(_BLOCK, 2 * longest), use_threads=False),
                    arrow_csv.ParseOptions(newlines_in_values=True),
                    arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(file.header, pa.string()),
                        include_columns=list(file.header),
                        strings_can_be_null=True,
                        null_values=[""],
                    ),
                )
        except (pa.ArrowException, OSError, zipfile.BadZipFile) as error:
            raise DestinationError(f"{self._place}: {file.name}.csv cannot be read ({type(error).__name__}).") from None

    def _check_header(self, file: File, stream: IO[bytes]) -> None:
        names = next(csv.reader([stream.readline().decode("utf-8-sig", "replace")]), [])
        extension = names[len(file.header) :]
        if names[: len(file.header)] != list(file.header) or not all(
            name.startswith("metadata.") for name in extension
        ):
            raise DestinationError(
                f"{self._place}: the header of {file.name}.csv is not that of OneRoster 1.1: {','.join(file.header)}"
            )

    def _modes(self) -> dict[str, str]:
        with self._opened(MANIFEST) as stream:
            text = stream.read().decode("utf-8-sig", "replace")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        said = {row[0]: row[1] for row in rows[1:] if len(row) == 2}
        if not rows or rows[0] != ["propertyName", "value"] or said.get("oneroster.version") != "1.1":
            raise DestinationError(f"{self._place}: {MANIFEST} is not that of OneRoster 1.1.")
        modes = {name: said.get(f"file.{name}", "") for name in FILES}
        present = self._names()
        for name, mode in modes.items():
            if mode not in ("bulk", "delta", "absent") or (mode != "absent") != (f"{name}.csv" in present):
                raise DestinationError(
                    f"{self._place}: {MANIFEST} says {mode!r} of {name}, and that is not what is there."
                )
        return modes

    def _names(self) -> set[str]:
        if self._place.is_dir():
            return {path.name for path in self._place.iterdir()}
        with zipfile.ZipFile(self._place) as archive:
            return set(archive.namelist())

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            if self._place.is_dir():
                with (self._place / name).open("rb") as file:
                    yield file
            else:
                with zipfile.ZipFile(self._place) as archive, archive.open(name) as file:
                    yield file
        except KeyError:
            raise DestinationError(f"{self._place} has no {name}.") from None
        except (OSError, zipfile.BadZipFile) as error:
            raise DestinationError(f"{self._place}: {name} cannot be read ({type(error).__name__}).") from None


def _associations_of(element: str) -> File | None:
    return next((file for file in FILES.values() if file.element == element and file.association is not None), None)
