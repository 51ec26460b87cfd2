"""The command `oneroster`. Each module of this package with a function `register` is one command.

The libraries of the command line are imported lazily, because a plain installation lacks them and must report that.
"""

import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import typer

__all__ = ["build", "main"]

USAGE: Final = 2
"""Exit status for wrong usage, and for a command whose libraries are not installed."""

_PULL_LIBRARIES: Final = ("pyarrow", "duckdb")
"""The libraries that only the extra `pull` installs."""


def main() -> None:
    """Run the command line, and end the process with its exit status."""
    try:
        build()()
    except ModuleNotFoundError as error:
        print(f"oneroster: {_missing(error)}", file=sys.stderr)  # noqa: T201  # rich may be what is missing
        sys.exit(USAGE)


def build() -> "typer.Typer":
    """Return the command line with all its commands. A command whose libraries are missing reports that when called.

    Raises:
        ModuleNotFoundError: Typer is not installed.
    """
    import typer

    app = typer.Typer(
        name="oneroster",
        help="Pull and inspect OneRoster 1.1 rosters, test a server against the standard, and serve a sandbox.",
        no_args_is_help=True,
        # A traceback with local variables would show tokens and records.
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    # Without a callback, Typer leaves out the name of the command where there is only one.
    app.callback()(lambda: None)
    for module in iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        try:
            import_module(f"{__name__}.{module.name}").register(app)
        except ModuleNotFoundError as error:
            _add_placeholder(app, module.name, _missing(error))
    return app


def _missing(error: ModuleNotFoundError) -> str:
    """Return a message that names the missing library and the extra that installs it.

    Raises:
        ModuleNotFoundError: A module of this project is missing: the installation is broken, and no extra fixes it.
    """
    if (error.name or "oneroster").partition(".")[0].startswith("oneroster"):
        raise error
    extra = "pull" if error.name in _PULL_LIBRARIES else "check"
    return f'{error.name} is not installed; run pip install "oneroster-kit[{extra}]"'


def _add_placeholder(app: "typer.Typer", name: str, reason: str) -> None:
    """Add a command that only reports why the real one cannot be loaded, so that the other commands work."""
    import typer

    def refuse() -> None:
        typer.echo(f"oneroster {name}: {reason}", err=True)
        raise typer.Exit(USAGE)

    anything = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(name, help=f"Not available: {reason}", context_settings=anything)(refuse)
