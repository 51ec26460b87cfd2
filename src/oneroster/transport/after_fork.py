"""Sessions in a forked process: they open their own connections.

A connection that two processes read from mixes up their responses. The connections of the parent are not closed in the
child, which could disturb the parent; they are kept, unused, until the child ends.
"""

import os
from typing import Final, Protocol
from weakref import WeakSet

__all__ = ["Reopens", "reopen_after_fork"]


class Reopens(Protocol):
    """What holds connections."""

    def reopen(self) -> object:
        """Open new connections from now on, and return the inherited ones."""


_reopened: Final[WeakSet[Reopens]] = WeakSet()
_inherited: Final[list[object]] = []


def reopen_after_fork(holder: Reopens) -> None:
    """Call `Reopens.reopen` in each process that is forked from this one while the holder exists."""
    _reopened.add(holder)


def _reopen_all() -> None:
    _inherited.extend([holder.reopen() for holder in list(_reopened)])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reopen_all)
