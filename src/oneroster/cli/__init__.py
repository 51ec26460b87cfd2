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
        if (error.name or "oneroster").partition(".")[0].startswith("oneroster"):
            raise  # a module of our own is missing: that is a broken installation, and no extra would mend it
        extra = "pull" if error.name in _OF_PULL else "check"
        print(f'oneroster: {error.name} is not installed; run pip install "oneroster-kit[{extra}]"', file=sys.stderr)  # noqa: T201  # rich may be what is missing
        sys.exit(USAGE)


def build() -> "typer.Typer":
    """The command line with all its commands.

    Raises:
        ModuleNotFoundError: the libraries of the extra `check` are not installed.
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
        if not module.name.startswith("_"):
            import_module(f"{__name__}.{module.name}").register(app)
    return app
