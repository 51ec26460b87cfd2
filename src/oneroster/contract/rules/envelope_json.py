"""Envelope rule on JSON itself: no object has the same key twice."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import first_usable_response, readable
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation


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
