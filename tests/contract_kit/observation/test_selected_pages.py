"""A page of selected fields names what the records have, no secret, and is requested once."""

from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.selected_pages import ID, NOT_SELECTED, selected_page
from oneroster.contract.observation.walk import walk
from tests.in_process import quick_sandbox


def test_what_records_have_is_selected_once_without_secrets() -> None:
    with (
        quick_sandbox(faults=["password-sent"]) as sandbox,
        Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway,
    ):
        tenant = ObservedTenant(gateway)
        users = tenant.dialect.operations["getAllUsers"]
        tenant.add_walk(walk(tenant.ask, users, {}, limit=1000, max_rows=50_000, max_pages=100))
        page = selected_page(tenant, users)
        present = {name for row in page.full.values() for name in row}
        assert "password" in present
        assert present - set(page.names) - {ID, "password"} in ({each} for each in NOT_SELECTED)
        assert page.reading.rows
        assert all(row.keys() <= {ID, *page.names} for row in page.reading.rows)
        assert selected_page(tenant, users) is page
