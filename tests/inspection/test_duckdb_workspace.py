"""The temporary DuckDB database of diff and stats."""

import pyarrow as pa
import pytest

from oneroster.inspection.duckdb_workspace import open_workspace
from oneroster.pull.errors import DestinationError
from oneroster.pull.roster.roster_protocol import MemoryRoster
from tests.pull.formats.rosters import roster, school, table


def test_registered_rows_are_counted_and_can_be_queried_once() -> None:
    orgs = roster(table("Org", school("a"), school("b", status="tobedeleted"), school("c", status=None)))
    with open_workspace() as workspace:
        count = workspace.register("source", orgs, "Org", orgs.schema("Org"))
        workspace.create_table("orgs", ["sourcedId"], "source")
        assert workspace.query("SELECT sourcedId FROM orgs ORDER BY 1") == [("a",), ("b",), ("c",)]
        assert count == [3]


def test_only_active_rows_are_registered_if_requested() -> None:
    orgs = roster(table("Org", school("a"), school("b", status="tobedeleted"), school("c", status=None)))
    with open_workspace() as workspace:
        count = workspace.register("source", orgs, "Org", orgs.schema("Org"), only_active=True)
        assert workspace.query("SELECT sourcedId FROM source ORDER BY 1") == [("a",), ("c",)]
        assert count == [2]


def test_an_element_that_the_roster_lacks_is_an_empty_table() -> None:
    schema = roster(table("Org")).schema("Org")
    with open_workspace() as workspace:
        workspace.register("source", roster(), "Org", schema)
        assert workspace.query("SELECT count(*) FROM source") == [(0,)]


def test_the_error_of_a_roster_is_raised_instead_of_that_of_duckdb() -> None:
    class Broken(MemoryRoster):
        def read(self, element: str) -> pa.RecordBatchReader:
            raise DestinationError(f"{element} is broken")

    def read(orgs: MemoryRoster) -> None:
        with open_workspace() as workspace:
            workspace.register("source", orgs, "Org", orgs.schema("Org"))
            workspace.query("SELECT * FROM source")

    with pytest.raises(DestinationError, match="Org is broken"):
        read(Broken(roster().manifest, {"Org": table("Org", school())}))


def test_an_error_of_duckdb_does_not_quote_a_value() -> None:
    with pytest.raises(DestinationError, match="DuckDB failed") as caught, open_workspace() as workspace:
        workspace.query("SELECT CAST('Mia' AS INTEGER)")
    assert "Mia" not in str(caught.value)
