"""Build findings with evidence from responses: one finding for each cause, with a count and a few ids."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.result import Evidence, Finding, shown_ids
from oneroster.counts import count_of

__all__ = ["CauseCount", "count_of", "counted_finding", "evidence_of", "exchange_finding", "finding", "id_list"]


@dataclass
class CauseCount:
    """The number of times that one cause was found, the first response with it, and the records."""

    response: ParsedResponse
    ids: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, sourced_id: str | None) -> None:
        """Count one more record, and keep its id if it is new."""
        self.count += 1
        if sourced_id is not None and sourced_id not in self.ids:
            self.ids.append(sourced_id)


def finding(
    message: str,
    response: ParsedResponse | None,
    ids: Iterable[Any] = (),
    level: Level | None = None,
    symptom_of: tuple[str, ...] = (),
    uncertain: str = "",
) -> Finding:
    """Return a finding about one response and, optionally, some of its records."""
    request = response.exchange.request if response else None
    curl = response.exchange.curl if response else None
    evidence = Evidence(request=request, ids=shown_ids(ids), curl=curl)
    return Finding(message, (evidence,), level, symptom_of=symptom_of, uncertain=uncertain)


def exchange_finding(
    message: str, exchange: Exchange, level: Level | None = None, symptom_of: tuple[str, ...] = ()
) -> Finding:
    """Return a finding about one exchange, as after an invalid request."""
    return Finding(message, (Evidence(request=exchange.request, curl=exchange.curl),), level, symptom_of=symptom_of)


def counted_finding(message: str, cause: CauseCount, pointer: str, of: int, level: Level | None = None) -> Finding:
    """Return a finding about one field of several records.

    Args:
        message: The message of the finding.
        cause: The number and ids of the records.
        pointer: The path of the field, as in ``orgs[].href``.
        of: The number of records that were checked.
        level: The level, if it is lower than that of the rule.
    """
    exchange = cause.response.exchange
    evidence = Evidence(exchange.request, pointer, cause.count, of, shown_ids(cause.ids), exchange.curl)
    return Finding(message, (evidence,), level)


def evidence_of(response: ParsedResponse, ids: Iterable[Any] = ()) -> tuple[Evidence, ...]:
    """Return one response as the evidence of a finding, with some of its records."""
    return (Evidence(request=response.exchange.request, ids=shown_ids(ids), curl=response.exchange.curl),)


def id_list(ids: Iterable[Any]) -> str:
    """Return the first few ids as text, with the number of the others."""
    known = list(ids)
    first = shown_ids(known)
    return ", ".join(first) + (f" and {len(known) - len(first)} more" if len(known) > len(first) else "")
