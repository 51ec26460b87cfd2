"""B11: a roster whose server lists rows twice."""

from pathlib import Path

import pytest

from oneroster import Paging, UnstableCollectionError
from oneroster.pull import PullOptions, RosterSelection, SanityLimits, pull
from oneroster.pull.roster.rejects import DUPLICATE
from oneroster.sandbox import Sandbox
from tests.pull.pulling import by_id, roster_of, rows_at, truth

OPTIONS = PullOptions(
    selection=RosterSelection(only=["courses"]), limits=SanityLimits(unresolved=1.0), paging=Paging(limit=7)
)


@pytest.mark.parametrize("limit", [7, 1000])
def test_b11_equal_rows_need_no_leave_and_are_counted(limit: int, tmp_path: Path) -> None:
    with Sandbox("small", 3) as tenant:
        expected = truth(tenant)["Course"]
    with Sandbox("small", 3, faults=["identical-twins"]) as tenant, roster_of(tenant) as client:
        report = pull(client, tmp_path / "r.parquet", OPTIONS._replace(paging=Paging(limit=limit)))
    assert by_id(rows_at(tmp_path / "r.parquet")) == by_id({"Course": expected})
    assert any("1 row was sent twice with the same content" in note for note in report.notes)
    assert (report.outcomes[0].identical, report.outcomes[0].announced) == (1, len(expected) + 1)


def test_b11_other_rows_need_leave_and_are_listed(tmp_path: Path) -> None:
    place = tmp_path / "r.parquet"
    with Sandbox("small", 3, faults=["conflicting-twins"]) as tenant, roster_of(tenant) as client:
        with pytest.raises(UnstableCollectionError, match="--accept-duplicates"):
            pull(client, place, OPTIONS)
        assert not place.exists()
        report = pull(client, place, OPTIONS._replace(paging=Paging(limit=7, accept_duplicates=True)))
    assert report.rejects == {("courses", DUPLICATE): 1}
    assert report.rejects_file is not None
    assert DUPLICATE in report.rejects_file.read_text("utf-8")
    (rows,) = rows_at(place).values()
    assert len(rows) == report.outcomes[0].rows == len({row["sourcedId"] for row in rows})
