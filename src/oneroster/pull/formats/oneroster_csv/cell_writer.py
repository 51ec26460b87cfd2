"""Convert Arrow columns to the text of OneRoster CSV cells (2, 2.1).

This is the hot path of the writer, so it works on whole columns. Rare characters are first searched for in the bytes of
the whole column; only when one is found are the rows processed one by one.
"""

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from struct import unpack_from
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.formats.oneroster_csv.csv_file import CsvFile
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.formats.text_conversion import dates_as_text, timestamps_as_text
from oneroster.pull.roster.list_columns import with_items

__all__ = ["column_text", "contains_any", "csv_lines"]

_LINE_BREAKS: Final = (b"\n", b"\r")
_LINE_BREAK: Final = "\r\n|\r|\n"
_LINE_BREAK_PATTERN: Final = re.compile(_LINE_BREAK)
_RESERVED: Final = (b",", b":", b"{", b"}", b"\n", b"\r")
"""Characters that CSV cannot represent in the parts of a pair (2.1 [C])."""
_PAIRS: Final = {"userIds": "user ids", "scoreScaleValue": "values of a scale"}
_MAX_LENGTH: Final = 255
_DAY_IN_UTC: Final = "times in UTC written as the day in UTC, which may not be that of the tenant; set time_zone"


def column_text(
    batch: pa.RecordBatch, name: str, file: CsvFile, losses: LossCounts, zone: ZoneInfo | None = None
) -> pa.Array:
    """Convert a column to text: null for blank cells, not yet quoted.

    Args:
        batch: The rows.
        name: The name of the column.
        file: The file that the text is written to.
        losses: Counts the values that CSV cannot represent.
        zone: The time zone of the tenant; None if it is not known.

    Raises:
        ValueError: An id in a list of ids contains a comma. The message names the column and the record.
    """
    column = batch.column(name)
    kind = column.type
    if name in file.days:
        return dates_as_text(_day(batch, name, file, zone, losses))
    if pa.types.is_timestamp(kind):
        return timestamps_as_text(column, "ms")
    if pa.types.is_list(kind):
        listed = _pairs(column, file, name, losses) if pa.types.is_struct(kind.value_type) else column
        return _list(listed, batch, name, file, losses)
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "true", "false")
    if pa.types.is_date(kind):
        return dates_as_text(column)
    if name in file.percents:
        return _percent(column, file, name, losses)
    return _number(column) if pa.types.is_floating(kind) else _text(column.cast(pa.string()), file, name, losses)


def csv_lines(columns: list[pa.Array]) -> pa.Buffer:
    """Join columns of text into CSV lines: quoted where needed, each line ending in CRLF (2 [B])."""
    *cells, last = [_quoted(column) for column in columns]
    # Append CRLF to the last cell, which is cheaper to copy than the line.
    ended = pc.binary_join_element_wise(last, "\r\n", "", null_handling="replace", null_replacement="")
    return _value_bytes(pc.binary_join_element_wise(*cells, ended, ",", null_handling="replace", null_replacement=""))


def _value_bytes(column: pa.Array) -> pa.Buffer:
    """Return the bytes of all values, concatenated."""
    _, offsets, data = column.buffers()
    if data is None or len(column) == 0:
        return pa.py_buffer(b"")
    (start,) = unpack_from("=i", offsets, 4 * column.offset)
    (end,) = unpack_from("=i", offsets, 4 * (column.offset + len(column)))
    return data.slice(start, end - start)


def contains_any(column: pa.Array, *substrings: bytes) -> bool:
    """Return whether a column of text contains one of the substrings, searched for in the bytes of the whole column."""
    data = _value_bytes(column).to_pybytes()
    return any(substring in data for substring in substrings)


def _quoted(column: pa.Array) -> pa.Array:
    quotes = contains_any(column, b'"')
    if not quotes and not contains_any(column, b","):
        return column
    needed = pc.match_substring(column, ",")
    if quotes:
        needed = pc.or_(needed, pc.match_substring(column, '"'))
        column = pc.replace_substring(column, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise('"', column, '"', ""), column)


def _text(column: pa.Array, file: CsvFile, name: str, losses: LossCounts) -> pa.Array:
    if contains_any(column, *_LINE_BREAKS):
        breaks = pc.sum(pc.count_substring_regex(column, _LINE_BREAK)).as_py()
        losses.count_values(file.name, name, "line breaks replaced by spaces", breaks)
        column = pc.replace_substring_regex(column, _LINE_BREAK, " ")
    longest = pc.max(pc.binary_length(column)).as_py()
    if longest is not None and longest > _MAX_LENGTH:
        long = pc.sum(pc.greater(pc.utf8_length(column), _MAX_LENGTH)).as_py()
        losses.count_values(
            file.name, name, f"values longer than {_MAX_LENGTH} characters, which many importers reject", long
        )
    return column


