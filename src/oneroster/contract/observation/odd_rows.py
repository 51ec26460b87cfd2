"""Responses in which a record has other values than in the first response that showed it."""

from collections import defaultdict
from typing import Any, Final

from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity

__all__ = ["OddRows"]

MOST: Final = 40
"""Responses of one operation that are kept; a server that changes its values for one of many shows it in a few."""
_ABSENT: Final = object()


class OddRows(defaultdict[str, list[ParsedResponse]]):
    """The responses with such records, by operation id.

    A selection of fields may leave properties out, and counts only for those that it has.
    """

    def __init__(self) -> None:
        super().__init__(list)
        self._first: Final[dict[tuple[str | None, str], Record]] = {}

    @property
    def any_noted(self) -> bool:
        """Whether a record was noted at all."""
        return bool(self._first)

    def note(self, response: ParsedResponse) -> None:
        """Keep a response if one of its records is not as it was."""
        selected = "fields" in response.query
        kept = self.get(response.operation.operation_id, ())
        # Of few fields under another key, one may be taken for the record.
        if len(kept) >= MOST or (selected and response.envelope_problem is not None):
            return
        for row in response.rows:
            name = identity(row) or _requested_id(response)
            if name is None:
                continue
            key = response.operation.element, name
            first = self._first.get(key) if selected else self._first.setdefault(key, row)
            if first is not None and first is not row and _differs(first, row, selected=selected):
                self[response.operation.operation_id].append(response)
                return


def _requested_id(response: ParsedResponse) -> str | None:
    """Return the id in the path of a single read, of which a selection may leave out the id."""
    return None if response.operation.many else next(iter(response.values.values()), None)


def _differs(first: dict[str, Any], row: Record, *, selected: bool) -> bool:
    if not selected:
        return first != row
    return any(first.get(name, _ABSENT) != value for name, value in row.items())
