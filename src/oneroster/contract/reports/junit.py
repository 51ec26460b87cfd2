"""The report as JUnit XML, which the test pages of all CI systems show: a suite for each family, a case for each check.

JUnit has no warnings: a should that is broken passes with its finding as output, unless shoulds fail the run.
"""

import re
from typing import Final

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from oneroster.contract.levels import Level
from oneroster.contract.reports.summary import WHOLE_TENANT
from oneroster.contract.result import Check, CheckReport, Reason, Status
from oneroster.contract.rule import FAMILIES

__all__ = ["render"]

# What XML 1.0 cannot hold, not even escaped.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: CheckReport, fail_on: Level = Level.MUST) -> str:
    """The report as JUnit XML; breaches from the level ``fail_on`` on are failures."""
    failing = {id(check) for check in report.breaches(fail_on)}
    document = JUnitXml("oneroster check")
    for family in FAMILIES:
        checks = [check for check in report.checks if check.family == family]
        if checks:
            document.add_testsuite(_suite(family, checks, failing))
    document.update_statistics()
    document.time = report.target.seconds
    text: bytes = document.tostring()
    return text.decode("utf-8") + "\n"


def _suite(family: str, checks: list[Check], failing: set[int]) -> TestSuite:
    suite = TestSuite(family)
    for check in checks:
        suite.add_testcase(_case(check, fails=id(check) in failing))
    return suite


def _case(check: Check, *, fails: bool) -> TestCase:
    case = TestCase(f"{check.id} {check.title}", classname=f"{check.family}.{check.operation_id or WHOLE_TENANT}")
    message, details = _writable(check.message), _writable(_details(check))
    if check.reason is Reason.KIT_ERROR:
        case.result = [_result(Error, message, details)]
    elif check.status is Status.SKIPPED:
        case.result = [Skipped(message)]
    elif fails:
        case.result = [_result(Failure, message, details)]
    elif check.status is Status.WARNED:
        case.system_out = f"{check.level}: {message}\n{details}"
    return case


def _result(kind: type[Failure] | type[Error], message: str, details: str) -> Failure | Error:
    result = kind(message, "OneRoster 1.1")
    result.text = details
    return result


def _details(check: Check) -> str:
    lines = [f"{check.level}: {check.clause}"]
    for item in check.evidence:
        lines += [f"ids: {', '.join(item.ids)}"] if item.ids else []
        lines += [item.curl] if item.curl else []
    return "\n".join(lines)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("?", text)
