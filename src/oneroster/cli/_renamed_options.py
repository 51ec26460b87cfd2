"""Options that were renamed: the old name is refused with a message that names the new one."""

from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand

__all__ = ["command_refusing"]


def command_refusing(renamed: Mapping[str, str]) -> type[TyperCommand]:
    """Return a class of commands that refuse old names of options.

    The parser alone would call such a name unknown, and not say what to use instead.

    Args:
        renamed: The new name of each option, by its old name, both with dashes.
    """

    class Command(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            for argument in args:
                name = argument.partition("=")[0]
                if name in renamed:
                    ctx.fail(f"{name} has been renamed to {renamed[name]}.")
            return super().parse_args(ctx, args)

    return Command
