"""Columns of Arrow data as the text of CSV cells: OneRoster 1.1 CSV, text format and types (2, 2.1).

All of it works on whole columns, for this is the hot path. What rarely occurs is looked for in the bytes of a column at
once, and only then row by row.
"""

import re
from decimal import Decimal
from struct import unpack_from
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.formats.oneroster_csv.binding import File
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.formats.text_values import dates_as_text, instants_as_text

__all__ = ["holds", "lines", "text_of"]

_BREAKS: Final = (b"\n", b"\r")
_BREAK: Final = "\r\n|\r|\n"
_LINE_END: Final = re.compile(_BREAK)
_RESERVED: Final = (b",", b":", b"{", b"}", b"\n", b"\r")
"""What neither part of a user id can hold: the binding gives it no form (2.1 [C])."""
_LONGEST: Final = 255
_MINUTE: Final = 60_000_000
"""Microseconds."""


def text_of(batch: pa.RecordBatch, name: str, file: File, tally: LossCounts) -> pa.Array:
    """A column as text, null for blank, not yet quoted.

    Args:
        batch: The rows.
        name: The column, which the batch has.
        file: The file that the text is for.
        tally: Where to count what has no form.

    Raises:
        ValueError: An id in a list of ids holds a comma; the message names column and record.
    """
    column = batch.column(name)
    kind = column.type
    if name in file.days:
        return dates_as_text(_day(batch, name))
    if pa.types.is_timestamp(kind):
        return instants_as_text(column, "ms")
    if pa.types.is_list(kind):
        listed = _user_ids(column, file, name, tally) if pa.types.is_struct(kind.value_type) else column
        return _list(listed, batch, name, file, tally)
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "true", "false")
    if pa.types.is_date(kind):
        return dates_as_text(column)
    return _number(column) if pa.types.is_floating(kind) else _text(column.cast(pa.string()), file, name, tally)


def lines(columns: list[pa.Array]) -> pa.Buffer:
    """Rows of text as the bytes of CSV lines: quoted where needed, each line with CRLF at its end (2 [B])."""
    *cells, last = [_quoted(column) for column in columns]
    # The end of the line goes to the last cell, which is shorter to copy than the line.
    ended = pc.binary_join_element_wise(last, "\r\n", "", null_handling="replace", null_replacement="")
    return _bytes(pc.binary_join_element_wise(*cells, ended, ",", null_handling="replace", null_replacement=""))


def _bytes(column: pa.Array) -> pa.Buffer:
    """The bytes of all values, one behind the other."""
    _, offsets, data = column.buffers()
    if data is None or len(column) == 0:
        return pa.py_buffer(b"")
    (start,) = unpack_from("=i", offsets, 4 * column.offset)
    (end,) = unpack_from("=i", offsets, 4 * (column.offset + len(column)))
    return data.slice(start, end - start)


def holds(column: pa.Array, *signs: bytes) -> bool:
    """Whether one of the signs stands somewhere in a column of text, looked for in all of its bytes at once."""
    data = _bytes(column).to_pybytes()
    return any(sign in data for sign in signs)


def _quoted(column: pa.Array) -> pa.Array:
    quotes = holds(column, b'"')
    if not quotes and not holds(column, b","):
        return column
    needed = pc.match_substring(column, ",")
    if quotes:
        needed = pc.or_(needed, pc.match_substring(column, '"'))
        column = pc.replace_substring(column, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise('"', column, '"', ""), column)


def _text(column: pa.Array, file: File, name: str, tally: LossCounts) -> pa.Array:
    if holds(column, *_BREAKS):
        breaks = pc.sum(pc.count_substring_regex(column, _BREAK)).as_py()
        tally.note(file.name, name, "line breaks became blanks", breaks)
        column = pc.replace_substring_regex(column, _BREAK, " ")
    longest = pc.max(pc.binary_length(column)).as_py()
    if longest is not None and longest > _LONGEST:
        long = pc.sum(pc.greater(pc.utf8_length(column), _LONGEST)).as_py()
        tally.note(file.name, name, f"values are longer than {_LONGEST} characters, which many importers refuse", long)
    return column


def _number(column: pa.Array) -> pa.Array:
    text = pc.if_else(pc.is_finite(column), column, None).cast(pa.string())
    if not holds(text, b"e"):
        return text
    # A plain decimal number has no exponent (2.1 [B]).
    plain = [None if value is None else f"{Decimal(value):f}" if "e" in value else value for value in text.to_pylist()]
    return pa.array(plain, pa.string())


def _day(batch: pa.RecordBatch, name: str) -> pa.Array:
    """The calendar day as the server wrote it, where its offset was kept (5.12 [A]: a Date)."""
    instant = batch.column(name).cast(pa.int64())
    offset = f"{name}Offset"
    if offset in batch.schema.names:
        minutes = pc.fill_null(batch.column(offset), 0).cast(pa.int64())
        instant = pc.add(instant, pc.multiply(minutes, _MINUTE))
    return pc.cast(instant.cast(pa.timestamp("us")), pa.date32(), safe=False)


def _list(column: pa.Array, batch: pa.RecordBatch, name: str, file: File, tally: LossCounts) -> pa.Array:
    """Lists as their items joined by commas, which no item can hold (2.1 [A])."""
    items = column.flatten()
    if items.null_count or holds(items, b",", *_BREAKS) or pc.min(pc.binary_length(items)).as_py() == 0:
        ids = name.endswith("SourcedIds")
        rows = zip(batch.column("sourcedId").to_pylist(), column.to_pylist(), strict=True)
        return pa.array(
            [None if listed is None else _joined(row, listed, ids, name, file, tally) for row, listed in rows],
            pa.string(),
        )
    return pc.binary_join(column, ",")


def _joined(row: str, items: list[str | None], ids: bool, name: str, file: File, tally: LossCounts) -> str:
    if ids and any("," in item for item in items if item):
        # A changed id would break the reference (2.1 [C]).
        raise ValueError(f"{file.name}.csv, {name} of {row!r}: a sourcedId in the list holds a comma")
    tally.note(file.name, name, "items of lists lost their commas", sum("," in item for item in items if item))
    filled = list(filter(None, ((item or "").replace(",", "") for item in items)))
    tally.note(file.name, name, "empty items of lists were left out", len(items) - len(filled))
    text, breaks = _LINE_END.subn(" ", ",".join(filled))
    tally.note(file.name, name, "line breaks became blanks", breaks)
    return text


def _user_ids(column: pa.Array, file: File, name: str, tally: LossCounts) -> pa.Array:
    """User ids as lists of ``{type:identifier}`` (2.1 [A])."""
    parts = column.flatten().flatten()
    whole = pc.and_(*(pc.greater(pc.fill_null(pc.binary_length(part), 0), 0) for part in parts))
    if any(holds(part, *_RESERVED) for part in parts):
        for part in parts:
            whole = pc.and_(whole, pc.invert(pc.fill_null(pc.match_substring_regex(part, "[,:{}\r\n]"), True)))
    written = pc.if_else(whole, pc.binary_join_element_wise("{", parts[0], ":", parts[1], "}", ""), None)
    listed = _relisted(column, written)
    if not written.null_count:
        return listed
    tally.note(file.name, name, "user ids have no form and were left out", written.null_count)
    kept = [None if items is None else [item for item in items if item] for items in listed.to_pylist()]
    return pa.array(kept, pa.list_(pa.string()))


def _relisted(column: pa.Array, items: pa.Array) -> pa.Array:
    """The lists of a column with other items, which stand in the order of its flattened ones."""
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    return pa.ListArray.from_arrays(offsets, items, mask=column.is_null())
