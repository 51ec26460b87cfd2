"""Count what a bundle cannot represent while it is written: changed values, and rows that are left out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from oneroster.pull.formats.format import LeftOut
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
        self._omitted: Counter[tuple[str, str]] = Counter()
        self._left_out: Counter[tuple[str, LeftOut]] = Counter()
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
        self,
        file: str,
        column: str,
        reason: str,
        ids: Sequence[str],
        refers_to: Iterable[str | None] = (),
        *,
        field: str = "",
    ) -> None:
        """Count and list rows that were left out because of a column.

        Args:
            file: The name of the file, without suffix.
            column: The name of the column.
            reason: The rest of the sentence that begins with the column, as in ``has no value``.
            ids: The sourcedIds of the rows.
            refers_to: The ids that the rows refer to in vain, in the same order; empty for other reasons.
            field: The property of the column; empty if it has the name of the column.
        """
        missing, why = iter(refers_to), LeftOut(field or column, f"{column} {reason}")
        room = max(_MAX_LISTED - self._left_out[file, why], 0)
        self._left_out[file, why] += len(ids)
        for sourced_id in ids[:room]:
            self.rejects.append(Reject(f"{file}.csv", sourced_id, column, reason, refers_to=next(missing, None)))

    def omit_rows(self, file: str, reason: str, number: int) -> None:
        """Count rows that do not belong in the file, without listing them."""
        if number:
            self._omitted[file, reason] += number

    def omitted(self, file: str) -> int:
        """Return the number of rows that do not belong in a file."""
        return sum(number for (name, _), number in self._omitted.items() if name == file)

    def left_out(self, file: str) -> dict[LeftOut, int]:
        """Return the number of rows left out of a file by reason."""
        return {why: number for (name, why), number in self._left_out.items() if name == file and number}

    def notes(self) -> tuple[str, ...]:
        """Return all counts as sentences, file by file."""
        rows = [
            *self._omitted.items(),
            *(((file, why.reason), number) for (file, why), number in self._left_out.items()),
        ]
        left_out = [f"{file}.csv: rows left out, {reason}: {number}." for (file, reason), number in sorted(rows)]
        changed = [
            f"{file}.csv, column {column}: {what}: {number}."
            for (file, column, what), number in sorted(self._changed.items())
        ]
        return (*self._sentences, *left_out, *changed)
