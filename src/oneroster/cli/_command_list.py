"""The list of commands. The module of a command is imported when that command runs, or completes its options."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from oneroster.cli._extras_of_commands import EXTRA_OF_COMMAND
from oneroster.extras import CHECK_LIBRARIES, PULL_LIBRARIES, how_to_install, missing_library

__all__ = ["COMMANDS", "build_app", "load_command"]


class _Command(NamedTuple):
    """What the list of commands shows without importing the command.

    Attributes:
        summary: The first paragraph of its help.
        libraries: The optional libraries without which it cannot run.
    """

    summary: str
    libraries: tuple[str, ...] = ()


COMMANDS: Final = {
    "check": _Command(
        "Test a OneRoster server against the standard: report each violation, its location, and a curl command that"
        " reproduces it.",
        CHECK_LIBRARIES,
    ),
    "diff": _Command(
        "Compare two pulled rosters of any format: added, removed and changed records, and the fields that changed.",
        PULL_LIBRARIES,
    ),
    "get": _Command("Read records of a tenant with any read operation of OneRoster, and show the first ones."),
    "pull": _Command(
        "Pull a whole roster to files or a database: every collection of the tenant, every row exactly once.",
        PULL_LIBRARIES,
    ),
    "rules": _Command(
        "Show the rules of `oneroster check`: requirement, clause of the standard, example of a violation, and how to"
        " fix the server.",
        CHECK_LIBRARIES,
    ),
    "sandbox": _Command(
        "Serve a OneRoster tenant on this machine: synthetic data of a school district, all operations, and all kinds"
        " of authentication.",
        ("platformdirs", "starlette", "uvicorn"),
    ),
    "schemathesis": _Command(
        "Write the OpenAPI document of a profile, and a configuration with which `schemathesis run` tests a OneRoster"
        " server without false alarms.",
        CHECK_LIBRARIES,
    ),
    "stats": _Command(
        "Show statistics of a pulled roster: records by collection and by school, users by role, students by grade."
        " Also shows orphans: references to missing or deleted records, and classes and students without enrollments.",
        PULL_LIBRARIES,
    ),
}
"""All commands by name, in the order of the help. The command `name` is registered by the module of that name."""

_MARKUP: Final[Any] = {"rich_markup_mode": "markdown"}


def build_app() -> typer.Typer:
    """Return the command line. Its commands are imported when they are called."""
    app = typer.Typer(
        name="oneroster",
        cls=_LazyGroup,
        help="Pull and inspect OneRoster rosters, test a server against the standard, and serve a sandbox.",
        no_args_is_help=True,
        # A traceback with local variables would show tokens and records.
        pretty_exceptions_enable=False,
        **_MARKUP,
    )
    app.callback()(_main_options)
    return app


class _LazyGroup(TyperGroup):
    """A group whose commands are only summaries until one of them is called."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, command in COMMANDS.items():
            self.add_command(TyperCommand(name, help=_unavailable(name, command) or command.summary, **_MARKUP), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command by its name, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load_command(name), rest


def load_command(name: str) -> Any:
    """Import a command, and return it; without its libraries, one that says what to install."""
    app = typer.Typer(add_completion=False, **_MARKUP)
    try:
        import_module(f"oneroster.cli.{name}").register(app)
    except ModuleNotFoundError as error:
        return _placeholder(name, missing_library(error, EXTRA_OF_COMMAND[name]))
    return typer.main.get_command(app)


def _placeholder(name: str, reason: str) -> TyperCommand:
    """Return a command that only reports why the real one cannot be imported."""

    def refuse() -> None:
        typer.echo(f"oneroster {name}: {reason}", err=True)
        raise typer.Exit(2)

    anything = {"allow_extra_args": True, "ignore_unknown_options": True}
    return TyperCommand(name, help=f"Not available: {reason}", callback=refuse, context_settings=anything, **_MARKUP)


def _unavailable(name: str, command: _Command) -> str:
    for library in command.libraries:
        if find_spec(library) is None:
            return f"Not available: {how_to_install(library, EXTRA_OF_COMMAND[name])}"
    return ""


def _print_versions(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version

    from oneroster.standard import Standard

    typer.echo(f"oneroster-kit {version('oneroster-kit')}")
    typer.echo(f"Python {sys.version.partition(' ')[0]}")
    for number in Standard.versions():
        typer.echo(f"OneRoster {number}, contract {import_module(Standard.of(number).package).__version__}")
    raise typer.Exit


def _main_options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_versions,
            is_eager=True,
            help="Show the versions of the kit, of Python and of the OpenAPI documents, and exit.",
        ),
    ] = False,
) -> None:
    """Take the options before the command; each one is its own callback."""
