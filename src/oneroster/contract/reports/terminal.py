"""The report on a terminal: scores, violations with commands that reproduce them, and what to fix first."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of
from oneroster.contract.observation.observed_tenant import Offer
from oneroster.contract.reports.comparison import Comparison
from oneroster.contract.reports.summary_model import FindingGroup, Score, Summary, fix_of, operation_names
from oneroster.contract.result import WHOLE_TENANT, Check, CheckReport
from oneroster.contract.verdict import Outcome

__all__ = ["print_report"]

FIX_FIRST: Final = 3
WORST_OPERATIONS: Final = 5
SHOWN_OPERATIONS: Final = 4
SHOWN_MESSAGES: Final = 3
_COLUMNS: Final = ("rules", "passed", "failed", "warned", "not judged", "holds")
_LEFT_OUT: Final = ("rules", "not judged")
_NARROW: Final = 64
"""Characters in a line below which a table of scores leaves out columns."""
_STYLES: Final = {Level.MUST: "bold red", Level.SHOULD: "yellow", Level.OPEN: "cyan"}
_HEADINGS: Final = {
    Level.MUST: "Violated musts, where the standard is certain [A]",
    Level.SHOULD: "Violated shoulds, where it is probable [B]",
}
_OPEN_HEADING: Final = "Open points: what the server does where the standard is not certain [C]"
_OUTCOMES: Final = {
    Outcome.HOLDS: "bold green",
    Outcome.WARNED: "bold yellow",
    Outcome.VIOLATED: "bold red",
    Outcome.UNJUDGED: "bold red",
    Outcome.KIT_ERROR: "bold red",
    Outcome.INTERRUPTED: "bold red",
}


def print_report(summary: Summary, console: Console) -> None:
    """Print a report. Its texts are printed literally; markup in them has no effect."""
    report = summary.report
    target = report.target
    _line(console, f"OneRoster {target.standard}, {target.dialect}: {target.base_url}")
    _text(console, f"{summary.extent}, seed {report.seed}", "dim")
    if not summary.unread:
        console.print()
        console.print(_scores("family", summary.families, console.width))
        _worst_operations(summary, console)
    for level, heading in _HEADINGS.items():
        _section(console, heading, summary.violations_of(level))
    _section(console, _OPEN_HEADING, summary.open_points)
    if not summary.unread:
        _offers(report, console)
        _exercised(summary, console)
        _not_judged(summary, console)
    _fix_first(summary, console)
    if summary.comparison is not None:
        _changes(summary.comparison, console)
    _leftovers(report, console)
    console.print()
    if report.repeat:
        _line(console, f"Repeat this run: {report.repeat}", "dim")
    _text(console, summary.verdict.headline, _OUTCOMES[summary.verdict.outcome])


def _not_judged(summary: Summary, console: Console) -> None:
    if summary.not_judged:
        console.print()
        for line in summary.not_judged:
            _text(console, line, "dim")


def _offers(report: CheckReport, console: Console) -> None:
    """Print how many operations the tenant serves, which it refuses or lacks, and how many were not asked for."""
    if not report.operations:
        return
    served = sum(1 for each in report.operations if each.offer == Offer.YES)
    console.print()
    _line(console, f"offered: {served} of {len(report.operations)} operations", "dim")
    for offer in (Offer.REFUSED, Offer.NO):
        names = [each.operation_id for each in report.operations if each.offer == offer]
        if names:
            _text(console, f"{offer}: {', '.join(names)}", "dim")
    if unknown := sum(1 for each in report.operations if each.offer == Offer.UNKNOWN):
        _line(console, f"{Offer.UNKNOWN}: {count_of(unknown, 'operation')}", "dim")


def _exercised(summary: Summary, console: Console) -> None:
    """Print on how many operations each rule was exercised, family by family, and what the budget cut."""
    families: dict[str, list[str]] = {}
    for each in summary.rules:
        families.setdefault(each.family, []).append(f"{each.rule.removeprefix('OR-')} {each.operations}")
    if families:
        console.print()
        _text(console, "Operations on which each rule was exercised", "dim")
        for family, rules in families.items():
            console.print(Text(f"{family}: {', '.join(rules)}", style="dim"))
    if summary.cut:
        console.print()
        _text(console, "Cut by the budget or the time of the run (--max-requests, --max-time)", "bold")
        console.print(Text(", ".join(f"{each.rule} on {count_of(each.cut, 'operation')}" for each in summary.cut)))


def _leftovers(report: CheckReport, console: Console) -> None:
    if report.leftovers:
        console.print()
        _line(console, "Objects left in the tenant; remove them by hand", "bold red")
        for request in report.leftovers:
            _line(console, f"  {request}")


def _line(console: Console, text: str, style: str = "") -> None:
    """Print a line unchanged, so that addresses and commands can be copied at any width of the terminal."""
    console.print(Text(text, style=style), soft_wrap=True)


def _text(console: Console, text: str | Text, style: str = "", indent: int = 0) -> None:
    """Print a text, wrapped between words on a terminal; elsewhere it stays one line, to be searched."""
    shown = Text(text, style=style) if isinstance(text, str) else text
    if console.is_terminal:
        console.print(Padding(shown, (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent).append_text(shown), soft_wrap=True)


def _scores(heading: str, scores: Iterable[Score], width: int) -> Table:
    """Return a table of scores; on a narrow terminal without the columns that say least."""
    narrow = width < _NARROW
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0) if narrow else (0, 1))
    table.add_column(heading, overflow="fold")
    columns = [name for name in _COLUMNS if not narrow or name not in _LEFT_OUT]
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for score in scores:
        cells: dict[str, str | Text] = {
            "rules": str(score.rules),
            "passed": _number(score.passed),
            "failed": _number(score.failed, "bold red"),
            "warned": _number(score.warned, "yellow"),
            "not judged": _number(score.not_judged),
            "holds": Text(
                "-" if score.percent is None else f"{score.percent} %", style="dim" if score.percent is None else ""
            ),
        }
        table.add_row(score.name, *(cells[name] for name in columns))
    return table


def _number(count: int, style: str = "") -> Text:
    return Text(str(count), style=style if count else "dim")


def _worst_operations(summary: Summary, console: Console) -> None:
    worst = [score for score in summary.operations if score.failed or score.warned]
    if worst:
        console.print()
        console.print(_scores("operation", worst[:WORST_OPERATIONS], console.width))
        if len(worst) > WORST_OPERATIONS:
            _line(console, f"{len(worst) - WORST_OPERATIONS} more operations with violations", "dim")


def _section(console: Console, heading: str, groups: Iterable[FindingGroup]) -> None:
    if groups:
        console.print()
        _text(console, heading, "bold")
        for group in groups:
            _group(console, group)


def _group(console: Console, group: FindingGroup) -> None:
    first = group.first
    head = Text.assemble(
        (f"{first.level} {first.id}", _STYLES[first.level]), f"  {first.title}", (f"  ({first.clause})", "dim")
    )
    _text(console, head)
    messages = group.by_message()
    for same in messages[:SHOWN_MESSAGES]:
        _text(console, f"{operation_names(same, SHOWN_OPERATIONS)}: {same[0].message}", indent=2)
        _evidence(console, same[0])
    hidden = [check for same in messages[SHOWN_MESSAGES:] for check in same]
    if hidden:
        _text(console, _summary_of_hidden(hidden, messages[:SHOWN_MESSAGES]), "dim", indent=2)


def _summary_of_hidden(hidden: list[Check], shown: list[list[Check]]) -> str:
    """Return one line for the findings of a rule that are not printed one by one."""
    before = {check.operation_id for same in shown for check in same}
    names = dict.fromkeys(check.operation_id or WHOLE_TENANT for check in hidden if check.operation_id not in before)
    if not names:
        return f"{count_of(len(hidden), 'more finding')} in the same operations"
    what = "same point" if hidden[0].level is Level.OPEN else "same violation"
    listed = ", ".join([*names][:SHOWN_OPERATIONS]) + (", ..." if len(names) > SHOWN_OPERATIONS else "")
    return f"{what} in {count_of(len(names), 'more operation')}: {listed}"


def _evidence(console: Console, check: Check) -> None:
    for item in check.evidence[:1]:
        if item.ids:
            _line(console, f"    ids: {', '.join(item.ids)}", "dim")
        if (command := item.curl or item.request) is not None:
            _line(console, f"    {command}", "dim")


def _fix_first(summary: Summary, console: Console) -> None:
    """Print what to do about the violations, the most harmful first."""
    if not summary.fix_first:
        return
    console.print()
    _line(console, "Fix first" if len(summary.fix_first) > 1 else "Fix", "bold")
    for group in summary.fix_first[:FIX_FIRST]:
        first = group.first
        _text(console, f"{first.id}  {first.title}: {operation_names(group.checks, SHOWN_OPERATIONS)}", indent=2)
        if fix := fix_of(first.id):
            _text(console, fix, "green", indent=4)
    if (more := len(summary.fix_first) - FIX_FIRST) > 0:
        text = f"and {more} more in this order, each with its fix: --report-html FILE; oneroster rules ID shows one"
        _text(console, text, "dim", indent=2)


def _changes(comparison: Comparison, console: Console) -> None:
    console.print()
    _text(console, f"Compared with the report of {comparison.started_at}: {comparison.headline()}", "bold")
    for heading, changes, style in (
        ("worse", comparison.worse, "bold red"),
        ("better", comparison.better, "bold green"),
    ):
        for change in changes:
            text = Text.assemble((f"  {heading} {change.rule_id}", style), f"  {change.operation_id}: {change.text}")
            _text(console, text)
