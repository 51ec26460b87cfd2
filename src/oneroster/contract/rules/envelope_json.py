"""Envelope rules on JSON itself: it is declared as such, and no object has the same key twice."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import level_of
from oneroster.contract.observation.evidence import count_of, evidence_of, finding
from oneroster.contract.observation.observed_tenant import JSON, ObservedTenant
from oneroster.contract.observation.operation_selectors import first_usable_response, readable
from oneroster.contract.observation.whole_run import FailedChecks, whole_run
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

SUCCESS: Final = 200
CERTAIN: Final = "A"
EMPTY_PAGES: Final = ("OR-ENV-06", "OR-ENV-01", "OR-ENV-02")
"""The rules on the envelope of a page beyond the end, and of every response."""
SHOWN_REQUESTS: Final = 3
"""Requests in the evidence of one finding."""


def repeated_keys(body: bytes) -> set[str]:
    """Return the keys that an object of a JSON text has more than once."""
    repeated: set[str] = set()

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        repeated.update(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return dict(pairs)

    try:
        json.loads(body, object_pairs_hook=check)
    except (ValueError, RecursionError):
        return set()
    return repeated


@rule(
    "OR-ENV-07",
    family="envelope",
    title="JSON is declared as JSON, whatever is requested",
    clause="1 encodings, JSON [A]",
    example="a page with a filter has no Content-Type, although other pages have one",
    fix="send `Content-Type: application/json` with every body",
    over=whole_run,
)
def media_type_of_all(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    # OR-ENV-03 has judged the responses that were there before this rule's requests with parameters.
    reported = FailedChecks.of(tenant).operations.get("OR-ENV-03", set())
    declared_well = {name: request for name, request in tuple(tenant.odd_media_types.items()) if name not in reported}
    if declared_well:
        message = f"Content-Type is not {JSON} for some requests to {count_of(len(declared_well), 'operation')}"
        requests = list(declared_well.values())[:SHOWN_REQUESTS]
        evidence = tuple(Evidence(request=request, count=len(declared_well)) for request in requests)
        operations = tenant.dialect.operations
        yield Finding(message, evidence, level=level_of(min(operations[name].trust for name in declared_well)))


@rule(
    "OR-ENV-08",
    family="envelope",
    harm=Harm.ROWS,
    title="The data are under the documented key, whatever is requested",
    clause="2 wrapper summary [A]",
    example='GET /schools returns `{"orgs": [...]}`, and with a filter `{"schools": [...]}`',
    fix="build the envelope of every response in one place",
    over=whole_run,
)
def envelope_of_all(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    # OR-ENV-01 and OR-ENV-02 report what shows from the first request on, and operations that are uncertain.
    reported = FailedChecks.of(tenant).requests.keys()
    found = [
        each
        for name, each in tuple(tenant.odd_envelopes.items())
        if reported.isdisjoint(one.exchange.request for one in (each, *_misplaced(tenant, name))) and _is_certain(each)
    ]
    if found:
        first = found[0]
        message = f"for some requests to {count_of(len(found), 'operation')}, {first.envelope_problem}"
        requests = [each.exchange.request for each in found[:SHOWN_REQUESTS]]
        yield Finding(message, tuple(Evidence(request=request, count=len(found)) for request in requests))
    elif empty := [
        each
        for name, each in tuple(tenant.odd_empty_pages.items())
        if _is_certain(each) and all(one.envelope_problem is None or not one.rows for one in _successful(tenant, name))
    ]:
        text = f"for some requests to {count_of(len(empty), 'operation')} without data, {empty[0].envelope_problem}"
        raise ExplainedBy(EMPTY_PAGES, text, anywhere=True, otherwise=text, evidence=evidence_of(empty[0]))


def _is_certain(reading: ParsedResponse) -> bool:
    return CERTAIN == reading.operation.trust == (reading.operation.wrapper_trust or CERTAIN)


def _misplaced(tenant: ObservedTenant, operation_id: str) -> Iterator[ParsedResponse]:
    """Yield the successful responses of an operation whose data are elsewhere; others may be reported for anything."""
    return (each for each in _successful(tenant, operation_id) if each.envelope_problem is not None)


def _successful(tenant: ObservedTenant, operation_id: str) -> list[ParsedResponse]:
    operation = tenant.dialect.operation(operation_id)
    return [] if operation is None else [each for each in tenant.readings(operation) if each.exchange.status == SUCCESS]


@rule(
    "OR-ENV-09",
    family="envelope",
    title="A read that succeeds returns 200",
    clause="6.1 200 success [A]",
    example="GET /orgs?limit=10 returns 206 with the first ten orgs, or GET /orgs/{id} returns 201",
    fix="return 200 with every page and every record",
    over=whole_run,
)
def success_is_200(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    for name, odd in tuple(tenant.odd_successes.items()):
        text = f"a response with data has the status {odd.exchange.status} instead of 200"
        yield Finding(text, evidence_of(odd), level_of(odd.operation.trust), name)


@rule(
    "OR-ENV-05",
    family="envelope",
    title="No object of a response has the same key twice",
    clause="1 JSON; RFC 8259, 4 unique names [B]",
    example='a user is `{"sourcedId": "7", "email": "a@x.example", "email": "b@x.example"}`',
    fix="build the response from a map; clients keep the first or the last of two values, and which one differs",
    over=readable,
)
def keys_are_unique(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    reading = first_usable_response(tenant, operation)
    names = repeated_keys(reading.exchange.body)
    if names:
        shown = sorted(names & tenant.properties(operation.element).keys())
        yield finding(f"an object has the same key twice: {', '.join(shown) or 'an undocumented one'}", reading)
