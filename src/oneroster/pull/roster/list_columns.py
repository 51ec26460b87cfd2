"""Columns of lists, built from those of their items."""

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["field_of_items", "with_items"]


def with_items(column: pa.Array, items: pa.Array) -> pa.Array:
    """Replace the items of a column of lists, given in the order of the flattened column."""
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    return pa.ListArray.from_arrays(offsets, items, mask=column.is_null())


def field_of_items(column: pa.Array, name: str) -> pa.Array:
    """Return a column with the lists of one field of nested records."""
    items = column.flatten()
    return with_items(column, items.flatten()[items.type.get_field_index(name)])
