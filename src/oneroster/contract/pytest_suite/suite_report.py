"""The report of a run, as the outcomes of tests: one test for each rule and operation."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from oneroster.contract.result import Cause, Check, CheckReport, Status
from oneroster.contract.rule import Rule
from oneroster.counts import count_of

__all__ = ["SuiteReport"]

VIOLATED_EXIT: Final = 1


class SuiteReport:
    """The report of a run, and what each test has of it.

    Args:
        report: The report.
        tests: The names of the tests of each rule; each is an operation, or stands for the tenant as a whole.
    """

    def __init__(self, report: CheckReport, tests: Mapping[str, Sequence[str]]) -> None:
        self.report: Final = report
        self._checks: Final[defaultdict[tuple[str, str], list[Check]]] = defaultdict(list)
        self._causes: Final[dict[str, Check]] = {}
        self._without_test: Final[list[Check]] = []
        for check in report.checks:
            self._assign(check, tests.get(check.id, ()))

    def _assign(self, check: Check, names: Sequence[str]) -> None:
        """Give a check to the test of its operation, or, so that none is lost, to the first test of its rule."""
        if not names:
            self._without_test.append(check)
        elif check.operation_id is None and check.status is Status.NOT_JUDGED:
            self._causes.setdefault(check.id, check)
        else:
            name = next((each for each in names if each == check.operation_id), names[0])
            self._checks[check.id, name].append(check)

    def apply(self, rule: Rule, name: str) -> None:
        """End the running test of a rule as its checks did: it returns, fails, is skipped or fails as expected."""
        checks = self._checks.get((rule.id, name), [])
        heading = f"{rule.title} ({rule.clause})"
        if failed := _findings(checks, Status.FAILED):
            pytest.fail(f"{heading}\n{failed}\nFix: {rule.fix}", pytrace=False)
        if crashed := [each.message for each in checks if each.cause is Cause.KIT_ERROR]:
            pytest.fail(f"{heading}\n{crashed[0]}", pytrace=False)
        if warned := _findings(checks, Status.WARNED):
            # The fact is probable, not certain, so the violation is reported without failing the server.
            pytest.xfail(f"{heading}\n{warned}")
        if accepted := [each.message for each in checks if each.status is Status.ACCEPTED]:
            pytest.xfail(f"{heading}\n{accepted[0]}")
        if all(each.status is Status.NOT_JUDGED for each in checks):
            self._skip(rule, checks)

    def _skip(self, rule: Rule, checks: Sequence[Check]) -> None:
        cause = checks[0] if checks else self._causes.get(rule.id)
        if cause is None:
            pytest.skip("not judged: the tenant does not serve this, or the rule chooses other operations by the data")
        if cause.cause is Cause.KIT_ERROR:
            pytest.fail(f"{rule.title} ({rule.clause})\n{cause.message}", pytrace=False)
        pytest.skip(f"not judged, {cause.cause}: {cause.message}")

    def problem(self) -> str | None:
        """Return what fails the session beside its tests: what `oneroster check` would end with 3 or 4 for.

        Violations that no test stands for are part of it.
        """
        verdict = self.report.verdict()
        if verdict.exit_status > VIOLATED_EXIT:
            return verdict.headline
        return _findings(self._without_test, Status.FAILED) or None

    def summary(self) -> list[str]:
        """Return the lines about the run for the summary of the session."""
        target = self.report.target
        run = f"{count_of(target.requests, 'request')} in {target.seconds:.1f} s, seed {self.report.seed}"
        return [self.report.verdict().headline, run]


def _findings(checks: Sequence[Check], status: Status) -> str:
    """Return the findings of one status, one per line, each with the command that reproduces it."""
    lines = []
    for each in checks:
        if each.status is status:
            lines.append(f"{each.id} {each.operation_id or 'the tenant'}: {each.message}")
            lines += [f"    {item.curl}" for item in each.evidence[:1] if item.curl]
    return "\n".join(lines)
