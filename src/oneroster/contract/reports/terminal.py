"""The report for people: what was judged, what is broken and how to see it, what to mend first."""

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.contract.levels import Level
from oneroster.contract.reports.comparison import Comparison
from oneroster.contract.reports.summary import (
    Group,
    Outcome,
    Score,
    broken,
    by_endpoint,
    by_family,
    mend_first,
    open_points,
    operations_of,
    skips,
    verdict,
)
from oneroster.contract.result import Check, CheckReport

__all__ = ["show"]

MEND_FIRST: Final = 3
WORST_ENDPOINTS: Final = 5
SHOWN_OPERATIONS: Final = 4
SHOWN_MESSAGES: Final = 3
_STYLES: Final = {Level.MUST: "bold red", Level.SHOULD: "yellow", Level.OPEN: "cyan"}
_HEADINGS: Final = {Level.MUST: "Broken musts", Level.SHOULD: "Broken shoulds"}
_OPEN_HEADING: Final = "Open points: what the server does where the standard is not certain"
_OUTCOMES: Final = {
    Outcome.HOLDS: "bold green",
    Outcome.WARNED: "bold yellow",
    Outcome.BROKEN: "bold red",
    Outcome.UNJUDGED: "bold red",
}


def show(
    report: CheckReport, console: Console, fail_on: Level = Level.MUST, comparison: Comparison | None = None
) -> None:
    """Print the report, and what has changed since an older one; every text is printed as it is, without markup."""
    target = report.target
    _line(console, f"OneRoster 1.1, profile {target.profile}: {target.base_url}")
    _line(console, f"{target.requests} requests in {target.seconds:.1f} s, seed {report.seed}", "dim")
    console.print()
    console.print(_scores("family", by_family(report)))
    _worst_endpoints(report, console)
    for level, heading in _HEADINGS.items():
        _section(console, heading, broken(report, level))
    _section(console, _OPEN_HEADING, open_points(report))
    told = list(skips(report))
    if told:
        console.print()
        for line in told:
            _line(console, line, "dim")
    if len(broken(report)) > MEND_FIRST:
        _mend_first(report, console)
    if comparison is not None:
        _changes(comparison, console)
    _left_behind(report, console)
    console.print()
    if report.repeat:
        _line(console, f"To repeat it: {report.repeat}", "dim")
    last = verdict(report, fail_on)
    _line(console, last.text, _OUTCOMES[last.outcome])


def _left_behind(report: CheckReport, console: Console) -> None:
    if report.left_behind:
        console.print()
        _line(console, "Left behind in the tenant, to be removed by hand", "bold red")
        for request in report.left_behind:
            _line(console, f"  {request}")


def _line(console: Console, text: str, style: str = "") -> None:
    # Unwrapped, so that addresses and commands can be copied from any width of terminal.
    console.print(Text(text, style=style), soft_wrap=True)


def _scores(heading: str, scores: list[Score]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(heading)
    for column in ("rules", "passed", "failed", "warned", "skipped", "holds"):
        table.add_column(column, justify="right")
    for score in scores:
        table.add_row(
            score.name,
            str(score.rules),
            _number(score.passed),
            _number(score.failed, "bold red"),
            _number(score.warned, "yellow"),
            _number(score.skipped),
            Text("-" if score.percent is None else f"{score.percent} %", style="dim" if score.percent is None else ""),
        )
    return table


def _number(count: int, style: str = "") -> Text:
    return Text(str(count), style=style if count else "dim")


def _worst_endpoints(report: CheckReport, console: Console) -> None:
    worst = [score for score in by_endpoint(report) if score.failed or score.warned]
    if worst:
        console.print()
        console.print(_scores("endpoint", worst[:WORST_ENDPOINTS]))
        if len(worst) > WORST_ENDPOINTS:
            _line(console, f"and {len(worst) - WORST_ENDPOINTS} more endpoints with something broken", "dim")


def _section(console: Console, heading: str, groups: list[Group]) -> None:
    if groups:
        console.print()
        _line(console, heading, "bold")
        for group in groups:
            _group(console, group)


def _group(console: Console, group: Group) -> None:
    first = group.first
    head = Text.assemble(
        (f"{first.level} {first.id}", _STYLES[first.level]), f"  {first.title}", (f"  ({first.clause})", "dim")
    )
    console.print(head, soft_wrap=True)
    messages = group.by_message()
    for same in messages[:SHOWN_MESSAGES]:
        _line(console, f"  {operations_of(same, SHOWN_OPERATIONS)}: {same[0].message}")
        _evidence(console, same[0])
    rest = [check for same in messages[SHOWN_MESSAGES:] for check in same]
    if rest:
        _line(console, f"  and so in {operations_of(rest, SHOWN_OPERATIONS)}", "dim")


def _evidence(console: Console, check: Check) -> None:
    for item in check.evidence[:1]:
        if item.ids:
            _line(console, f"    ids: {', '.join(item.ids)}", "dim")
        if item.curl:
            _line(console, f"    {item.curl}", "dim")


def _mend_first(report: CheckReport, console: Console) -> None:
    console.print()
    _line(console, "To mend first", "bold")
    for group in mend_first(report, MEND_FIRST):
        _line(console, f"  {group.first.id}  {group.first.title}: {operations_of(group.checks, SHOWN_OPERATIONS)}")


def _changes(comparison: Comparison, console: Console) -> None:
    console.print()
    _line(console, f"Compared with the report of {comparison.started_at}: {comparison.told()}", "bold")
    for heading, changes, style in (
        ("worse", comparison.worse, "bold red"),
        ("better", comparison.better, "bold green"),
    ):
        for change in changes:
            text = Text.assemble((f"  {heading} {change.rule_id}", style), f"  {change.operation_id}: {change.text}")
            console.print(text, soft_wrap=True)
