"""Resizing of record batches."""

from pathlib import Path

import pyarrow as pa
import pytest

from oneroster.pull import DestinationError
from oneroster.pull.formats.rebatch import cast_batches, group_batches, rebatch

TABLE = pa.table({"id": list(range(100))})


def test_batches_are_merged_and_split_to_the_maximum_of_rows() -> None:
    batches = list(rebatch(TABLE.to_batches(max_chunksize=7), 30))
    assert [batch.num_rows for batch in batches] == [28, 28, 28, 16]
    assert pa.Table.from_batches(batches) == TABLE
    assert [batch.num_rows for batch in rebatch(TABLE.to_batches(), 40)] == [40, 40, 20]


def test_groups_contain_the_same_rows_without_a_copy() -> None:
    groups = list(group_batches(TABLE.to_batches(max_chunksize=7), 30))
    assert [len(group) for group in groups] == [4, 4, 4, 3]
    assert pa.Table.from_batches([batch for group in groups for batch in group]) == TABLE


def test_batches_are_cast_to_the_schema() -> None:
    schema = pa.schema([pa.field("id", pa.string())])
    read = cast_batches(schema, TABLE.to_batches(), Path("file"))
    assert read.read_all().column("id").to_pylist()[:2] == ["0", "1"]
    wrong = pa.schema([pa.field("id", pa.date32())])
    with pytest.raises(DestinationError, match="file: column id has values of the wrong type"):
        cast_batches(wrong, TABLE.select(["id"]).to_batches(), Path("file")).read_all()
