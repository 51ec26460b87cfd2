"""Refuse every report of a test in which a check is not judged for a reason that nobody names."""

from collections.abc import Iterator
from typing import Any

import pytest

from oneroster.contract import runner
from oneroster.contract.result import VIOLATED, Cause, CheckReport

__all__ = ["every_report_is_explained", "unexplained"]


def unexplained(report: CheckReport) -> list[str]:
    """Return the checks of a report whose cause is missing, unknown, or a failed check that is not there."""
    failed = {(check.id, check.operation_id) for check in report.checks if check.status in VIOLATED}
    found = []
    for check in report.checks:
        judged = check.status != "not judged"
        named = (check.explained_by, check.explained_on)
        if judged is (check.cause is not None) or check.cause is Cause.UNEXPLAINED:
            found.append(f"{check.id} {check.operation_id}: {check.status}, {check.cause}: {check.message}")
        elif check.cause is Cause.EXPLAINED and named not in failed:
            found.append(f"{check.id} {check.operation_id}: explained by {named}, which did not fail")
    return found


@pytest.fixture(autouse=True)
def every_report_is_explained(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look at every report that a test makes."""
    reports: list[CheckReport] = []

    def made(*arguments: Any, **named: Any) -> CheckReport:
        reports.append(CheckReport(*arguments, **named))
        return reports[-1]

    monkeypatch.setattr(runner, "CheckReport", made)
    yield
    found = [line for report in reports for line in unexplained(report)]
    assert not found, found
