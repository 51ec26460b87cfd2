"""Count what a bundle cannot represent while it is written: changed values, and rows that are left out."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from oneroster.pull.roster.rejects import Reject

__all__ = ["LossCounts"]

_MAX_LISTED: Final = 10_000


class LossCounts:
    """Counts of changed values and of rows that were left out.

    Attributes:
        rejects: The rows that were left out: the first ten thousand of each kind.
    """

    def __init__(self) -> None:
        self._changed: Counter[tuple[str, str, str]] = Counter()
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._sentences: list[str] = []
        self.rejects: list[Reject] = []

    def add_sentence(self, sentence: str) -> None:
        """Add a sentence to the notes."""
        self._sentences.append(sentence)

    def count_values(self, file: str, column: str, what: str, number: int = 1) -> None:
        """Count values that were changed or may cause problems.

        Args:
            file: The name of the file, without suffix.
            column: The name of the column.
            what: A description, as in ``line breaks replaced by spaces``.
            number: How many values.
        """
        if number:
            self._changed[file, column, what] += number

    def reject_rows(
        self, file: str, column: str, reason: str, ids: Iterable[str], refers_to: Iterable[str | None] = ()
    ) -> None:
        """Count and list rows that were left out because of a column.

        Args:
            file: The name of the file, without suffix.
            column: The name of the column.
            reason: The rest of the sentence that begins with the column, as in ``has no value``.
            ids: The sourcedIds of the rows.
            refers_to: The ids that the rows refer to in vain, in the same order; empty for other reasons.
        """
        missing = iter(refers_to)
        for sourced_id in ids:
            self._left_out[file, f"{column} {reason}"] += 1
            missing_id = next(missing, None)
            if self._left_out[file, f"{column} {reason}"] <= _MAX_LISTED:
                self.rejects.append(Reject(f"{file}.csv", sourced_id, column, reason, refers_to=missing_id))

    def count_rows(self, file: str, reason: str, number: int) -> None:
        """Count rows that do not belong in the file, without listing them."""
        if number:
            self._left_out[file, reason] += number

    def notes(self) -> tuple[str, ...]:
        """Return all counts as sentences, file by file."""
        left_out = [
            f"{file}.csv: rows left out, {reason}: {number}."
            for (file, reason), number in sorted(self._left_out.items())
        ]
        changed = [
            f"{file}.csv, column {column}: {what}: {number}."
            for (file, column, what), number in sorted(self._changed.items())
        ]
        return (*self._sentences, *left_out, *changed)
