"""The text of CSV cells as the Arrow columns that it stands for."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["typed"]

_USER_ID: Final = re.compile(r"\{([^:{}]+):([^:{}]+)\}")


def typed(text: pa.Array, kind: pa.DataType) -> pa.Array:
    """A column of text in its type.

    Args:
        text: Cells; null for blank ones.
        kind: One of the types of `oneroster.pull.roster.columns`.

    Raises:
        ValueError: A cell is none of that type.
    """
    if pa.types.is_string(kind):
        return text
    if pa.types.is_list(kind):
        return _user_ids(text, kind) if pa.types.is_struct(kind.value_type) else _list(text, kind)
    if pa.types.is_boolean(kind):
        return _booleans(text)
    if pa.types.is_timestamp(kind):
        # A day, where the binding has one for an instant, is taken as its beginning in UTC.
        return pc.if_else(
            pc.equal(pc.binary_length(text), 10), pc.binary_join_element_wise(text, "T00:00:00Z", ""), text
        ).cast(kind)
    return text.cast(kind)


def _booleans(text: pa.Array) -> pa.Array:
    true = pc.equal(text, "true")
    if pc.all(pc.or_(true, pc.equal(text, "false"))).as_py() is False:
        raise ValueError("neither true nor false")
    return true


def _list(text: pa.Array, kind: pa.DataType) -> pa.Array:
    split = pc.split_pattern(text, ",")
    # Older examples of the standard have a blank behind the comma (2.1 [A]).
    items = pc.utf8_trim_whitespace(split.flatten()) if _has(text, ", ") else split.flatten()
    return pa.ListArray.from_arrays(_offsets(split), items, mask=text.is_null()).cast(kind)


def _has(text: pa.Array, part: str) -> bool:
    return bool(pc.any(pc.match_substring(text, part)).as_py())


def _offsets(lists: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])


def _user_ids(text: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.array([None if cell is None else _entries(cell) for cell in text.to_pylist()], kind)


def _entries(cell: str) -> list[dict[str, str]]:
    found = [_USER_ID.fullmatch(item.strip()) for item in cell.split(",")]
    if not all(found):
        raise ValueError("no list of {type:identifier}")
    return [{"type": match[1], "identifier": match[2]} for match in found if match]
