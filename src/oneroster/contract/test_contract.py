"""Every rule of the contract kit, one test each, on a live tenant.

``pytest --pyargs oneroster.contract --base-url https://sis.example/ims/oneroster/v1p1``, with ``ONEROSTER_TOKEN`` in
the environment; the address can stand there too.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from oneroster.contract.baseline import KnownError, accept, read_known
from oneroster.contract.catalogue import catalogue
from oneroster.contract.http.budget import RunBudget, default_rate
from oneroster.contract.http.target import Target
from oneroster.contract.pytest_plugin import option_of, target_of
from oneroster.contract.result import Check, CheckReport, Reason, Status
from oneroster.contract.rule import Rule
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.contract.selection import choose

__all__ = ["oneroster_report", "oneroster_target", "test_rule"]


class Judged(NamedTuple):
    """The report of the run, and the ids of the rules that it was about."""

    report: CheckReport
    rules: frozenset[str]


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> Target | None:
    """The tenant of the command line or the environment."""
    return target_of(pytestconfig)


@pytest.fixture(scope="session")
def oneroster_report(pytestconfig: pytest.Config, oneroster_target: Target | None) -> Judged:
    """The judgement of the chosen rules, made once for all tests."""
    if oneroster_target is None:
        pytest.skip("no tenant is named: give --base-url, or ONEROSTER_BASE_URL in the environment")

    def option(name: str) -> object:
        return option_of(pytestconfig, name)

    try:
        chosen = choose(option_of(pytestconfig, "include"), option_of(pytestconfig, "exclude"))
        known = read_known(Path(str(option("known")))) if option("known") else ()
    except (ValueError, KnownError) as error:
        raise pytest.UsageError(str(error)) from None
    plan = RunPlan(
        chosen.operations, option_of(pytestconfig, "fuzz"), bool(option("negative")), bool(option("stateful"))
    )
    limits = _limits(pytestconfig, plan, oneroster_target)
    report = check(oneroster_target, limits, rules=chosen.rules, plan=plan, seed=option_of(pytestconfig, "seed"))
    return Judged(accept(report, known)[0], frozenset(rule.id for rule in chosen.rules))


def _limits(config: pytest.Config, plan: RunPlan, target: Target) -> RunBudget:
    usual = RunBudget()
    return RunBudget(
        option_of(config, "max-requests") or plan.requests(usual.requests),
        option_of(config, "rate") or default_rate(target.base_url),
        option_of(config, "timeout") or usual.timeout,
        option_of(config, "max-time") or usual.seconds,
        workers=option_of(config, "workers") or usual.workers,
    )


@pytest.mark.parametrize("rule", catalogue(), ids=lambda rule: rule.id)
def test_rule(rule: Rule, oneroster_report: Judged) -> None:
    """The rule holds, or the server is told what breaks it, where, and how to see it."""
    if rule.id not in oneroster_report.rules:
        pytest.skip("the rule was not chosen")
    checks = [each for each in oneroster_report.report.checks if each.id == rule.id]
    head = f"{rule.title} ({rule.clause})"
    if failed := _told(checks, Status.FAILED):
        pytest.fail(f"{head}\n{failed}\nFix: {rule.fix}", pytrace=False)
    for reason in (Reason.KIT_ERROR, Reason.UNJUDGED):
        if unjudged := [each.message for each in checks if each.reason is reason]:
            pytest.fail(f"{head}\n{unjudged[0]}", pytrace=False)
    if warned := _told(checks, Status.WARNED):
        # A probable fact: worth saying, no reason to fail a server.
        pytest.xfail(f"{head}\n{warned}")
    if accepted := [each.message for each in checks if each.reason is Reason.ACCEPTED]:
        pytest.xfail(f"{head}\n{accepted[0]}")
    if checks and all(each.status is Status.SKIPPED for each in checks):
        pytest.skip(checks[0].message)


def _told(checks: list[Check], status: Status) -> str:
    """The findings of one status, one on a line, with the command that shows the first of each."""
    lines = []
    for each in checks:
        if each.status is status:
            lines.append(f"{each.operation_id}: {each.message}")
            lines += [f"    {item.curl}" for item in each.evidence[:1] if item.curl]
    return "\n".join(lines)
