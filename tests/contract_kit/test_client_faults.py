"""Faults that rehearse a client do the kit no harm: it ends in time, with a verdict or saying it could not judge."""

import time

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.target import Target
from oneroster.contract.runner import check
from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import CLIENT_FAULTS

SMALL = RunBudget(requests=40, rate=None, timeout=0.5, seconds=3, body=200_000)


@pytest.mark.parametrize("fault", sorted(CLIENT_FAULTS))
def test_a_run_against_a_client_fault_ends_in_time(fault: str) -> None:
    rules = select(exclude=("engine",))
    with Sandbox(faults=[fault]) as tenant:
        began = time.monotonic()
        report = check(Target(tenant.base_url, access=BearerToken(tenant.token)), SMALL, rules=rules, seed=1)
        assert time.monotonic() - began < 30
    assert report.exit_code() in (0, 1, 3)
    assert {each.id for each in report.checks} == {rule.id for rule in rules}
    assert not report.kit_errors()
