"""The command `oneroster`. Every module of this package with a function `register` is one command.

Nothing of the command line's libraries is imported here, for a plain install lacks them and must be able to say so.
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

_OF_PULL: Final = ("pyarrow", "duckdb")
"""What the extra `pull` brings and no other."""


def main() -> None:
    """Run the command line, and end the process with its exit status."""
    try:
        build()()
    except ModuleNotFoundError as error:
        print(f"oneroster: {_missing(error)}", file=sys.stderr)  # noqa: T201  # rich may be what is missing
        sys.exit(USAGE)


def build() -> "typer.Typer":
    """The command line with all its commands; one whose libraries are not installed says so when it is called.

    Raises:
        ModuleNotFoundError: not even the library of the command line is installed.
    """
    import typer

    app = typer.Typer(
        name="oneroster",
        help="Pull and look at rosters over OneRoster 1.1, judge a server, and serve one to try things on.",
        no_args_is_help=True,
        # A traceback with local variables would show tokens and records.
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    # Without a callback, an application of one command would hide that command's name.
    app.callback()(lambda: None)
    for module in iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        try:
            import_module(f"{__name__}.{module.name}").register(app)
        except ModuleNotFoundError as error:
            _stand_in(app, module.name, _missing(error))
    return app


def _missing(error: ModuleNotFoundError) -> str:
    """Which library is missing, and which extra brings it.

    Raises:
        ModuleNotFoundError: a module of our own is missing: that is a broken installation, and no extra would mend it.
    """
    if (error.name or "oneroster").partition(".")[0].startswith("oneroster"):
        raise error
    extra = "pull" if error.name in _OF_PULL else "check"
    return f'{error.name} is not installed; run pip install "oneroster-kit[{extra}]"'


def _stand_in(app: "typer.Typer", name: str, reason: str) -> None:
    """A command in the place of one that cannot be loaded; the others work all the same."""
    import typer

    def refuse() -> None:
        typer.echo(f"oneroster {name}: {reason}", err=True)
        raise typer.Exit(USAGE)

    anything = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(name, help=f"Not to be had here: {reason}", context_settings=anything)(refuse)
