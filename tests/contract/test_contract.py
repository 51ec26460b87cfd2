"""Every rule of the contract kit, one test each, on a live tenant or, when no address is given, on the sandbox.

pytest tests/contract --base-url https://sis.example/ims/oneroster/v1p1, with ONEROSTER_TOKEN in the environment
"""

from collections.abc import Iterator

import pytest

from oneroster.contract.access import BearerToken
from oneroster.contract.result import Check, Reason, Report, Status
from oneroster.contract.rule import Rule, catalogue
from oneroster.contract.runner import check
from oneroster.contract.target import Limits, Target, polite_rate
from oneroster.sandbox import Sandbox


@pytest.fixture(scope="session")
def report(oneroster_target: Target | None) -> Iterator[Report]:
    """The judgement of all rules, made once."""
    if oneroster_target is not None:
        yield check(oneroster_target, Limits(rate=polite_rate(oneroster_target.base_url)))
        return
    with Sandbox() as tenant:
        yield check(Target(tenant.base_url, access=BearerToken(tenant.token)), seed=1)


@pytest.mark.parametrize("rule", catalogue(), ids=lambda rule: rule.id)
def test_rule(rule: Rule, report: Report) -> None:
    checks = [each for each in report.checks if each.id == rule.id]
    failed = told(checks, Status.FAILED)
    assert not failed, f"{rule.title} ({rule.clause})\n{failed}"
    unjudged = [each.message for each in checks if each.reason in (Reason.UNJUDGED, Reason.KIT_ERROR)]
    assert not unjudged, unjudged[0]
    warned = told(checks, Status.WARNED)
    if warned:
        # A probable fact: worth saying, no reason to fail a server.
        pytest.xfail(f"{rule.title} ({rule.clause})\n{warned}")
    if all(each.status is Status.SKIPPED for each in checks):
        pytest.skip(checks[0].message)


def told(checks: list[Check], status: Status) -> str:
    """The findings of one status, one on a line, with the command that shows the first of each."""
    lines = []
    for each in checks:
        if each.status is status:
            lines.append(f"{each.operation_id}: {each.message}")
            lines += [f"    {item.curl}" for item in each.evidence[:1] if item.curl]
    return "\n".join(lines)
