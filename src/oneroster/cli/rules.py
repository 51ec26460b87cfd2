"""`oneroster rules`: show the rules of `oneroster check`."""

import json
from typing import Annotated, Literal

import typer

from oneroster.cli import USAGE
from oneroster.cli._command_class import command_class, fail
from oneroster.cli._command_list import COMMANDS
from oneroster.errors import ConfigurationError
from oneroster.standard import DEFAULT, Standard

HELP = f"""{COMMANDS["rules"].summary}

Examples:

- `oneroster rules` lists all rules by family

- `oneroster rules OR-PAG-01` shows one rule in full

- `oneroster rules paging --format json` prints a family as JSON (also `--json`)

- `oneroster rules --standard VERSION` lists the rules with their levels in a version, and why some do not apply

- `oneroster rules --uncovered` lists the clauses of the standard that no rule checks, and why
"""

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Ids of rules, or families (default: all)."),
]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="Format of the output.")]

Uncovered = Annotated[bool, typer.Option("--uncovered", help="List the clauses that no rule checks, and why.")]
StandardVersion = Annotated[
    str | None,
    typer.Option("--standard", metavar="VERSION", help="Show the levels and clauses of this version of OneRoster."),
]
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("rules", help=HELP, cls=command_class(names=("names",)))(rules)


def rules(
    names: Names = None,
    form: Format = "text",
    as_json: AsJson = False,
    uncovered: Uncovered = False,
    standard: StandardVersion = None,
) -> None:
    """Print the rules that the names select, or the clauses without a rule."""
    version = _version(standard)
    if uncovered:
        _print_uncovered(version or DEFAULT, as_json=as_json or form == "json")
        return
    from oneroster.contract.catalogue import select
    from oneroster.contract.rule import FAMILIES

    named = names or []
    try:
        # Sorted by number; the catalogue is sorted by dependency.
        found = sorted(select(named), key=lambda rule: (FAMILIES.index(rule.family), rule.id))
    except ValueError as error:
        fail("rules", str(error), USAGE)
    if as_json or form == "json":
        from oneroster.contract.rule_docs import rule_as_json

        typer.echo(json.dumps([rule_as_json(rule, version) for rule in found], indent=2, ensure_ascii=False))
        return
    from oneroster.cli._rules_display import print_rule, print_rule_list

    if named and not set(named) & set(FAMILIES):
        for number, rule in enumerate(found):
            typer.echo("\n" if number else "", nl=False)
            print_rule(rule)
    else:
        print_rule_list(found, version)


def _version(standard: str | None) -> str | None:
    try:
        return Standard.of(standard).version if standard is not None else None
    except ConfigurationError as error:
        fail("rules", str(error), USAGE)


def _print_uncovered(version: str, *, as_json: bool) -> None:
    """Print the clauses of a version that no rule checks."""
    from oneroster.contract.clauses import uncovered_clauses
    from oneroster.contract.clauses_by_version import clauses_in

    found = [
        {"section": each.section, "mark": each.trust, "clause": each.text, "reason": each.reason}
        for each in uncovered_clauses(clauses_in(version))
    ]
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    from oneroster.cli._lists import print_lines

    print_lines(found)
