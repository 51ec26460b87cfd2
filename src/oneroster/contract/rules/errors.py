"""Errors: what is not there, or cannot be meant, is refused with the status that says so."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import NotExercised
from oneroster.contract.http.credentials import NoCredentials
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, exchange_finding
from oneroster.contract.observation.expected_errors import ExpectedErrors
from oneroster.contract.observation.operation_selectors import first_readable, one_of_each_service, readable_path, reads
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

NOWHERE: Final = "oneroster-check-nowhere"
"""An id and a path segment that no tenant has."""
MALFORMED: Final = ("limit=-1", "limit=0", "limit=ten", "offset=-1", "offset=ten", "orderBy=sideways")
"""Values of query parameters that are outside of what the parameters are."""
MOST_ROWS: Final = 1000
"""Rows of a collection on which malformed limits are tried: some servers take -1 for all."""
NOT_DONE: Final = frozenset({501, 503})
"""Server errors that are no crash: not implemented, come back later."""


def failed(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> Exchange:
    """Keep an answer to a request that had to fail, for the rules on what errors look like."""
    ExpectedErrors.of(tenant).add(operation, exchange)
    return exchange


@rule(
    "OR-ERR-01",
    family="errors",
    title="An id that was never assigned is not found",
    clause="6.1 404, reading a sourcedId that was never assigned [A]",
    example="GET /orgs/{unknown id} answers 200 with an empty object, or 500",
    fix="answer 404 when no record of this kind has the id; the lookup must not end in an exception",
    over=reads,
)
def unknown_id(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    path = encoded_path(operation.path, dict.fromkeys(path_parameters(operation), NOWHERE))
    exchange = failed(tenant, operation, tenant.probe(path))
    if exchange.status != 404:
        yield exchange_finding(f"an unknown id is answered with HTTP {exchange.status} instead of 404", exchange)


@rule(
    "OR-ERR-02",
    family="errors",
    title="An address behind which nothing stands is not found",
    clause="6.1 404, no resource behind the URI [A]",
    example="an unknown path below the base URL is answered with 200 and the start page of the product",
    fix="let no catch-all route of a web front end stand before the API; answer 404",
    over=first_readable,
)
def unknown_path(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = failed(tenant, operation, tenant.probe(f"/{NOWHERE}"))
    if exchange.status != 404:
        yield exchange_finding(f"an unknown address is answered with HTTP {exchange.status} instead of 404", exchange)


@rule(
    "OR-ERR-03",
    family="errors",
    title="A method that an address does not have is refused",
    clause="RFC 9110, 15.5.6 status 405; the list of 6.1 is silent [B]",
    example="TRACE on a collection is answered with 200",
    fix="answer 405 and name the methods that there are in the header Allow",
    over=first_readable,
)
def wrong_method(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # TRACE changes nothing anywhere, and a server that obeys it repeats the request: hence without credentials.
    exchange = tenant.probe(readable_path(tenant, operation), method="TRACE", access=NoCredentials())
    if exchange.status in (401, 403):
        raise NotExercised(f"HTTP {exchange.status}: who comes without credentials is not told about methods")
    failed(tenant, operation, exchange)
    if exchange.status in (405, 501):
        if exchange.status == 405 and "Allow" not in exchange.headers:
            yield exchange_finding("the 405 names no methods in the header Allow", exchange, Level.OPEN)
    else:
        level = Level.OPEN if 400 <= exchange.status < 500 else None
        yield exchange_finding(
            f"the method TRACE is answered with HTTP {exchange.status} instead of 405", exchange, level
        )


def small(tenant: ObservedTenant) -> Iterator[Operation]:
    """One collection of each service, of those that are small enough to come whole."""
    known = one_of_each_service(tenant)
    return (operation for operation in known if len(tenant.walk(operation)) <= MOST_ROWS)


def malformed(tenant: ObservedTenant, operation: Operation) -> dict[str, Exchange]:
    """The answers to malformed parameters of a collection, by the query; asked for once."""
    path = readable_path(tenant, operation)
    prefix = f"GET {path}?"
    mine = {each.request: each for each in ExpectedErrors.of(tenant).all(operation)}
    return {
        query: mine.get(prefix + query) or failed(tenant, operation, tenant.probe(path, query)) for query in MALFORMED
    }


@rule(
    "OR-ERR-04",
    family="errors",
    title="A malformed parameter is no catastrophe",
    clause="6.1 500 only for a catastrophe [A]",
    example="limit=ten or offset=-1 ends in 500",
    fix="check parameters before they are used: a number that is none must not reach the database",
    over=small,
)
def malformed_is_no_catastrophe(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    answers = malformed(tenant, operation)
    crashed = {query: each for query, each in answers.items() if each.status >= 500 and each.status not in NOT_DONE}
    if crashed:
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.status for each in crashed.values()}))
        message = f"{', '.join(crashed)}: {count_of(len(crashed), 'malformed parameter')} answered with {statuses}"
        yield exchange_finding(message, next(iter(crashed.values())))


@rule(
    "OR-ERR-05",
    family="errors",
    title="A malformed limit, offset or orderBy is a bad request",
    clause="3.3 limit or offset not a number or negative, orderBy neither asc nor desc: not defined [C]",
    example="limit=-1 is answered with 200 and the usual page",
    fix="answer 400 with the code minor `invalid data`, as most servers do, so that a client's mistake is not hidden",
    over=small,
    needs=("OR-ERR-04",),
)
def malformed_is_a_bad_request(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    other = {query: each for query, each in malformed(tenant, operation).items() if each.status != 400}
    if other:
        message = ", ".join(f"{query}: HTTP {each.status}" for query, each in other.items())
        yield exchange_finding(message, next(iter(other.values())))
