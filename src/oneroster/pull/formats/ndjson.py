"""NDJSON: one line of JSON per record, plain or compressed.

Lines are flat and have the columns of all other places: ``schoolSourcedId`` and not an object with a link, dates as
text, lists as lists, ``metadata`` as the object that it is. What a record does not have is left out.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import pyarrow as pa

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.folder import FolderRoster, write_folder
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.rebatch import rebatched
from oneroster.pull.formats.text_values import dates_as_text, instants_as_text, parsed
from oneroster.pull.private_files import create_private_file
from oneroster.pull.roster.columns import columns_of, element_of, specification_of
from oneroster.pull.roster.roster import Roster

__all__ = ["NdJson"]

_ROWS: Final = 8 * 1024
_CHUNK: Final = 8 << 20
"""Bytes of lines that are read at a time."""


class NdJson:
    """The format, see `oneroster.pull.formats.format.Form`.

    Args:
        coding: ``gzip`` or ``zstd``; None for plain text.
    """

    embeds_manifest = True

    def __init__(self, coding: str | None = None) -> None:
        self._coding = coding
        ending = {None: "", "gzip": ".gz", "zstd": ".zst"}[coding]
        self.name = f"ndjson{ending}"
        self._suffix = f".{self.name}"

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Form`."""
        return write_folder(target, roster, self._suffix, partial(_write, self._coding))

    def open(self, place: Path) -> Roster:
        """See `oneroster.pull.formats.format.Form`."""
        return FolderRoster(place, self._suffix, partial(_read, self._coding))


def _write(coding: str | None, path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    encoder = msgspec.json.Encoder()
    writers = [_writer(schema, field) for field in schema]
    rows = 0
    with open(create_private_file(path), "wb") as file, _coded(file, coding, "w") as sink:  # noqa: PTH123  # a descriptor has no path
        for batch in rebatched(batches, _ROWS):
            columns = [write(column) for write, column in zip(writers, batch.columns, strict=True)]
            sink.write(encoder.encode_lines([_without_nulls(schema.names, row) for row in zip(*columns, strict=True)]))
            rows += batch.num_rows
    return rows


@contextmanager
def _coded(file: BinaryIO, coding: str | None, way: str) -> Iterator[Any]:
    if coding is None:
        yield file
    elif way == "w":
        with pa.CompressedOutputStream(file, coding) as stream:
            yield stream
    else:
        with pa.CompressedInputStream(file, coding) as stream:
            yield io.BufferedReader(stream)


def _without_nulls(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _writer(schema: pa.Schema, field: pa.Field) -> Callable[[pa.Array], Sequence[Any]]:
    """How a column becomes values that JSON has."""
    kind = field.type
    if field.name in _json_columns(schema):
        return lambda column: [None if text is None else _raw(text) for text in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        return lambda column: instants_as_text(column).to_pylist()
    if pa.types.is_date(kind):
        return lambda column: dates_as_text(column).to_pylist()
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return lambda column: [
            None if items is None else [_without_nulls(tuple(item), tuple(item.values())) for item in items]
            for items in column.to_pylist()
        ]
    return lambda column: column.to_pylist()


def _json_columns(schema: pa.Schema) -> frozenset[str]:
    """Columns whose text is JSON."""
    known = columns_of(specification_of(schema), element_of(schema))
    return frozenset(
        column.name
        for column in known
        if column.property is None or (column.property.kind == "object" and column.offset_of is None)
    )


def _raw(text: str) -> msgspec.Raw:
    """JSON text as part of a line; as a JSON string when it is no object that every reader takes."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:  # half a pair of surrogates, which some parsers take and most do not
        return msgspec.Raw(msgspec.json.encode(text))
    # A line end between the parts of JSON means nothing, and would break the line.
    return msgspec.Raw(msgspec.json.format(text, indent=-1) if "\n" in text or "\r" in text else text)


def _text(raw: msgspec.Raw) -> str:
    part = bytes(raw)
    return msgspec.json.decode(part, type=str) if part.startswith(b'"') else part.decode()


def _read(coding: str | None, path: Path, schema: pa.Schema) -> pa.RecordBatchReader:
    row = msgspec.defstruct(
        "Row",
        [(f"column{index}", _wire_type(schema, field), None) for index, field in enumerate(schema)],
        rename={f"column{index}": field.name for index, field in enumerate(schema)},
    )
    decoder = msgspec.json.Decoder(row)

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            with path.open("rb") as file, _coded(file, coding, "r") as source:
                while lines := source.readlines(_CHUNK):
                    rows = decoder.decode_lines(b"".join(lines))
                    yield _batch(schema, rows)
        except (OSError, pa.ArrowException, msgspec.MsgspecError, ValueError) as error:
            raise DestinationError(
                f"{path} cannot be read as NDJSON of its columns ({type(error).__name__})."
            ) from None

    return pa.RecordBatchReader.from_batches(schema, batches())


def _batch(schema: pa.Schema, rows: Sequence[Any]) -> pa.RecordBatch:
    texts = _json_columns(schema)
    columns = []
    for index, field in enumerate(schema):
        values = [getattr(row, f"column{index}") for row in rows]
        if field.name in texts:
            values = [None if value is None else _text(value) for value in values]
        columns.append(parsed(values, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _wire_type(schema: pa.Schema, field: pa.Field) -> Any:
    kind = field.type
    if field.name in _json_columns(schema):
        return msgspec.Raw
    if pa.types.is_list(kind):
        return list[dict[str, str | None] | str | None] | None
    if pa.types.is_boolean(kind):
        return bool | None
    if pa.types.is_integer(kind):
        return int | None
    return float | None if pa.types.is_floating(kind) else str | None
