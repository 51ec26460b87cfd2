"""The command `oneroster`: one module per command, imported when that command runs.

Nothing is imported here that is not needed to handle Ctrl-C, which may come while the libraries are being imported.
"""

import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import typer

__all__ = ["USAGE", "build", "main", "write_any_character"]

USAGE = 2
"""Exit status for wrong usage, and for a command whose libraries are not installed."""


def main() -> None:
    """Run the command line, and end the process with its exit status."""
    from oneroster.cli import _interrupts

    _interrupts.exit_at_once()
    write_any_character()
    if "_ONEROSTER_COMPLETE" in os.environ:
        # Typer would import all of Rich for every Tab, only to remove markup from the summaries.
        sys.modules["rich"] = None  # type: ignore[assignment]  # None makes the import fail, as documented
    try:
        build()(prog_name="oneroster")
    except ModuleNotFoundError as error:
        from oneroster.cli._extras_of_commands import extras_for
        from oneroster.extras import missing_library

        print(f"oneroster: {missing_library(error, *extras_for(sys.argv[1:]))}", file=sys.stderr)  # noqa: T201  # rich may be what is missing
        sys.exit(USAGE)


def write_any_character() -> None:
    """Let output hold every character, whatever the locale: data as UTF-8, and on a terminal escapes for the others."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            chosen = stream.isatty() or "PYTHONIOENCODING" in os.environ
            stream.reconfigure(encoding=None if chosen else "utf-8", errors="backslashreplace")


def build() -> "typer.Typer":
    """Return the command line with all its commands. A command whose libraries are missing reports that when called.

    Raises:
        ModuleNotFoundError: Typer is not installed.
    """
    from oneroster.cli._command_list import build_app

    return build_app()
