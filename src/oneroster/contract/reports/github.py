"""The report as annotations of a GitHub workflow run: a line for each broken rule, printed to the job's output."""

from typing import Final

from oneroster.contract.levels import Level
from oneroster.contract.reports.summary import Group, Outcome, broken, operations_of, verdict
from oneroster.contract.result import CheckReport

__all__ = ["render"]

SHOWN_OPERATIONS: Final = 10


def render(report: CheckReport, fail_on: Level = Level.MUST) -> str:
    """Workflow commands: an error for each rule that fails the run, a warning for each other that is broken.

    GitHub shows few annotations a step, so the operations of one rule share a line.
    """
    failing = {check.id for check in report.breaches(fail_on)}
    lines = [_annotation(group, "error" if group.first.id in failing else "warning") for group in broken(report)]
    last = verdict(report, fail_on)
    kind = {Outcome.HOLDS: "notice", Outcome.WARNED: "warning"}.get(last.outcome, "error")
    lines.append(f"::{kind} title=OneRoster 1.1::{_data(f'{report.target.base_url}: {last.text}')}")
    return "\n".join(lines) + "\n"


def _annotation(group: Group, kind: str) -> str:
    first = group.first
    told = [f"{operations_of(same, SHOWN_OPERATIONS)}: {same[0].message}" for same in group.by_message()]
    curl = next((item.curl for check in group.checks for item in check.evidence if item.curl), None)
    text = "\n".join([f"{first.title} ({first.clause})", *told, *([curl] if curl else [])])
    return f"::{kind} title={_property(f'{first.level} {first.id}')}::{_data(text)}"


def _data(text: str) -> str:
    """The message of a workflow command: its own signs and line ends escaped, or a tenant could give commands."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
