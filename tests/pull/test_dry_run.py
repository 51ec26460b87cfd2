"""The dry run: one small request per collection, and nothing written."""

from pathlib import Path

import pytest

from oneroster import OneRoster
from oneroster.pull import DestinationError, PullOptions, RosterSelection, preview
from oneroster.pull.plan import collections_to_fetch
from oneroster.sandbox import Sandbox, Variants
from tests.pull.pulling import roster_of, truth


def test_a_dry_run_counts_the_rows_of_each_collection(tmp_path: Path) -> None:
    options = PullOptions(selection=RosterSelection(only=["orgs", "results"], filters={"orgs": "type='school'"}))
    with Sandbox("small", 3, variants=Variants(gradebook=False)) as tenant, roster_of(tenant) as client:
        found = {one.source.collection: one for one in preview(client, options, tmp_path / "roster.parquet")}
        schools = [row for row in truth(tenant)["Org"] if row["type"] == "school"]
        with pytest.raises(DestinationError):
            preview(client, options, tmp_path / "roster.unknown")
    assert found["orgs"].rows == len(schools)
    assert found["results"].rows is None
    assert found["results"].reason == "responded with 404"
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_of_everything_has_all_collections_in_load_order() -> None:
    with Sandbox("small", 3) as tenant, roster_of(tenant) as client:
        found = preview(client, PullOptions())
        expected = {element: len(rows) for element, rows in truth(tenant).items()}
        assert {one.source.element: one.rows for one in found} == expected
        assert [one.source for one in found] == list(collections_to_fetch(client.standard.specification))
        with OneRoster(base_url=tenant.base_url, token="wrong") as refused:
            assert {one.reason for one in preview(refused, PullOptions())} == {"responded with 401"}


def test_a_dry_run_names_the_columns_that_are_left_out() -> None:
    with Sandbox("small", 3) as tenant, roster_of(tenant) as client:
        (users,) = preview(client, PullOptions(selection=RosterSelection(only=["users"])))
    assert users.left_out == ("password",)
    assert users.reason == ""
