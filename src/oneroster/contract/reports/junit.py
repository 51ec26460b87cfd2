"""The report as JUnit XML, which CI systems display: a test suite for each family, a test case for each check.

JUnit has no warnings. A violated should passes with its finding as output, unless violated shoulds fail the run.
"""

import re
from typing import Final

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from oneroster.contract.reports.summary_model import Summary
from oneroster.contract.result import WHOLE_TENANT, Cause, Check, Status
from oneroster.contract.rule import FAMILIES
from oneroster.contract.verdict import Outcome

__all__ = ["render"]

WITHOUT_VERDICT: Final = frozenset({Outcome.UNJUDGED, Outcome.INTERRUPTED})

# Characters that XML 1.0 does not allow, not even escaped.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(summary: Summary) -> str:
    """Return the report as JUnit XML."""
    report = summary.report
    failing = {id(check) for check in summary.failing}
    document = JUnitXml("oneroster check")
    for family in FAMILIES:
        checks = [check for check in report.checks if check.family == family]
        if checks:
            document.add_testsuite(_suite(family, checks, failing, f"OneRoster {report.target.standard}"))
    if summary.verdict.outcome in WITHOUT_VERDICT:
        # All other cases may be skipped, which CI systems show as a success.
        document.add_testsuite(_verdict(summary))
    document.update_statistics()
    document.time = report.target.seconds
    text: bytes = document.tostring()
    return text.decode("utf-8") + "\n"


def _verdict(summary: Summary) -> TestSuite:
    """Return the suite that says why a run gives no verdict on the tenant."""
    suite, case = TestSuite("verdict"), TestCase("the tenant could be judged", classname="verdict")
    case.result = [Error(_writable(summary.verdict.headline), f"OneRoster {summary.report.target.standard}")]
    suite.add_testcase(case)
    return suite


def _suite(family: str, checks: list[Check], failing: set[int], kind: str) -> TestSuite:
    suite = TestSuite(family)
    for check in checks:
        suite.add_testcase(_case(check, kind, fails=id(check) in failing))
    return suite


def _case(check: Check, kind: str, *, fails: bool) -> TestCase:
    case = TestCase(f"{check.id} {check.title}", classname=f"{check.family}.{check.operation_id or WHOLE_TENANT}")
    message, details = _writable(check.message), _writable(_details(check))
    if check.cause is Cause.KIT_ERROR:
        case.result = [_with_text(Error(message, kind), details)]
    elif check.status in (Status.NOT_JUDGED, Status.ACCEPTED):
        case.result = [Skipped(f"{check.cause}: {message}" if check.cause else message)]
    elif fails:
        case.result = [_with_text(Failure(message, kind), details)]
    elif check.status is Status.WARNED:
        case.system_out = f"{check.level}: {message}\n{details}"
    return case


def _with_text(result: Failure | Error, text: str) -> Failure | Error:
    result.text = text
    return result


def _details(check: Check) -> str:
    lines = [f"{check.level}: {check.clause}"]
    for item in check.evidence:
        lines += [f"ids: {', '.join(item.ids)}"] if item.ids else []
        lines += [item.curl] if item.curl else []
    return "\n".join(lines)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("?", text)
