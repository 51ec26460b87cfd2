"""What a bundle has no form for, counted while it is written."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from oneroster.pull.roster.rejects import Reject

__all__ = ["LossCounts"]

_KEPT: Final = 10_000


class LossCounts:
    """Counts of what was changed, and of rows that were left out."""

    def __init__(self) -> None:
        self._said: Counter[tuple[str, str, str]] = Counter()
        self._left: Counter[tuple[str, str]] = Counter()
        self._sentences: list[str] = []
        self.rejects: list[Reject] = []

    def say(self, sentence: str) -> None:
        """Take a sentence as it is."""
        self._sentences.append(sentence)

    def note(self, file: str, column: str, what: str, number: int = 1) -> None:
        """Count something that could not be told as it was.

        Args:
            file: The name of the file, without ending.
            column: Where.
            what: What happened, as in ``line breaks became blanks``.
            number: How often.
        """
        if number:
            self._said[file, column, what] += number

    def leave_out(
        self, file: str, column: str, why: str, ids: Iterable[str], refers_to: Iterable[str | None] = ()
    ) -> None:
        """Count rows that were left out.

        Args:
            file: The name of the file.
            column: For what.
            why: As it follows the column: ``has no value``.
            ids: Their sourcedIds.
            refers_to: The ids that lead nowhere, in the same order; empty when it is not that.
        """
        led = iter(refers_to)
        for sourced_id in ids:
            self._left[file, f"{column} {why}"] += 1
            lost = next(led, None)
            if self._left[file, f"{column} {why}"] <= _KEPT:
                self.rejects.append(Reject(f"{file}.csv", sourced_id, column, why, refers_to=lost))

    def leave(self, why: str, file: str, number: int) -> None:
        """Count rows that rightly have no place in the file."""
        if number:
            self._left[file, why] += number

    def notes(self) -> tuple[str, ...]:
        """All counts as sentences, file by file."""
        left = [f"{file}.csv: rows left out, {what}: {number}." for (file, what), number in sorted(self._left.items())]
        said = [
            f"{file}.csv, column {column}: {what}: {number}."
            for (file, column, what), number in sorted(self._said.items())
        ]
        return (*self._sentences, *left, *said)
