"""Faults that rehearse a client do the kit no harm: it ends in time, with a verdict or saying it could not judge."""

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import CLIENT_FAULTS, FAULTS

SMALL = RunBudget(requests=40, rate=None, timeout=0.5, seconds=3, body=200_000)


@pytest.mark.series(by=lambda parameters: FAULTS[parameters["fault"]].family)
@pytest.mark.parametrize("fault", sorted(CLIENT_FAULTS))
def test_a_run_against_a_client_fault_ends_in_time(fault: str) -> None:
    rules = select(exclude=("engine",))
    with Sandbox(faults=[fault]) as tenant:
        report = check(Target(tenant.base_url, access=BearerToken(tenant.token)), SMALL, rules=rules, seed=1)
    assert report.exit_code() in (0, 1, 3)
    assert {each.id for each in report.checks} == {rule.id for rule in applicable(rules, "1.1")}
    assert not report.kit_errors()
