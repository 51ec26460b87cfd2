"""Result sets that faults put in place of the right one."""

from collections.abc import Iterator

import pytest

from oneroster.sandbox.district.size import Size
from oneroster.sandbox.faults.altered_result_sets import (
    FilteredRows,
    FirstRowTwice,
    RotatedRows,
    RowsExceptId,
    RowsExceptLastActive,
    RowsWithIds,
    SortedRows,
)
from oneroster.sandbox.faults.target_records import last_record, reversed_rows
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster.sandbox.store.store import Store

ALL = 1_000


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(Size(40), 1, cache=None) as opened:
        yield opened


def ids(rows: ResultSet) -> list[str]:
    return [row["sourcedId"] for row in rows.page(0, ALL)]


def test_rows_are_omitted_repeated_and_reordered(store: Store) -> None:
    rows = store.select("Org")
    every = ids(rows)
    target = last_record(store, "Org")["sourcedId"]
    assert ids(RowsExceptLastActive(rows, rows)) == [one for one in every if one != target]
    assert ids(RowsExceptId(rows, every[0])) == every[1:]
    assert ids(RowsWithIds(rows, {every[2], every[1]})) == every[1:3]
    assert ids(FilteredRows(rows, lambda row: row["sourcedId"] == every[3])) == [every[3]]
    assert ids(SortedRows(rows, lambda row: str(row["sourcedId"]), descending=True)) == sorted(every, reverse=True)
    assert ids(FirstRowTwice(rows)) == [every[0], *every]
    assert ids(RotatedRows(rows, 2)) == every[2:] + every[:2]
    assert [row["sourcedId"] for row in reversed_rows(rows)] == every[::-1]


def test_a_target_that_the_district_lacks_is_an_error(store: Store) -> None:
    for element in ("Org", "NoSuchElement"):
        with pytest.raises(ValueError, match=f"this district has no {element} that the fault could change"):
            last_record(store, element, lambda _: False)
