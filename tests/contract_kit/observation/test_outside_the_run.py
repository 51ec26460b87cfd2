"""Why a rule is not judged on the operations of the run."""

import pytest

from oneroster.contract.causes import Cause
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.outside_the_run import outside_the_run
from oneroster.contract.run_plan import RunPlan


@pytest.mark.parametrize(
    ("operations", "named", "cause", "said"),
    [
        ({"getOrg"}, {"OR-PAG-05"}, Cause.NOT_OFFERED, "OR-PAG-05 does not apply to getOrg"),
        ({"putResult"}, {"OR-PAG-05"}, Cause.NOT_OFFERED, "does not apply to putResult in the profile standard"),
        ({"getOrg", "getUser"}, {"OR-PAG-05"}, Cause.NOT_REQUESTED, "are excluded from the run"),
        ({"getOrg"}, {"paging"}, Cause.NOT_REQUESTED, "are excluded from the run"),
    ],
)
def test_only_one_named_operation_has_a_reason_of_its_own(
    operations: set[str], named: set[str], cause: Cause, said: str
) -> None:
    plan = RunPlan(operations=frozenset(operations), named=frozenset(named))
    with Gateway(Target("http://tenant.invalid"), RunBudget(requests=0)) as gateway:
        reason = outside_the_run(ObservedTenant(gateway, plan=plan), "OR-PAG-05")
    assert reason.cause is cause
    assert said in str(reason)
