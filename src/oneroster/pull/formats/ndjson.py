"""NDJSON: one line of JSON per record, plain or compressed.

Lines have the same columns as the other formats: ``schoolSourcedId`` instead of an object with a link, dates as text,
lists as lists, ``metadata`` as an object. Fields without a value are omitted.
"""

import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import pyarrow as pa

from oneroster.error_words import words_of
from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.bounded_lines import line_groups
from oneroster.pull.formats.file_per_collection import FolderRoster, write_collection_files
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import rebatch
from oneroster.pull.formats.text_conversion import dates_as_text, timestamps_as_text, to_arrow
from oneroster.pull.private_files import create_private_file, open_regular
from oneroster.pull.roster.columns import columns_of, element_of, specification_of
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["NdJsonFormat"]

_BATCH_ROWS: Final = 8 * 1024
_LARGE_NUMBER: Final = re.compile(r"[0-9]{19}|[eE]\+?[0-9]{3}")
_LARGEST_INTEGER: Final = 2**63 - 1
_CHUNK: Final = 8 << 20
"""Bytes of lines to read at a time."""


class NdJsonFormat:
    """See `oneroster.pull.formats.format.Format`.

    Args:
        compression: ``gzip`` or ``zstd``; None for plain text.
    """

    embeds_manifest = True
    filled = frozenset[str]()

    def __init__(self, compression: str | None = None) -> None:
        self._compression = compression
        suffix = {None: "", "gzip": ".gz", "zstd": ".zst"}[compression]
        self.name = f"ndjson{suffix}"
        self._suffix = f".{self.name}"

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Format.write`."""
        return write_collection_files(target, roster, self._suffix, partial(_write, self._compression))

    def open(self, destination: Path) -> Roster:
        """See `oneroster.pull.formats.format.Format.open`."""
        return FolderRoster(destination, self._suffix, partial(_read, self._compression))


def _write(compression: str | None, path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    encoder = msgspec.json.Encoder()
    writers = [_writer(schema, field) for field in schema]
    rows = 0
    with open(create_private_file(path), "wb") as file, _opened_stream(file, compression, "w") as sink:  # noqa: PTH123  # a descriptor has no path
        for batch in rebatch(batches, _BATCH_ROWS):
            columns = [write(column) for write, column in zip(writers, batch.columns, strict=True)]
            sink.write(encoder.encode_lines([_without_nulls(schema.names, row) for row in zip(*columns, strict=True)]))
            rows += batch.num_rows
    return rows


@contextmanager
def _opened_stream(file: BinaryIO, compression: str | None, mode: str) -> Iterator[Any]:
    if compression is None:
        yield file
    elif mode == "w":
        with pa.CompressedOutputStream(file, compression) as stream:
            yield stream
    else:
        with pa.CompressedInputStream(file, compression) as stream:
            yield io.BufferedReader(stream)


def _without_nulls(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _writer(schema: pa.Schema, field: pa.Field) -> Callable[[pa.Array], Sequence[Any]]:
    """Return the function that converts a column to JSON values."""
    kind = field.type
    if field.name in _json_columns(schema):
        return lambda column: [None if text is None else _raw_json(text) for text in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        return lambda column: timestamps_as_text(column).to_pylist()
    if pa.types.is_date(kind):
        return lambda column: dates_as_text(column).to_pylist()
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return lambda column: [
            None if items is None else [_without_nulls(tuple(item), tuple(item.values())) for item in items]
            for items in column.to_pylist()
        ]
    return lambda column: column.to_pylist()


def _json_columns(schema: pa.Schema) -> frozenset[str]:
    """Return the names of the columns whose text is JSON."""
    known = columns_of(specification_of(schema), element_of(schema))
    return frozenset(
        column.name
        for column in known
        if column.property is None or (column.property.kind == "object" and column.offset_of is None)
    )


def _raw_json(text: str) -> msgspec.Raw:
    """Embed JSON text in a line: unchanged, or as a JSON string if it is not JSON that every parser accepts."""
    try:
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):  # an unpaired surrogate, which most parsers reject, or deep nesting
        return msgspec.Raw(msgspec.json.encode(text))
    if _LARGE_NUMBER.search(text) and not _fits(decoded):
        return msgspec.Raw(msgspec.json.encode(text))
    # Line breaks between tokens have no meaning in JSON, but would end the line.
    return msgspec.Raw(msgspec.json.format(text, indent=-1) if "\n" in text or "\r" in text else text)


def _fits(value: Any) -> bool:
    """Return whether all numbers of a JSON value fit into 64 bits, beyond which parsers differ."""
    if isinstance(value, dict):
        return all(map(_fits, value.values()))
    if isinstance(value, list):
        return all(map(_fits, value))
    if isinstance(value, int):
        return -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER
    return not isinstance(value, float) or math.isfinite(value)


def _json_text(raw: msgspec.Raw) -> str:
    part = bytes(raw)
    return msgspec.json.decode(part, type=str) if part.startswith(b'"') else part.decode()


def _read(compression: str | None, path: Path, schema: pa.Schema) -> pa.RecordBatchReader:
    row = msgspec.defstruct(
        "Row",
        [(f"column{index}", _json_type(schema, field), None) for index, field in enumerate(schema)],
        rename={f"column{index}": field.name for index, field in enumerate(schema)},
    )
    decoder = msgspec.json.Decoder(row)

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            with open_regular(path) as file, _opened_stream(file, compression, "r") as source:
                for lines in line_groups(source, str(path), _CHUNK):
                    yield _to_batch(schema, decoder.decode_lines(lines))
        except (OSError, pa.ArrowException, msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
            raise DestinationError(
                f"{path} cannot be read as NDJSON with the expected columns ({words_of(error)})."
            ) from None

    return pa.RecordBatchReader.from_batches(schema, batches())


def _to_batch(schema: pa.Schema, rows: Sequence[Any]) -> pa.RecordBatch:
    json_columns = _json_columns(schema)
    columns = []
    for index, field in enumerate(schema):
        values = [getattr(row, f"column{index}") for row in rows]
        if field.name in json_columns:
            values = [None if value is None else _json_text(value) for value in values]
        columns.append(to_arrow(values, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _json_type(schema: pa.Schema, field: pa.Field) -> Any:
    kind = field.type
    if field.name in _json_columns(schema):
        return msgspec.Raw
    if pa.types.is_list(kind):
        return list[dict[str, Any] | None] | None if pa.types.is_struct(kind.value_type) else list[str | None] | None
    if pa.types.is_boolean(kind):
        return bool | None
    if pa.types.is_integer(kind):
        return int | None
    return float | None if pa.types.is_floating(kind) else str | None
