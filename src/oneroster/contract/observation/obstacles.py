"""Say why a response, a collection or a whole tenant cannot be judged: a cause without blame, a gap, or a finding."""

from collections.abc import Sequence
from typing import Final

from oneroster.contract.errors import (
    ExplainedBy,
    NotEnoughData,
    NotJudged,
    NotOffered,
    OtherAuthentication,
    Refused,
    Unanswered,
)
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.incidents import NO_ANSWER, is_server_error
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import evidence_of
from oneroster_runtime.specification import Operation

__all__ = ["REFUSED", "lacks_scope", "obstacle", "obstacle_of_status", "unread"]

REFUSED: Final = frozenset({401, 403})
"""Statuses that refuse the credentials."""
OK: Final = 200
REDIRECT: Final = 300
FORBIDDEN: Final = 403
INSUFFICIENT_SCOPE: Final = "insufficient_scope"
ABSENT: Final = frozenset({404, 405, 410, 501})
"""Statuses of what a tenant does not serve."""
UNUSABLE: Final = ("OR-ENV-01", "OR-ENV-02", "OR-ENV-08", "OR-ENG-01", "OR-ENG-02")
"""Rules that report a valid request whose response holds no data."""


def obstacle(response: ParsedResponse, *rules: str) -> NotJudged:
    """Return why a response that does not hold its data cannot be judged.

    Args:
        response: A response with a problem.
        rules: The rules that report such a response.
    """
    text = f"{response.exchange.request}: {response.problem}"
    known = obstacle_of_status(response.exchange, text)
    if known is None and is_server_error(response.exchange.status):
        # One cause of server errors is one finding, on one of the operations that show it.
        rules = ("OR-ERR-10", *rules)
        return ExplainedBy((*rules, *UNUSABLE), text, response.operation.operation_id, anywhere=True)
    if known is None and OK < response.exchange.status < REDIRECT:
        # The rule on statuses sees the requests that rules share, which this one may not be.
        return ExplainedBy(
            (*rules, *UNUSABLE),
            text,
            response.operation.operation_id,
            anywhere=True,
            otherwise=response.problem or text,
            evidence=evidence_of(response),
        )
    return known or ExplainedBy((*rules, *UNUSABLE), text, response.operation.operation_id)


def obstacle_of_status(exchange: Exchange, text: str = "") -> NotJudged | None:
    """Return why the status of a response does not let it be judged; None if the status says nothing about that."""
    text = text or f"{exchange.request}: HTTP {exchange.status}"
    if lacks_scope(exchange):
        return OtherAuthentication("a token that has the required scope")
    if exchange.status in REFUSED:
        return Refused(text)
    if exchange.status in NO_ANSWER:
        return Unanswered(text)
    return NotOffered(text) if exchange.status in ABSENT else None


def lacks_scope(exchange: Exchange) -> bool:
    """Return whether a response refuses a token because it lacks a scope, and says so (RFC 6750, 3.1)."""
    return exchange.status == FORBIDDEN and INSUFFICIENT_SCOPE in exchange.headers.get("WWW-Authenticate", "")


def unread(operation: Operation, responses: Sequence[ParsedResponse], unanswered: str | None) -> NotJudged:
    """Return why an operation has no usable response.

    Args:
        operation: The operation.
        responses: Its responses, all with a problem.
        unanswered: Why a request got no response, if one did not.
    """
    name = operation.operation_id
    if unanswered is not None:
        return Unanswered(f"{name}: {unanswered}")
    if not responses:
        return NotEnoughData(0, 1, f"id to request {name} with")
    responses = [response for response in responses if response.problem is not None]
    if not responses:
        return NotOffered(f"{name} was not read page by page")
    statuses = ", ".join(sorted({f"HTTP {response.exchange.status}" for response in responses}))
    kinds = {type(each): each for each in map(obstacle, responses)}
    if explained := kinds.get(ExplainedBy):
        return explained
    for kind, text in (
        (Unanswered, f"{name} got no usable response ({statuses})"),
        (Refused, f"{name} is refused ({statuses})"),
    ):
        if kind in kinds:
            return kind(text)
    if scope := kinds.get(OtherAuthentication):
        return scope
    return NotOffered(f"{name} is not offered ({statuses})")
