"""Chance that falls the same way everywhere."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

_T = TypeVar("_T")


class Chance:
    """A stream of choices fixed by what it is named after.

    Only `Random.random` is used, whose sequence Python promises to keep; the other methods may change.
    """

    def __init__(self, *names: str | int) -> None:
        self._next = Random("/".join(map(str, ("oneroster-kit", *names)))).random  # noqa: S311 -- no secret is made

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self._next() * limit)

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of the choices."""
        return choices[int(self._next() * len(choices))]

    def pick_early(self, choices: Sequence[_T]) -> _T:
        """One of the choices, the first of them far more often than the last."""
        return choices[int(self._next() ** 2 * len(choices))]

    def once_in(self, times: int) -> bool:
        """True once in so many times."""
        return int(self._next() * times) == 0
