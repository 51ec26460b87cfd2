"""Look up the name of a fault, a variant or a profile, and suggest similar names when it is unknown."""

from collections.abc import Iterable
from difflib import get_close_matches


class UnknownNameError(ValueError):
    """A name that does not exist; the message suggests similar names, or lists all of them."""


def require_known(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the name if it is known.

    Args:
        kind: What is named, as in "fault".
        name: The name to look up.
        known: All names of this kind.

    Raises:
        UnknownNameError: The name is not among them.
    """
    names = sorted(known)
    if name in names:
        return name
    near = get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names)}"
    raise UnknownNameError(f"unknown {kind} {name!r}; {hint}")
