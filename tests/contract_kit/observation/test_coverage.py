"""Coverage counts the requests of each operation, by any caller, from the log of the gateway."""

from oneroster.contract.observation.operation_coverage import operation_coverage
from tests.contract_kit.hostile import says
from tests.contract_kit.judging import EMPTY, ORG, ORGS, judging


def test_requests_are_counted_by_operation() -> None:
    with judging(says(EMPTY)) as tenant:
        tenant.probe("/orgs", "offset=1")
        tenant.probe("/orgs/a%2Fb")
        tenant.probe("/unknown")
        seen = {each.operation_id: each for each in operation_coverage(tenant)}
    assert list(seen) == list(tenant.dialect.operations)
    orgs, org = seen[ORGS.operation_id], seen[ORG.operation_id]
    assert (orgs.requests, org.requests) == (2, 1)
    assert orgs.exercised == ("limit", "offset")
    assert orgs.offer == "offered"
    assert orgs.median is not None
    assert orgs.slowest is not None
    assert orgs.median <= orgs.slowest


def test_an_operation_without_requests_has_no_times() -> None:
    with judging(says(EMPTY)) as tenant:
        seen = {each.operation_id: each for each in operation_coverage(tenant)}
    users = seen["getAllUsers"]
    assert (users.requests, users.median, users.slowest, users.exercised) == (0, None, None, ())
    assert users.offer == "not asked"
    assert "filter" in users.parameters
