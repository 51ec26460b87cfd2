"""Random choices that are the same on every machine."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

_T = TypeVar("_T")


class RandomStream:
    """A sequence of random choices that is determined by its names.

    Uses only `Random.random`, whose sequence Python guarantees; the other methods of `Random` may change.
    """

    def __init__(self, *names: str | int) -> None:
        self._next = Random("/".join(map(str, ("oneroster-kit", *names)))).random  # noqa: S311 -- no secret is made

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to limit - 1."""
        return int(self._next() * limit)

    def pick(self, choices: Sequence[_T]) -> _T:
        """Return one of the choices."""
        return choices[int(self._next() * len(choices))]

    def pick_skewed(self, choices: Sequence[_T]) -> _T:
        """Return one of the choices, the first ones far more often than the last ones."""
        return choices[int(self._next() ** 2 * len(choices))]

    def once_in(self, times: int) -> bool:
        """Return True with a probability of 1 in `times`."""
        return int(self._next() * times) == 0
