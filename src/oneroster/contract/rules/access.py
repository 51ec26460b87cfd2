"""Access: nobody comes in without credentials, or with wrong ones, and the refusal says so."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.credentials import Credentials, NoCredentials
from oneroster.contract.http.exchange import Exchange, encoded_path, encoded_query
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.expected_errors import Refusals
from oneroster.contract.observation.invalid_credentials import RawAuthorization
from oneroster.contract.observation.operation_selectors import readable
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.oracle.status_payload import STATUS_KEY, status_entries
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

MALFORMED: Final = ("Bearer", "OAuth", "Basic Og==")
"""Authorization headers in which no credentials can be found."""


def knock(tenant: ObservedTenant, operation: Operation, access: Credentials) -> Exchange:
    """The answer to a request that was answered before, now with other credentials.

    Raises ``NotExercised`` when the tenant was entered without credentials: then none can be missing.
    """
    if isinstance(tenant.gateway.target.access, NoCredentials):
        raise NotExercised("no credentials were given, so none can be left out")
    known = next(reading for reading in tenant.readings(operation) if reading.problem is None)
    query: dict[str, str | int] = {"limit": 1} if operation.many else {}
    path = encoded_path(operation.path, known.values)
    return tenant.gateway.get(path, encoded_query(query), access=access)


def refused(tenant: ObservedTenant, operation: Operation, access: Credentials, who: str) -> Iterator[Finding]:
    """A finding when the knock is not answered with 401."""
    exchange = knock(tenant, operation, access)
    Refusals.of(tenant).add(operation, exchange)
    if exchange.status != 401:
        served = "the data was served" if exchange.status == 200 else f"HTTP {exchange.status}"
        yield exchange_finding(f"{who}: {served} instead of 401", exchange)


@rule(
    "OR-ACC-01",
    family="access",
    title="Without credentials the answer is 401",
    clause="6.1 401 [A]",
    example="GET /users without an Authorization header is answered with 200",
    fix="ask for credentials before anything else, on every path",
    over=readable,
)
def without_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from refused(tenant, operation, NoCredentials(), "without credentials")


def sampled(tenant: ObservedTenant) -> Iterator[Operation]:
    """One operation of each kind and service: enough to see how credentials are looked at."""
    seen: set[tuple[str, bool]] = set()
    for operation in readable(tenant):
        kind = (operation.tag, operation.many)
        if kind not in seen:
            seen.add(kind)
            yield operation


@rule(
    "OR-ACC-02",
    family="access",
    title="With wrong credentials the answer is 401",
    clause="6.1 401 [A]",
    example="GET /users with a token that was never granted is answered with 200",
    fix="look the token up, or verify the signature, on every request",
    over=sampled,
    needs=("OR-ACC-01",),
)
def wrong_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from refused(tenant, operation, tenant.gateway.target.access.invalid(), "with wrong credentials")


@rule(
    "OR-ACC-03",
    family="access",
    title="A refusal carries a status payload",
    clause="6.2 error payload, recommended [B]",
    example="the 401 has an empty or an HTML body",
    fix="send the status payload with code major, severity and code minor, in the encoding of data",
    over=sampled,
    needs=("OR-ACC-01", "OR-ACC-02"),
)
def refusal_payload(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    mine = Refusals.of(tenant).unauthorized(operation)
    if not mine:
        raise NotExercised("no refusal was seen")
    for exchange in mine:
        if not status_entries(exchange.json):
            yield exchange_finding("the 401 carries no status information (code major, severity, code minor)", exchange)
            return
        if not isinstance(exchange.json, dict) or not isinstance(exchange.json.get(STATUS_KEY), list):
            yield exchange_finding(f"the status information is not an array under '{STATUS_KEY}'", exchange, Level.OPEN)
            return


def sampled_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections among those sampled: one of each service."""
    return (operation for operation in sampled(tenant) if operation.many)


@rule(
    "OR-ACC-04",
    family="access",
    title="With credentials that cannot be read the answer is 401",
    clause="6.1 401 not authenticated [A]",
    example="`Authorization: Bearer` without a token is let in",
    fix="take a header that cannot be read for no credentials at all; never skip the check because parsing failed",
    over=sampled_collections,
    needs=("OR-ACC-01", "OR-ACC-02"),
)
def malformed_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for value in MALFORMED:
        exchange = knock(tenant, operation, RawAuthorization(value))
        Refusals.of(tenant).add(operation, exchange)
        if exchange.status != 401:
            served = "the data was served" if exchange.status == 200 else f"HTTP {exchange.status}"
            # RFC 6750 and some OAuth 1 servers call that a bad request.
            level = {200: None, 400: Level.OPEN}.get(exchange.status, Level.SHOULD)
            yield exchange_finding(
                f"with the header 'Authorization: {value}': {served} instead of 401", exchange, level
            )
            return


@rule(
    "OR-ACC-05",
    family="access",
    title="A 401 names the way in",
    clause="6.1 401; RFC 9110, 15.5.2 WWW-Authenticate [B]",
    example="the 401 has no header WWW-Authenticate",
    fix="send `WWW-Authenticate: Bearer` (OAuth 2) or `WWW-Authenticate: OAuth` (OAuth 1.0a) with every 401",
    over=sampled,
    needs=("OR-ACC-01",),
)
def challenge(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    mine = Refusals.of(tenant).unauthorized(operation)
    if not mine:
        raise NotExercised("no refusal was seen")
    silent = [exchange for exchange in mine if not exchange.headers.get("WWW-Authenticate", "").strip()]
    if silent:
        yield exchange_finding(f"{len(silent)} of {len(mine)} refusals name no way in (WWW-Authenticate)", silent[0])
