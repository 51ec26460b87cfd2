"""Look up the name of a fault, a variant or a profile, and suggest similar names when it is unknown."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST_LISTED = 30
"""How many names a message lists; of more it gives the first three, and the option that lists all."""

LISTING = {"fault": "--list-faults", "variant": "--list-variants"}
"""By kind: the option of `oneroster sandbox` that lists the names."""


class UnknownNameError(ValueError):
    """A name that does not exist; the message suggests similar names, lists all of them, or says what does."""


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
    if near := get_close_matches(name, names, n=3):
        hint = f"did you mean {' or '.join(near)}?"
    elif len(names) <= MOST_LISTED:
        hint = f"known are {', '.join(names)}"
    else:
        lists = f"; `oneroster sandbox {LISTING[kind]}` lists all {len(names)}" if kind in LISTING else ""
        hint = f"known are {', '.join(names[:3])} and others{lists}"
    raise UnknownNameError(f"unknown {kind} {name!r}; {hint}")
