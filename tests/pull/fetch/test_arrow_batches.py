"""Columns of nested records, of which each row has one or none."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from oneroster.pull.fetch import arrow_batches
from oneroster_v1p2 import specification

ROLE = specification().elements["User"].properties["roles"]
KIND = pa.struct([pa.field("street", pa.string())])


def streets(rows: Any) -> pa.Array:
    return pa.array([row.street for row in rows], pa.string())


@pytest.mark.parametrize("present", [[True, True], [False, True, False, True], [False], []])
def test_a_row_has_its_own_nested_record_or_none(present: list[bool]) -> None:
    values = [SimpleNamespace(street=f"{place} Mill Lane") if there else None for place, there in enumerate(present)]
    column = partial(arrow_batches._single_records, KIND, ROLE._replace(kind="record"), [streets])
    found = column([SimpleNamespace(roles=value) for value in values])
    assert found.type == KIND
    assert found.to_pylist() == [None if value is None else {"street": value.street} for value in values]
