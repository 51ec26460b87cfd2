"""Error rule on the whole run: no request is answered with a server error, whichever rule sent it."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.incidents import ServerError
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_coverage import operation_at
from oneroster.contract.observation.whole_run import FailedChecks, whole_run
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

PAGING: Final = frozenset({"limit", "offset"})
SHOWN_REQUESTS: Final = 20
"""Requests in the evidence of one finding."""
Cause = tuple[str, str, frozenset[str]]
MALFORMED: Final = "malformed filter"
_CLAUSE: Final = r"[A-Za-z][\w.:-]*(?:!=|>=|<=|=|>|<|~)'[^']*'"
_FILTER: Final = re.compile(rf"{_CLAUSE}(?: (?:AND|OR) {_CLAUSE})?")
_PARAMETER: Final = re.compile(r"[A-Za-z]+")


def cause_of(exchange: Exchange) -> Cause:
    """Return what server errors with one cause have in common: the method, the path, and the parameters.

    The path counts only where no parameter, and no unusual method, may be the cause. A filter that cannot be parsed is
    another cause than a value or a field that the server does not expect.
    """
    path, _, query = exchange.target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    names = frozenset(name for name, _ in pairs if _PARAMETER.fullmatch(name))
    names = (names - PAGING) or names
    if any(name == "filter" and not _FILTER.fullmatch(value) for name, value in pairs):
        names = names - {"filter"} | {MALFORMED}
    common = exchange.method not in ("GET", "PUT", "DELETE") or (exchange.method == "GET" and names)
    return exchange.method, "" if common else _path_kind(path), names


def _path_kind(path: str) -> str:
    """Return a path without its ids: every second segment."""
    segments = path.strip("/").split("/")
    return "/".join(segment if number % 2 == 0 else "{}" for number, segment in enumerate(segments))


@rule(
    "OR-ERR-10",
    family="errors",
    title="No request is answered with a 500",
    clause="6.1 500 only for a catastrophe [A]",
    example="HEAD of a single record, or a filter by an unknown word, returns 500 every time",
    fix="find the exception in the server's log; reject what is invalid with 400, and serve what is valid",
    stands_on=("status 500",),
    over=whole_run,
)
def no_server_error(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    found = tuple(tenant.gateway.incidents.server_errors)
    failed = FailedChecks.of(tenant).requests
    # What passed when it was repeated, no rule has seen.
    known = [each for each in tenant.gateway.incidents.server_errors_in(failed) if each.repeated]
    reported = {cause_of(each.exchange) for each in known}
    by_cause: dict[Cause, list[ServerError]] = {}
    for each in found:
        if (cause := cause_of(each.exchange)) not in reported:
            by_cause.setdefault(cause, []).append(each)
    for cause, errors in by_cause.items():
        yield _finding(tenant, cause, errors)
    if known and not by_cause:
        rules = {name for each in known for name in failed[each.exchange.request]}
        raise ExplainedBy(tuple(sorted(rules)), "all requests with a 500 are reported", anywhere=True)


def _finding(tenant: ObservedTenant, cause: Cause, errors: list[ServerError]) -> Finding:
    repeated = [each for each in errors if each.repeated]
    shown = repeated or errors
    statuses = ", ".join(f"HTTP {status}" for status in sorted({each.exchange.status for each in shown}))
    method, _, names = cause
    what = count_of(len(errors), f"{method} request") + (f" with {', '.join(sorted(names))}" if names else "")
    often = "every time" if repeated else "once"
    evidence = tuple(
        Evidence(request=each.exchange.request, count=len(errors), curl=each.exchange.curl)
        for each in shown[:SHOWN_REQUESTS]
    )
    level = None if repeated else Level.SHOULD
    operation = operation_at(tenant, shown[0].exchange)
    name = None if operation is None else operation.operation_id
    return Finding(f"{what} returned {statuses} {often}", evidence, level, name)
