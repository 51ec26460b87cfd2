"""The report for people: what was judged, what is broken and how to see it, what to mend first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.contract.findings import many
from oneroster.contract.levels import Level
from oneroster.contract.result import Check, Reason, Report, Status
from oneroster.contract.rule import FAMILIES

__all__ = ["show"]

MEND_FIRST: Final = 3
SHOWN_OPERATIONS: Final = 4
SHOWN_MESSAGES: Final = 3
_STYLES: Final = {Level.MUST: "bold red", Level.SHOULD: "yellow", Level.OPEN: "cyan"}
_HEADINGS: Final = {
    Level.MUST: "Broken musts",
    Level.SHOULD: "Broken shoulds",
    Level.OPEN: "Open points: what the server does where the standard is not certain",
}


def show(report: Report, console: Console, fail_on: Level = Level.MUST) -> None:
    """Print the report; every text is printed as it is, without markup."""
    target = report.target
    _line(console, f"OneRoster 1.1, profile {target.profile}: {target.base_url}")
    _line(console, f"{target.requests} requests in {target.seconds:.1f} s, seed {report.seed}", "dim")
    console.print()
    console.print(_families(report))
    broken = _grouped(check for check in report.checks if check.status in (Status.FAILED, Status.WARNED))
    for level in Level:
        told = _grouped(check for check in report.checks if _is_told(check, level))
        if told:
            console.print()
            _line(console, _HEADINGS[level], "bold")
            for checks in told:
                _group(console, checks)
    _skipped(report, console)
    if len(broken) > MEND_FIRST:
        _mend_first(console, broken)
    console.print()
    _verdict(report, console, fail_on)


def _is_told(check: Check, level: Level) -> bool:
    open_point = level is Level.OPEN and check.status is Status.PASSED
    return check.level is level and (open_point or check.status in (Status.FAILED, Status.WARNED))


def _line(console: Console, text: str, style: str = "") -> None:
    # Unwrapped, so that addresses and commands can be copied from any width of terminal.
    console.print(Text(text, style=style), soft_wrap=True)


def _families(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("family")
    for heading in ("rules", *map(str, Status)):
        table.add_column(heading, justify="right")
    for family in FAMILIES:
        checks = [check for check in report.checks if check.family == family]
        if checks:
            counts = Counter(check.status for check in checks)
            rules = len({check.id for check in checks})
            table.add_row(family, str(rules), *(_number(counts[status], status) for status in Status))
    return table


def _number(count: int, status: Status) -> Text:
    style = {Status.FAILED: "bold red", Status.WARNED: "yellow"}.get(status, "")
    return Text(str(count), style=style if count else "dim")


def _grouped(checks: Iterable[Check]) -> list[list[Check]]:
    """The checks by rule and level, so that one cause on forty operations is one block."""
    groups: dict[tuple[str, Level], list[Check]] = {}
    for check in checks:
        groups.setdefault((check.id, check.level), []).append(check)
    return list(groups.values())


def _group(console: Console, checks: list[Check]) -> None:
    first = checks[0]
    head = Text.assemble(
        (f"{first.level} {first.id}", _STYLES[first.level]), f"  {first.title}", (f"  ({first.clause})", "dim")
    )
    console.print(head, soft_wrap=True)
    messages: dict[str, list[Check]] = {}
    for check in checks:
        messages.setdefault(check.message, []).append(check)
    for message, same in list(messages.items())[:SHOWN_MESSAGES]:
        _line(console, f"  {_operations(same)}: {message}")
        _evidence(console, same[0])
    rest = list(messages.values())[SHOWN_MESSAGES:]
    if rest:
        _line(console, f"  and so in {_operations([check for same in rest for check in same])}", "dim")


def _operations(checks: list[Check]) -> str:
    names = list(dict.fromkeys(check.operation_id or "the tenant" for check in checks))
    more = f" and {len(names) - SHOWN_OPERATIONS} more" if len(names) > SHOWN_OPERATIONS else ""
    return ", ".join(names[:SHOWN_OPERATIONS]) + more


def _evidence(console: Console, check: Check) -> None:
    for item in check.evidence[:1]:
        if item.ids:
            _line(console, f"    ids: {', '.join(item.ids)}", "dim")
        if item.curl:
            _line(console, f"    {item.curl}", "dim")


def _skipped(report: Report, console: Console) -> None:
    told = list(_reasons(report))
    if told:
        console.print()
        for line in told:
            _line(console, line, "dim")


def _reasons(report: Report) -> Iterator[str]:
    """One line for each reason why checks were skipped; errors of the kit are told one by one."""
    skipped = [check for check in report.checks if check.status is Status.SKIPPED]
    for reason in Reason:
        mine = [check for check in skipped if check.reason is reason]
        if reason is Reason.KIT_ERROR:
            yield from (f"{check.id}, {check.operation_id or 'the tenant'}: {check.message}" for check in mine)
        elif reason is Reason.NOT_OFFERED and mine:
            named = list(dict.fromkeys(check.operation_id for check in mine if check.operation_id))
            yield f"not offered: {', '.join(named) or 'what ' + ', '.join(check.id for check in mine) + ' would judge'}"
        elif mine:
            messages = Counter(check.message for check in mine)
            shown = "; ".join(f"{message} ({count})" for message, count in messages.most_common(SHOWN_MESSAGES))
            yield f"skipped, {reason}, {many(len(mine), 'check')}: {shown}"


def _mend_first(console: Console, broken: list[list[Check]]) -> None:
    console.print()
    _line(console, "To mend first", "bold")
    weight = list(Level)
    for checks in sorted(broken, key=lambda group: (weight.index(group[0].level), -len(group)))[:MEND_FIRST]:
        _line(console, f"  {checks[0].id}  {checks[0].title}: {_operations(checks)}")


def _verdict(report: Report, console: Console, fail_on: Level) -> None:
    rules = {level: len({check.id for check in report.checks if _is_broken(check, level)}) for level in Level}
    musts, shoulds = rules[Level.MUST], rules[Level.SHOULD]
    if musts:
        _line(
            console,
            f"{_many(musts, 'must')} broken" + (f", {_many(shoulds, 'should')} as well" if shoulds else ""),
            "bold red",
        )
    elif report.unjudged is not None and not report.breaches(fail_on):
        _line(console, f"Could not be judged: {report.unjudged}", "bold red")
    elif report.kit_errors():
        _line(console, "The kit itself failed; this is no verdict on the server", "bold red")
    elif shoulds:
        style = "bold red" if fail_on is Level.SHOULD else "bold yellow"
        _line(console, f"All musts hold; {_many(shoulds, 'should')} broken", style)
    else:
        _line(console, "All musts hold", "bold green")


def _is_broken(check: Check, level: Level) -> bool:
    return check.level is level and check.status in (Status.FAILED, Status.WARNED)


def _many(count: int, word: str) -> str:
    return f"1 {word} is" if count == 1 else f"{count} {word}s are"
