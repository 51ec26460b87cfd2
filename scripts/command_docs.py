"""The page of the documentation that lists the commands, made from their own help."""

from typing import Any

import typer
import typer.cli

from oneroster.cli import build
from oneroster.cli._command_list import COMMANDS, load_command

__all__ = ["commands_as_markdown"]

_HEAD = """# Commands

Written by `scripts/docs` from the help of the commands: `oneroster COMMAND --help` says the same. `oneroster --version`
shows the versions of the kit, of Python and of the OpenAPI documents.

"""


def commands_as_markdown() -> str:
    """Return the help of all commands as one page of Markdown."""
    group: Any = typer.main.get_command(build())
    for name in COMMANDS:
        command: Any = load_command(name)
        command.add_details()
        group.commands[name] = command
    text = typer.cli.get_docs_for_click(obj=group, ctx=typer.Context(group, info_name="oneroster"), name="oneroster")
    return _HEAD + text[text.index("## ") :].rstrip() + "\n"
