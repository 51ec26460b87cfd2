"""Every rule of the contract kit as a test, on a live tenant.

Run ``pytest --pyargs oneroster.contract --base-url https://sis.example/ims/oneroster/v1p1`` with ``ONEROSTER_TOKEN`` in
the environment. The base URL can be an environment variable as well.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from oneroster.contract.baseline import AcceptedDeviation, BaselineError, apply_baseline, read_baseline
from oneroster.contract.catalogue import catalogue
from oneroster.contract.http.target import Target
from oneroster.contract.pytest_plugin import run_option, run_options_from, target_from
from oneroster.contract.result import Cause, Check, CheckReport, Status
from oneroster.contract.rule import Rule
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
        pytest.skip(
            "no tenant given: set --base-url or --oneroster-tenant, or ONEROSTER_BASE_URL or ONEROSTER_TENANT in the "
            "environment"
        )
    standard = oneroster_target.standard
    options, baseline = run_options_from(pytestconfig, standard), _baseline(pytestconfig, standard)
    report, _ = apply_baseline(options.run(oneroster_target), baseline)
    return SelectedReport(report, frozenset(rule.id for rule in options.selection.rules))


def _baseline(config: pytest.Config, standard: Standard) -> tuple[AcceptedDeviation, ...]:
    path = run_option(config, "baseline")
    try:
        return read_baseline(Path(path), standard.specification) if path else ()
    except BaselineError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.mark.parametrize("rule", catalogue(), ids=lambda rule: rule.id)
def test_rule(rule: Rule, oneroster_report: SelectedReport) -> None:
    """Fail when the server violates a must; show where, and a command that reproduces it."""
    if rule.id not in oneroster_report.rules:
        pytest.skip("the rule was not selected")
    checks = [each for each in oneroster_report.report.checks if each.id == rule.id]
    heading = f"{rule.title} ({rule.clause})"
    if failed := _findings(checks, Status.FAILED):
        pytest.fail(f"{heading}\n{failed}\nFix: {rule.fix}", pytrace=False)
    if crashed := [each.message for each in checks if each.cause is Cause.KIT_ERROR]:
        pytest.fail(f"{heading}\n{crashed[0]}", pytrace=False)
    if rule.id in oneroster_report.report.verdict().gap_rules:
        # The same that makes `oneroster check` end with 3.
        pytest.fail(f"{heading}\nnot tested: {checks[0].cause}: {checks[0].message}", pytrace=False)
    if warned := _findings(checks, Status.WARNED):
        # The fact is probable, not certain, so the violation is reported without failing the server.
        pytest.xfail(f"{heading}\n{warned}")
    if accepted := [each.message for each in checks if each.status is Status.ACCEPTED]:
        pytest.xfail(f"{heading}\n{accepted[0]}")
    if checks and all(each.status is Status.NOT_JUDGED for each in checks):
        pytest.skip(f"{checks[0].cause}: {checks[0].message}")


def _findings(checks: list[Check], status: Status) -> str:
    """Return the findings of one status, one per line, each with the command that reproduces it."""
    lines = []
    for each in checks:
        if each.status is status:
            lines.append(f"{each.operation_id}: {each.message}")
            lines += [f"    {item.curl}" for item in each.evidence[:1] if item.curl]
    return "\n".join(lines)
