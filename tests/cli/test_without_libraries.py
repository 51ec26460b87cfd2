"""An installation without an extra: commands that need it report that, and all others work."""

import subprocess
import sys

import pytest


def run(missing: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line without one library."""
    program = f"import sys; sys.modules[{missing!r}] = None; from oneroster.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)


def test_a_command_that_lacks_a_library_leaves_the_others_alone() -> None:
    done = run("jinja2", "check", "--sandbox", "--include", "paging")
    assert done.returncode == 2
    assert done.stderr == 'oneroster check: jinja2 is not installed; run pip install "oneroster-kit[check]"\n'
    assert run("jinja2", "get", "--list").returncode == 0


def test_help_names_all_commands_all_the_same() -> None:
    done = run("jinja2", "--help")
    assert done.returncode == 0
    assert "oneroster-kit[check]" in " ".join(done.stdout.split())
    assert "pull" in done.stdout


@pytest.mark.parametrize("command", ["check", "get"])
def test_without_the_library_of_the_command_line_nothing_can_be_had(command: str) -> None:
    done = run("typer", command)
    assert done.returncode == 2
    assert done.stderr == 'oneroster: typer is not installed; run pip install "oneroster-kit[check]"\n'