def _percent(column: pa.Array, file: CsvFile, name: str, losses: LossCounts) -> pa.Array:
    """Return whole numbers from 0 to 100. Whether others are shares or percentages is not certain (8.2)."""
    fits = pc.and_(pc.equal(pc.floor(column), column), pc.and_(pc.greater_equal(column, 0), pc.less_equal(column, 100)))
    fits = pc.fill_null(fits, False)
    kept = pc.if_else(fits, column, None)
    lost = kept.null_count - column.null_count
    losses.count_values(file.name, name, "numbers other than whole ones from 0 to 100 left blank", lost)
    return kept.cast(pa.int64()).cast(pa.string())


def _number(column: pa.Array) -> pa.Array:
    text = pc.if_else(pc.is_finite(column), column, None).cast(pa.string())
    if not contains_any(text, b"e"):
        return text
    # A plain decimal number has no exponent (2.1 [B]).
    plain = [None if value is None else f"{Decimal(value):f}" if "e" in value else value for value in text.to_pylist()]
    return pa.array(plain, pa.string())


def _day(batch: pa.RecordBatch, name: str, file: CsvFile, zone: ZoneInfo | None, losses: LossCounts) -> pa.Array:
    """Return the calendar day in the tenant's time zone (5.12 [A]: a Date).

    Where the zone is not known, the day is that of the offset that the server wrote, or of UTC.
    """
    instants = batch.column(name)
    offset = f"{name}Offset"
    offsets = batch.column(offset) if offset in batch.schema.names else pa.nulls(batch.num_rows, pa.int16())
    if zone is None:
        in_utc = pc.sum(pc.and_(pc.is_valid(instants), pc.is_null(offsets))).as_py() or 0
        losses.count_values(file.name, name, _DAY_IN_UTC, in_utc)
    pairs = zip(instants.to_pylist(), offsets.to_pylist(), strict=True)
    return pa.array([None if when is None else _local_day(when, minutes, zone) for when, minutes in pairs], pa.date32())


def _local_day(when: datetime, minutes: int | None, zone: ZoneInfo | None) -> date:
    try:
        return when.astimezone(zone or timezone(timedelta(minutes=minutes or 0))).date()
    except (OverflowError, ValueError):  # at the edge of time there is no such day elsewhere
        return when.date()


def _list(column: pa.Array, batch: pa.RecordBatch, name: str, file: CsvFile, losses: LossCounts) -> pa.Array:
    """Join the items of each list with commas. An item cannot contain one (2.1 [A])."""
    items = column.flatten()
    if items.null_count or contains_any(items, b",", *_LINE_BREAKS) or pc.min(pc.binary_length(items)).as_py() == 0:
        ids = name.endswith("SourcedIds")
        rows = zip(batch.column("sourcedId").to_pylist(), column.to_pylist(), strict=True)
        return pa.array(
            [None if listed is None else _joined(row, listed, ids, name, file, losses) for row, listed in rows],
            pa.string(),
        )
    return pc.binary_join(column, ",")


def _joined(row: str, items: list[str | None], ids: bool, name: str, file: CsvFile, losses: LossCounts) -> str:
    if ids and any("," in item for item in items if item):
        # Removing the comma would break the reference (2.1 [C]).
        raise ValueError(f"{file.name}.csv, {name} of {row!r}: a sourcedId in the list contains a comma")
    losses.count_values(file.name, name, "commas removed from list items", sum("," in item for item in items if item))
    filled = list(filter(None, ((item or "").replace(",", "") for item in items)))
    losses.count_values(file.name, name, "empty list items left out", len(items) - len(filled))
    text, breaks = _LINE_BREAK_PATTERN.subn(" ", ",".join(filled))
    losses.count_values(file.name, name, "line breaks replaced by spaces", breaks)
    return text


def _pairs(column: pa.Array, file: CsvFile, name: str, losses: LossCounts) -> pa.Array:
    """Format user ids as lists of ``{type:identifier}`` (2.1 [A]), and score scales as those of ``{lhs:rhs}``."""
    parts = column.flatten().flatten()
    valid = pc.and_(*(pc.greater(pc.fill_null(pc.binary_length(part), 0), 0) for part in parts))
    if any(contains_any(part, *_RESERVED) for part in parts):
        for part in parts:
            valid = pc.and_(valid, pc.invert(pc.fill_null(pc.match_substring_regex(part, "[,:{}\r\n]"), True)))
    written = pc.if_else(valid, pc.binary_join_element_wise("{", parts[0], ":", parts[1], "}", ""), None)
    listed = with_items(column, written)
    if not written.null_count:
        return listed
    losses.count_values(
        file.name, name, f"{_PAIRS.get(name, 'pairs')} that CSV cannot represent left out", written.null_count
    )
    kept = [None if items is None else [item for item in items if item] for items in listed.to_pylist()]
    return pa.array(kept, pa.list_(pa.string()))
