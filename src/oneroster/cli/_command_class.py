"""The class of all commands: what happens on Ctrl-C, without a library, with names and numbers, and for `--help`."""

import errno
import math
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperCommand

from oneroster.cli import USAGE, _interrupts
from oneroster.cli._extras_of_commands import EXTRA_OF_COMMAND
from oneroster.cli._wrapped_lines import echo_wrapped
from oneroster.extras import missing_library
from oneroster.inspection.terminal_text import escape_lines

__all__ = ["command_class", "fail"]

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})

CLOSED: Final = 141
"""Exit status where the reader of the output is gone: that of a program that ends by SIGPIPE."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

_LARGEST: Final = 1e9
"""The largest seconds, rate or share that is taken: clocks and sockets overflow not far above."""


def _discard_output() -> None:
    """Discard what is written to stdout: flushing it at exit would fail again."""
    with suppress(OSError, ValueError):  # a test may have replaced it by something without a descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(command: str, reason: str, status: int) -> NoReturn:
    """Print why a command failed, and end it.

    Raises:
        KeyboardInterrupt: It failed because it was interrupted.
        typer.Exit: It failed for another reason.
    """
    _interrupts.raise_if_seen()
    # A message may hold an id or an address of the server.
    echo_wrapped(escape_lines(f"oneroster {command}: {reason}"), err=True)
    raise typer.Exit(status)


class _Command(TyperCommand):
    """A command; see `command_class` for the attributes."""

    renamed: Mapping[str, str] = _NONE
    details: Mapping[str, Callable[[], str]] = _NONE
    names: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    hint: str = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for parameter in self.params:
            if parameter.name in self.pairs:
                parameter.nargs = 2

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, and refuse what the parser takes but no command does."""
        for argument in args:
            name = argument.partition("=")[0]
            if name in self.renamed:
                ctx.fail(f"{name} has been renamed to {self.renamed[name]}")
        if not ctx.resilient_parsing:
            _check_repetition(ctx, self.make_parser(ctx).parse_args(args=list(args))[2])
        rest = super().parse_args(ctx, args)
        for parameter in self.params if not ctx.resilient_parsing else ():
            name = parameter.name or ""
            value = ctx.params.get(name)
            _check_number(ctx, parameter, value)
            if name in self.names and value:
                ctx.params[name] = _split(ctx, parameter, value)
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help with the details."""
        self.add_details()
        super().format_help(ctx, formatter)

    def add_details(self) -> None:
        """Add the details to the help, once; only help reads them, from the document or the catalogue."""
        for parameter in self.params:
            detail = self.details.get(parameter.name or "")
            if detail is not None:
                shown: Any = parameter
                shown.help = f"{shown.help} {detail()}"
        self.details = _NONE

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            with _interrupts.raised(), _warnings_as_lines(self.name or ""):
                result = self._invoked(ctx)
                # What is left of the output; at exit, a failure would be too late for a message and a status.
                sys.stdout.flush()
                return result
        except (BrokenPipeError, SystemExit) as ended:
            # Rich ends the process with 1 where the reader of a pipe is gone, as after `| head`.
            if isinstance(ended, SystemExit) and ended.code != 1:
                raise
            _discard_output()
            raise typer.Exit(CLOSED) from None
        except OSError as error:
            if error.filename is not None or error.errno not in _FULL:
                raise
            _discard_output()
            typer.echo(f"oneroster {self.name}: the output cannot be written: {error.strerror}", err=True)
            raise typer.Exit(USAGE) from None
        except KeyboardInterrupt as interrupt:
            words = ["interrupted", *([self.hint] if self.hint else []), *getattr(interrupt, "__notes__", ())]
            typer.echo(f"oneroster {self.name}: {'; '.join(words)}", err=True)
            raise typer.Exit(_interrupts.INTERRUPTED) from None
        except ModuleNotFoundError as error:
            reason = missing_library(error, EXTRA_OF_COMMAND.get(self.name or "", "all"))
            typer.echo(f"oneroster {self.name}: {reason}", err=True)
            raise typer.Exit(USAGE) from None

    def _invoked(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception:
            # Some libraries turn KeyboardInterrupt into an error of their own.
            _interrupts.raise_if_seen()
            raise


@contextmanager
def _warnings_as_lines(command: str) -> Iterator[None]:
    """Print warnings about settings as one line each, without the line of code that warns."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        # By name: the module of the settings is imported by the commands that need it.
        if category.__name__ == "UnencryptedHttpWarning":
            typer.echo(f"oneroster {command}: warning: {message}", err=True)
        else:
            before(message, category, *place, **more)

    before: Any = warnings.showwarning
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


def command_class(
    *,
    renamed: Mapping[str, str] = _NONE,
    details: Mapping[str, Callable[[], str]] = _NONE,
    names: tuple[str, ...] = (),
    pairs: tuple[str, ...] = (),
    hint: str = "",
) -> type[TyperCommand]:
    """Return the class of a command, with what Typer cannot express.

    Args:
        renamed: The new name of each option that was renamed, by its old name, both with dashes. The parser alone
            would call an old name unknown, and not say what to use instead.
        details: Functions that return a sentence to add to the help of a parameter, by the name of the parameter.
        names: The parameters that take names: repeatable, and each value may hold several names with commas.
        pairs: The repeatable options that take two values.
        hint: What to do after an interrupt.
    """
    attributes = {"renamed": renamed, "details": details, "names": names, "pairs": pairs, "hint": hint}
    return type("Command", (_Command,), attributes)


def _check_repetition(ctx: Any, given: list[Any]) -> None:
    """Refuse a second value for an option that takes one, of which the parser would only keep the last.

    Raises:
        typer.BadParameter: An option is repeated.
    """
    for parameter, times in Counter(given).items():
        single = parameter.param_type_name == "option" and not (parameter.multiple or parameter.is_flag)
        if single and times > 1:
            raise typer.BadParameter("it takes one value, and is given more than once.", ctx=ctx, param=parameter)


def _check_number(ctx: Any, parameter: Any, value: Any) -> None:
    """Refuse numbers that pass a comparison with any bound, or that no library takes.

    Raises:
        typer.BadParameter: The value is such a number.
    """
    if not isinstance(value, int | float):
        return
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number.", ctx=ctx, param=parameter)
    if abs(value) > (_LARGEST if isinstance(value, float) else sys.maxsize):
        raise typer.BadParameter("the number is too large.", ctx=ctx, param=parameter)


def _split(ctx: Any, parameter: Any, values: Any) -> list[str]:
    """Return the names in values that hold one or more names with commas.

    Raises:
        typer.BadParameter: There is no name: an empty value must not select everything.
    """
    found = [name.strip() for value in values for name in value.split(",") if name.strip()]
    if not found:
        raise typer.BadParameter("a name is missing.", ctx=ctx, param=parameter)
    return found
