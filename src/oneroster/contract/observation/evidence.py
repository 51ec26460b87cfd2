"""Making findings out of many small observations: one for each cause, with a count and a few ids."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.result import Evidence, Finding, shown_ids

__all__ = ["CauseCount", "counted", "finding", "many", "shown"]


@dataclass
class CauseCount:
    """How often one cause was met, and with which records first."""

    reading: ParsedResponse
    ids: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, sourced_id: str | None) -> None:
        """Count one more record; an id that is known already is not kept twice."""
        self.count += 1
        if sourced_id is not None and sourced_id not in self.ids:
            self.ids.append(sourced_id)


def finding(
    message: str, reading: ParsedResponse | None, ids: Iterable[Any] = (), level: Level | None = None
) -> Finding:
    """A finding that rests on one answer and, perhaps, on some records of it."""
    shown_request = reading.exchange.request if reading else None
    curl = reading.exchange.curl if reading else None
    return Finding(message, (Evidence(request=shown_request, ids=shown_ids(ids), curl=curl),), level)


def counted(message: str, tally: CauseCount, pointer: str, of: int, level: Level | None = None) -> Finding:
    """A finding about one field of several records."""
    exchange = tally.reading.exchange
    evidence = Evidence(exchange.request, pointer, tally.count, of, shown_ids(tally.ids), exchange.curl)
    return Finding(message, (evidence,), level)


def shown(ids: Iterable[Any]) -> str:
    """A few ids, for a message."""
    known = list(ids)
    first = shown_ids(known)
    return ", ".join(first) + (f" and {len(known) - len(first)} more" if len(known) > len(first) else "")


def many(count: int, noun: str) -> str:
    """A number with its noun, in the singular for one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
