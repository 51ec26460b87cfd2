"""What `--help` says and what docs/commands.md says, for every command and option."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from oneroster.cli import build
from oneroster.cli._command_list import COMMANDS, load_command

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")


def plain(text: str) -> str:
    """Return a text without the marks of Markdown and the frames of a terminal, in one line."""
    return " ".join(re.sub(r"[`\\│*]", "", text).split())


def section(name: str) -> str:
    """Return what the page says about a command."""
    (found,) = re.findall(rf"^## `oneroster {name}`$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_page_have_the_same_options_with_the_same_texts(name: str) -> None:
    command: Any = load_command(name)
    result = CliRunner().invoke(build(), [name, "--help"], env={"COLUMNS": "2000", "TERMINAL_WIDTH": "2000"})
    assert result.exit_code == 0
    shown, page = plain(result.output), plain(section(name))
    options = [each for each in command.params if not getattr(each, "hidden", False)]
    assert options
    for option in options:
        words = [*option.opts, *option.secondary_opts] if option.param_type_name == "option" else [option.metavar or ""]
        for expected in (*words, plain(option.help or "").split("[")[0].strip()):
            assert expected in shown, expected
            assert expected in page, expected
        # What only `--help` reads, such as the names of all families.
        if option.name in command.details:
            detail = plain(command.details[option.name]())
            assert detail in shown
            assert detail in page
    # Both have no option beside these.
    named = {word for option in options for word in (*option.opts, *option.secondary_opts) if word.startswith("--")}
    assert set(re.findall(r"^\* `(--[a-z0-9-]+)", section(name), re.MULTILINE)) == named | {"--help"}


def test_every_command_is_in_the_page() -> None:
    assert re.findall(r"^## `oneroster (\S+)`$", PAGE, re.MULTILINE) == list(COMMANDS)
