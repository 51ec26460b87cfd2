"""One process judges, and the others read what it found."""

import threading
from pathlib import Path

import pytest

from oneroster.contract.http.target import Target
from oneroster.contract.pytest_suite.shared_run import InterruptedRunError, run_once
from oneroster.contract.result import CheckReport
from oneroster.contract.runner import check

WORKERS = 4


def a_report() -> CheckReport:
    """A report with checks of every kind of member, of a tenant that is down."""
    return check(Target("http://127.0.0.1:9"), seed=1)


def test_without_workers_each_call_judges() -> None:
    report = a_report()
    assert run_once(lambda: report, None) == (report, True)


def test_of_four_workers_one_judges_and_all_have_its_report(tmp_path: Path) -> None:
    calls: list[int] = []
    report = a_report()
    found = []

    def judge() -> CheckReport:
        calls.append(1)
        return report

    def work() -> None:
        found.append(run_once(judge, tmp_path / "run"))

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert sorted(each.judged_here for each in found) == [False] * (WORKERS - 1) + [True]
    assert all(each.report == report for each in found)
    assert report.checks


def test_a_run_that_was_interrupted_is_not_repeated(tmp_path: Path) -> None:
    def interrupted() -> CheckReport:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_once(interrupted, tmp_path / "run")
    with pytest.raises(InterruptedRunError, match="is not repeated"):
        run_once(a_report, tmp_path / "run")
