"""The extras that the commands need. Typer may be what is missing."""

from collections.abc import Sequence
from typing import Final

__all__ = ["EXTRA_OF_COMMAND", "extras_for"]

EXTRA_OF_COMMAND: Final = {
    "check": "check",
    "diff": "pull",
    "get": "check",
    "pull": "pull",
    "rules": "check",
    "sandbox": "check",
    "schemathesis": "check",
    "stats": "pull",
}
"""The extra of each command; `get` runs with either, and its sandbox with this one."""


def extras_for(arguments: Sequence[str]) -> list[str]:
    """Return the extras that a command line needs; none if it names no command."""
    command = next((argument for argument in arguments if argument in EXTRA_OF_COMMAND), None)
    if command is None:
        return []
    return [EXTRA_OF_COMMAND[command], *(["check"] if "--sandbox" in arguments else [])]
