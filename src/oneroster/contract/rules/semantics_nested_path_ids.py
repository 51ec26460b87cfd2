"""Semantic rules on nested collections with an unknown parent, or with two unrelated parents."""

import secrets
from collections.abc import Iterator
from itertools import product
from typing import Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import NotEnoughData
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.evidence import count_of, finding
from oneroster.contract.observation.membership import count_parents
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.operation_selectors import nested
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

NOT_FOUND: Final = 404
CERTAIN: Final = "A"
SMALL_PAGE: Final[Query] = {"limit": 10}
"""Enough to see rows that should not be there; more than one, because some servers fail at the least limit."""
CANDIDATES: Final = 50
"""Parents of each kind to search for an unrelated pair."""


@rule(
    "OR-SEM-11",
    family="semantics",
    harm=Harm.ROWS,
    title="A nested collection of an unknown parent returns no rows",
    clause="2 nested endpoints, parents [B]",
    example="GET /schools/unknown/students lists the students of all schools, or returns 500",
    fix="return 404, or 200 with an empty array; both are accepted, because no source settles which",
    over=nested,
)
def unknown_parent(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    unknown = f"oneroster-check-{secrets.token_hex(8)}"
    reading = tenant.fetch(operation, dict.fromkeys(path_parameters(operation), unknown), SMALL_PAGE)
    yield from _expect_no_rows(reading, "an unknown parent")
    if reading.problem is None and not reading.rows and dict(operation.status_trust).get(NOT_FOUND) == CERTAIN:
        yield finding("an unknown parent returned an empty array instead of the documented 404", reading)


def _expect_no_rows(reading: ParsedResponse, what: str) -> Iterator[Finding]:
    """Yield a finding unless the response is a 404 or an empty page."""
    if reading.rows:
        yield finding(
            f"{what} returned a page with {count_of(len(reading.rows), 'record')} instead of 404 or an empty array",
            reading,
            reading.ids,
        )
    elif reading.exchange.status not in (200, 204, 404):
        yield finding(f"{what} returned HTTP {reading.exchange.status} instead of 404 or an empty array", reading)


def collections_with_two_parents(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections with two parents that could be read."""
    return (operation for operation in nested(tenant) if len(path_parameters(operation)) == 2)


@rule(
    "OR-SEM-12",
    family="semantics",
    harm=Harm.ROWS,
    title="Parents that do not belong together have no rows in common",
    clause="2 nested endpoints, parents [B]",
    example="GET /schools/a/classes/c/students lists the students of class c, which belongs to school b",
    fix="select by both ids of the path; return 404 or an empty array when they do not belong together",
    stands_on=("parents",),
    over=collections_with_two_parents,
    needs=("OR-SEM-03", "OR-SEM-11"),
)
def unrelated_parents(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = count_parents(tenant, operation)
    names = [parent.parameter for parent in operation.scope.parents] if operation.scope else []
    firsts, seconds = (list(dict.fromkeys(pair[side] for pair in known))[:CANDIDATES] for side in (0, 1))
    pair = next((pair for pair in product(firsts, seconds) if pair not in known), None)
    if pair is None:
        raise NotEnoughData(0, 1, "pair of parents that do not belong together")
    reading = tenant.fetch(operation, dict(zip(names, pair, strict=True)), SMALL_PAGE)
    yield from _expect_no_rows(reading, "a pair of parents that do not belong together")
