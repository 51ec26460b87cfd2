"""`oneroster rules`: show the rules of `oneroster check`."""

import json
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from oneroster.cli import USAGE
from oneroster.contract.catalogue import select
from oneroster.contract.levels import Level
from oneroster.contract.rule import FAMILIES, Rule
from oneroster.contract.rule_docs import FAMILY_TEXTS, LEVEL_TEXTS, rule_as_json

HELP = """Show the rules of `oneroster check`: requirement, clause of the standard, example of a violation, and how to
fix the server.

Examples:

- `oneroster rules` lists all rules by family

- `oneroster rules OR-PAG-01` shows one rule in full

- `oneroster rules paging --format json` prints a family as JSON
"""

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Ids of rules, or families (default: all).")
]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="Format of the output.")]

_STYLES: Final = {Level.MUST: "bold red", Level.SHOULD: "yellow", Level.OPEN: "cyan"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("rules", help=HELP)(rules)


def rules(names: Names = None, form: Format = "text") -> None:
    """Print the rules that the names select."""
    named = names or []
    try:
        # Sorted by number; the catalogue is sorted by dependency.
        found = sorted(select(named), key=lambda rule: (FAMILIES.index(rule.family), rule.id))
    except ValueError as error:
        typer.echo(f"oneroster rules: {error}", err=True)
        raise typer.Exit(USAGE) from None
    if form == "json":
        typer.echo(json.dumps([rule_as_json(rule) for rule in found], indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if named and not set(named) & set(FAMILIES):
        for number, rule in enumerate(found):
            console.print("\n" if number else "", end="")
            _print_rule(console, rule)
    else:
        _print_list(console, found)


def _print_list(console: Console, found: list[Rule]) -> None:
    for family in dict.fromkeys(rule.family for rule in found):
        console.print(Text.assemble((family, "bold"), (f"  {FAMILY_TEXTS[family]}", "dim")))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for rule in (rule for rule in found if rule.family == family):
            table.add_row(f"  {rule.id}", Text(str(rule.level), _STYLES[rule.level]), Text(rule.title))
        console.print(table)
        console.print()


def _print_rule(console: Console, rule: Rule) -> None:
    console.print(Text.assemble((f"{rule.id}  {rule.title}", "bold")), soft_wrap=True)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for name, text in _fields(rule):
        table.add_row(name, text)
    console.print(table)


def _fields(rule: Rule) -> Iterator[tuple[str, Text]]:
    yield "family", Text(f"{rule.family}: {FAMILY_TEXTS[rule.family]}")
    yield "level", Text.assemble((str(rule.level), _STYLES[rule.level]), f": {LEVEL_TEXTS[rule.level]}")
    yield "clause", Text(rule.clause)
    yield "example", Text(rule.example)
    yield "fix", Text(rule.fix)
    if rule.needs:
        yield "needs", Text(f"{', '.join(rule.needs)}: skipped where one of these is violated")
