"""Text that commands print line by line: wrapped between words on a terminal, elsewhere unchanged, to be searched."""

import re
import shutil
import sys
from textwrap import wrap

import typer

__all__ = ["echo_wrapped"]

_INDENT = re.compile(r" *(?:\d+\. )?")


def echo_wrapped(text: str, *, err: bool = False) -> None:
    """Print lines; on a terminal, the continuation of a long line begins where the line itself does.

    A line with a curl command is left to the terminal, so that the command can be copied.

    Args:
        text: The lines, without the end of the last one.
        err: Whether to print to stderr.
    """
    if (sys.stderr if err else sys.stdout).isatty():
        width = shutil.get_terminal_size().columns
        text = "\n".join(_wrapped(line, width) for line in text.split("\n"))
    typer.echo(text, err=err)


def _wrapped(line: str, width: int) -> str:
    indent = _INDENT.match(line)
    begin = indent[0] if indent is not None else ""
    if len(line) <= width or line.startswith("curl", len(begin)):
        return line
    parts = wrap(
        line[len(begin) :],
        width,
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(parts)
