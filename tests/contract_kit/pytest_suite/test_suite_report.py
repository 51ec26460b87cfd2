"""No check is lost between the report and the tests, and the session ends as the command would."""

from dataclasses import replace

import pytest

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.causes import Cause
from oneroster.contract.levels import Level
from oneroster.contract.pytest_suite.candidates import WHOLE_RUN
from oneroster.contract.pytest_suite.suite_report import SuiteReport
from oneroster.contract.result import Check, CheckReport, Evidence, Status, TargetInfo

(RULE,) = select(["OR-PAG-05"])
OTHER = next(rule for rule in catalogue() if rule.id == "OR-ERR-10")


def a_check(status: Status, operation: str | None, cause: Cause | None = None, message: str = "said") -> Check:
    evidence = (Evidence(curl="curl it"),)
    return Check(RULE.id, RULE.family, RULE.title, Level.MUST, status, operation, message, evidence, RULE.clause, cause)


def a_report(*checks: Check, unjudged: str | None = None) -> CheckReport:
    info = TargetInfo("http://sis.example", "1.1", "standard", "2026-01-01T00:00:00Z", 1.0, 7)
    return CheckReport("1", info, checks, 1, unjudged)


def outcome(report: CheckReport, name: str, *names: str) -> tuple[str, str]:
    suite = SuiteReport(report, {RULE.id: names or (name,)})
    try:
        suite.apply(RULE, name)
    except (pytest.fail.Exception, pytest.skip.Exception, pytest.xfail.Exception) as ended:
        return type(ended).__name__, str(ended)
    return "passed", ""


@pytest.mark.parametrize(
    ("status", "cause", "expected"),
    [
        (Status.PASSED, None, "passed"),
        (Status.OPEN, None, "passed"),
        (Status.FAILED, None, "Failed"),
        (Status.WARNED, None, "XFailed"),
        (Status.ACCEPTED, None, "XFailed"),
        (Status.NOT_JUDGED, Cause.KIT_ERROR, "Failed"),
        *((Status.NOT_JUDGED, cause, "Skipped") for cause in Cause if cause is not Cause.KIT_ERROR),
    ],
)
def test_a_test_ends_as_its_check_did(status: Status, cause: Cause | None, expected: str) -> None:
    ended, said = outcome(a_report(a_check(status, "getAllOrgs", cause)), "getAllOrgs")
    assert ended == expected
    assert "said" in said or ended == "passed"
    assert cause is None or ended == "Failed" or f"not judged, {cause}: said" in said
    assert ("curl it" in said) is (status in (Status.FAILED, Status.WARNED))


def test_the_cause_of_a_rule_that_is_judged_nowhere_is_that_of_each_of_its_tests() -> None:
    report = a_report(a_check(Status.NOT_JUDGED, None, Cause.NOT_ENOUGH_DATA))
    for name in ("getAllOrgs", "getAllUsers"):
        assert outcome(report, name, "getAllOrgs", "getAllUsers") == ("Skipped", "not judged, not enough data: said")
    assert outcome(a_report(), "getAllOrgs")[0] == "Skipped"


def test_a_check_of_another_operation_is_that_of_the_first_test() -> None:
    report = a_report(a_check(Status.FAILED, "getAllTerms"))
    assert outcome(report, "getAllOrgs", "getAllOrgs", "getAllUsers")[0] == "Failed"
    assert outcome(report, "getAllUsers", "getAllOrgs", "getAllUsers")[0] == "Skipped"
    assert outcome(a_report(a_check(Status.FAILED, None)), WHOLE_RUN)[0] == "Failed"


def test_the_session_fails_for_what_ends_the_command_with_3_or_4_in_the_same_words() -> None:
    tests = {RULE.id: ["getAllOrgs"]}
    down = a_report(a_check(Status.NOT_JUDGED, None, Cause.NO_RESPONSE), unjudged="the server is down")
    assert down.exit_code() == 3
    assert SuiteReport(down, tests).problem() == down.verdict().headline
    assert "the server is down" in down.verdict().headline
    crashed = a_report(a_check(Status.NOT_JUDGED, "getAllOrgs", Cause.KIT_ERROR))
    assert crashed.exit_code() == 4
    assert SuiteReport(crashed, tests).problem() == crashed.verdict().headline
    failed = a_report(a_check(Status.FAILED, "getAllOrgs"))
    assert failed.exit_code() == 1
    assert SuiteReport(failed, tests).problem() is None
    assert SuiteReport(failed, tests).summary() == [failed.verdict().headline, "7 requests in 1.0 s, seed 1"]


def test_a_violation_without_a_test_fails_the_session() -> None:
    stray = replace(a_check(Status.FAILED, "getAllOrgs"), id=OTHER.id)
    held = a_check(Status.PASSED, "getAllOrgs")
    problem = SuiteReport(a_report(held, stray), {RULE.id: ["getAllOrgs"]}).problem()
    assert problem == f"{OTHER.id} getAllOrgs: said\n    curl it"
