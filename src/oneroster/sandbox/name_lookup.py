"""Names a caller gives: of faults, of profiles. A wrong one is answered with those it may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


class UnknownNameError(ValueError):
    """A name that does not exist; the message says which are near, or which there are."""


def check(kind: str, name: str, known: Iterable[str]) -> str:
    """The name itself, when it is known.

    Args:
        kind: what it should name, as in "fault".
        name: as given.
        known: the names there are.

    Raises:
        UnknownNameError: it is none of them.
    """
    names = sorted(known)
    if name in names:
        return name
    near = get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names)}"
    raise UnknownNameError(f"unknown {kind} {name!r}; {hint}")
