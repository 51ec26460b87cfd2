"""Every rule of the contract kit as a test, on a live tenant.

Run ``pytest --pyargs oneroster.contract --base-url https://sis.example/ims/oneroster/v1p1`` with ``ONEROSTER_TOKEN`` in
the environment. The base URL can be an environment variable as well.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from oneroster.contract.baseline import AcceptedDeviation, BaselineError, apply_baseline, read_baseline
from oneroster.contract.catalogue import catalogue
from oneroster.contract.http.budget import RunBudget, default_rate
from oneroster.contract.http.target import Target
from oneroster.contract.pytest_plugin import run_option, target_from
from oneroster.contract.result import Check, CheckReport, Reason, Status
from oneroster.contract.rule import Rule
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.contract.selection import RuleSelection, rule_selection
from oneroster.standard import Standard

__all__ = ["oneroster_report", "oneroster_target", "test_rule"]


class SelectedReport(NamedTuple):
    """The report of a run, and the ids of the rules that were selected for it."""

    report: CheckReport
    rules: frozenset[str]


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> Target | None:
    """Return the tenant that the command line or the environment names."""
    return target_from(pytestconfig)


@pytest.fixture(scope="session")
def oneroster_report(pytestconfig: pytest.Config, oneroster_target: Target | None) -> SelectedReport:
    """Run the selected rules once, for all tests."""
    if oneroster_target is None:
        pytest.skip("no tenant given: set --base-url, or ONEROSTER_BASE_URL in the environment")
    selection, baseline = _rules_and_baseline(pytestconfig)
    plan = RunPlan(
        selection.operations,
        run_option(pytestconfig, "fuzz"),
        bool(run_option(pytestconfig, "negative")),
        bool(run_option(pytestconfig, "stateful")),
    )
    budget = _budget(pytestconfig, plan, oneroster_target)
    seed = run_option(pytestconfig, "seed")
    report = check(oneroster_target, budget, rules=selection.rules, plan=plan, seed=seed)
    return SelectedReport(apply_baseline(report, baseline)[0], frozenset(rule.id for rule in selection.rules))


def _rules_and_baseline(config: pytest.Config) -> tuple[RuleSelection, tuple[AcceptedDeviation, ...]]:
    specification = Standard.of().specification
    path = run_option(config, "baseline")
    try:
        selection = rule_selection(specification, run_option(config, "include"), run_option(config, "exclude"))
        return selection, read_baseline(Path(path), specification) if path else ()
    except (ValueError, BaselineError) as error:
        raise pytest.UsageError(str(error)) from None


def _budget(config: pytest.Config, plan: RunPlan, target: Target) -> RunBudget:
    default = RunBudget()
    return RunBudget(
        run_option(config, "max-requests") or plan.requests(default.requests),
        run_option(config, "rate") or default_rate(target.base_url),
        run_option(config, "timeout") or default.timeout,
        run_option(config, "max-time") or default.seconds,
        workers=run_option(config, "workers") or default.workers,
    )


@pytest.mark.parametrize("rule", catalogue(), ids=lambda rule: rule.id)
def test_rule(rule: Rule, oneroster_report: SelectedReport) -> None:
    """Fail when the server violates a must; show where, and a command that reproduces it."""
    if rule.id not in oneroster_report.rules:
        pytest.skip("the rule was not selected")
    checks = [each for each in oneroster_report.report.checks if each.id == rule.id]
    heading = f"{rule.title} ({rule.clause})"
    if failed := _findings(checks, Status.FAILED):
        pytest.fail(f"{heading}\n{failed}\nFix: {rule.fix}", pytrace=False)
    for reason in (Reason.KIT_ERROR, Reason.UNJUDGED):
        if unjudged := [each.message for each in checks if each.reason is reason]:
            pytest.fail(f"{heading}\n{unjudged[0]}", pytrace=False)
    if warned := _findings(checks, Status.WARNED):
        # The fact is probable, not certain, so the violation is reported without failing the server.
        pytest.xfail(f"{heading}\n{warned}")
    if accepted := [each.message for each in checks if each.reason is Reason.ACCEPTED]:
        pytest.xfail(f"{heading}\n{accepted[0]}")
    if checks and all(each.status is Status.SKIPPED for each in checks):
        pytest.skip(checks[0].message)


def _findings(checks: list[Check], status: Status) -> str:
    """Return the findings of one status, one per line, each with the command that reproduces it."""
    lines = []
    for each in checks:
        if each.status is status:
            lines.append(f"{each.operation_id}: {each.message}")
            lines += [f"    {item.curl}" for item in each.evidence[:1] if item.curl]
    return "\n".join(lines)
