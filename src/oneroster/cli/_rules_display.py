"""The output of `oneroster rules`."""

import sys
from collections.abc import Iterator
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.cli._lists import print_lines
from oneroster.contract.clauses_by_version import VERSIONS, Basis, basis
from oneroster.contract.levels import Level
from oneroster.contract.rule import Rule
from oneroster.contract.rule_docs import FAMILY_TEXTS, LEVEL_TEXTS, basis_text

__all__ = ["print_rule", "print_rule_list"]

_STYLES: Final[dict[str, str]] = {Level.MUST: "bold red", Level.SHOULD: "yellow", Level.OPEN: "cyan"}


def print_rule_list(found: list[Rule], version: str | None = None) -> None:
    """Print one line for each rule: by family on a terminal, elsewhere to be searched and cut.

    Args:
        found: The rules.
        version: The version whose levels are shown; each rule's first one if None.
    """
    if not sys.stdout.isatty():
        print_lines([_line(rule, version) for rule in found])
        return
    console = Console(highlight=False)
    for family in dict.fromkeys(rule.family for rule in found):
        console.print(Text.assemble((family, "bold"), (f"  {FAMILY_TEXTS[family]}", "dim")))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for rule in (rule for rule in found if rule.family == family):
            line = _line(rule, version)
            table.add_row(f"  {rule.id}", Text(line["level"], _STYLES.get(line["level"], "dim")), Text(line["title"]))
        console.print(table)
        console.print()


def _line(rule: Rule, version: str | None) -> dict[str, str]:
    found = basis(rule, version) if version else Basis(rule.clause)
    title = rule.title if found.level else f"does not apply: {found.reason}"
    return {"id": rule.id, "level": str(found.level or "none"), "family": rule.family, "title": title}


def print_rule(rule: Rule) -> None:
    """Print all that is documented about a rule."""
    console = Console(highlight=False)
    if not sys.stdout.isatty():
        typer.echo(f"{rule.id}  {rule.title}")
        print_lines([{"name": name, "text": text.plain} for name, text in _fields(rule)])
        return
    console.print(Text(f"{rule.id}  {rule.title}", "bold"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for name, text in _fields(rule):
        table.add_row(name, text)
    console.print(table)


def _fields(rule: Rule) -> Iterator[tuple[str, Text]]:
    yield "family", Text(f"{rule.family}: {FAMILY_TEXTS[rule.family]}")
    for version in VERSIONS:
        found = basis(rule, version)
        yield version, Text(basis_text(rule, version), _STYLES.get(found.level or "", "dim"))
    for level in dict.fromkeys(level for version in VERSIONS if (level := basis(rule, version).level)):
        yield level, Text(LEVEL_TEXTS[level])
    yield "harm", Text(str(rule.harm))
    yield "example", Text(rule.example)
    yield "fix", Text(rule.fix)
    if rule.needs:
        yield "needs", Text(f"{', '.join(rule.needs)}: skipped where one of these is violated")
