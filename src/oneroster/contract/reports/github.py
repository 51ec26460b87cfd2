"""The report as annotations of a GitHub workflow run: a line for each violated rule, printed to the job's output."""

from typing import Final

from oneroster.contract.reports.summary_model import FindingGroup, Summary, operation_names
from oneroster.contract.verdict import Outcome

__all__ = ["render"]

SHOWN_OPERATIONS: Final = 10


def render(summary: Summary) -> str:
    """Return workflow commands: an error for each violated rule that fails the run, a warning for each other one.

    GitHub shows few annotations per step, so all operations of a rule share a line.
    """
    report, last = summary.report, summary.verdict
    failing = {check.id for check in summary.failing}
    lines = [_annotation(group, "error" if group.first.id in failing else "warning") for group in summary.violations]
    kind = {Outcome.HOLDS: "notice", Outcome.WARNED: "warning"}.get(last.outcome, "error")
    title = _property(f"OneRoster {report.target.standard}")
    lines.append(f"::{kind} title={title}::{_data(f'{report.target.base_url}: {last.headline}')}")
    return "\n".join(lines) + "\n"


def _annotation(group: FindingGroup, kind: str) -> str:
    first = group.first
    findings = [f"{operation_names(same, SHOWN_OPERATIONS)}: {same[0].message}" for same in group.by_message()]
    curl = next((item.curl for check in group.checks for item in check.evidence if item.curl), None)
    text = "\n".join([f"{first.title} ({first.clause})", *findings, *([curl] if curl else [])])
    return f"::{kind} title={_property(f'{first.level} {first.id}')}::{_data(text)}"


def _data(text: str) -> str:
    """Escape the message of a workflow command, because otherwise a tenant could send commands."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
