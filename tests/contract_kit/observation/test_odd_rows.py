"""A record with other values than before is noted, with the response that has them."""

from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.odd_rows import OddRows
from tests.in_process import quick_sandbox


def noted(*faults: str) -> OddRows:
    """Note a list, selected fields of it, and a single read of each of its records."""
    rows = OddRows()
    with (
        quick_sandbox(faults=faults) as sandbox,
        Gateway(Target(sandbox.base_url, access=BearerToken(sandbox.token))) as gateway,
    ):
        tenant = ObservedTenant(gateway)
        orgs, org = (tenant.dialect.operations[name] for name in ("getAllOrgs", "getOrg"))
        listed = tenant.ask(orgs, {}, {"limit": 5})
        rows.note(listed)
        rows.note(tenant.ask(orgs, {}, {"limit": 5, "fields": "sourcedId,name"}))
        for row in listed.rows:
            rows.note(tenant.ask(org, {"id": str(identity(row))}))
    assert rows.any_noted
    return rows


def test_records_that_stay_as_they_were_are_not_kept() -> None:
    assert not noted()


def test_a_single_read_that_differs_from_the_list_is_kept() -> None:
    assert set(noted("single-differs")) == {"getOrg"}
