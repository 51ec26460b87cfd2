"""Parse the text of CSV cells into typed Arrow columns."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["parse_cells"]

_PAIR: Final = re.compile(r"\{([^:{}]+):([^:{}]+)\}")


def parse_cells(text: pa.Array, kind: pa.DataType) -> pa.Array:
    """Parse a column of text.

    Args:
        text: The cells; null for blank ones.
        kind: One of the types of `oneroster.pull.roster.columns`.

    Raises:
        ValueError: A cell does not have this type.
    """
    if pa.types.is_string(kind):
        return text
    if pa.types.is_list(kind):
        return _pairs(text, kind) if pa.types.is_struct(kind.value_type) else _list(text, kind)
    if pa.types.is_boolean(kind):
        return _booleans(text)
    if pa.types.is_timestamp(kind):
        # Where the binding has a date for a date-time, use midnight UTC.
        return pc.if_else(
            pc.equal(pc.binary_length(text), 10), pc.binary_join_element_wise(text, "T00:00:00Z", ""), text
        ).cast(kind)
    return text.cast(kind)


def _booleans(text: pa.Array) -> pa.Array:
    true = pc.equal(text, "true")
    if pc.all(pc.or_(true, pc.equal(text, "false"))).as_py() is False:
        raise ValueError("a boolean must be true or false")
    return true


def _list(text: pa.Array, kind: pa.DataType) -> pa.Array:
    split = pc.split_pattern(text, ",")
    # Older examples of the standard have a space after the comma (2.1 [A]).
    items = pc.utf8_trim_whitespace(split.flatten()) if _contains(text, ", ") else split.flatten()
    return pa.ListArray.from_arrays(_offsets(split), items, mask=text.is_null()).cast(kind)


def _contains(text: pa.Array, part: str) -> bool:
    return bool(pc.any(pc.match_substring(text, part)).as_py())


def _offsets(lists: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])


def _pairs(text: pa.Array, kind: pa.DataType) -> pa.Array:
    first, second = (field.name for field in kind.value_type)
    parsed = [None if cell is None else _parse_pairs(cell) for cell in text.to_pylist()]
    return pa.array(
        [None if pairs is None else [{first: one, second: other} for one, other in pairs] for pairs in parsed], kind
    )


def _parse_pairs(cell: str) -> list[tuple[str, str]]:
    found = [_PAIR.fullmatch(item.strip()) for item in cell.split(",")]
    if not all(found):
        raise ValueError("not a list of {first:second}")
    return [(match[1], match[2]) for match in found if match]
