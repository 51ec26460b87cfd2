"""Access by OAuth 1.0a: a signature is good for one request, at its time."""

import time
from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.invalid_credentials import CustomSignature, oauth1_credentials
from oneroster.contract.observation.operation_selectors import first_readable, readable_path
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

DAY: Final = 86_400
"""Seconds."""
QUERY: Final = "limit=1"


def judged(exchange: Exchange, what: str) -> Iterator[Finding]:
    """A finding unless the request was refused with 401; some servers refuse with 400 what they cannot verify."""
    if exchange.status != 401:
        level = Level.OPEN if exchange.status == 400 else None
        served = "is served" if exchange.status == 200 else f"is answered with HTTP {exchange.status} instead of 401"
        yield exchange_finding(f"{what} {served}", exchange, level)


@rule(
    "OR-ACC-12",
    family="access",
    title="A signature of yesterday is refused",
    clause="7.1 OAuth 1.0a, stale timestamps; RFC 5849, 3.3 [B]",
    example="a request with an oauth_timestamp of a day ago is served",
    fix="refuse with 401 what is older than nonces are kept; ten minutes of slow clocks should be borne",
    over=first_readable,
    needs=("OR-ACC-02",),
)
def stale_timestamp(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    stale = CustomSignature(oauth1_credentials(tenant), timestamp=int(time.time()) - DAY)
    exchange = tenant.probe(readable_path(tenant, operation), QUERY, access=stale)
    yield from judged(exchange, "a signature with the timestamp of a day ago")


@rule(
    "OR-ACC-13",
    family="access",
    title="A nonce is good for one request",
    clause="7.1 OAuth 1.0a, nonces used again; RFC 5849, 3.3 [B]",
    example="the very same signed request is served twice",
    fix="keep timestamp and nonce for as long as the timestamp would be taken, and refuse the second use with 401",
    over=first_readable,
    needs=("OR-ACC-02",),
)
def repeated_nonce(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    signature = CustomSignature(oauth1_credentials(tenant))
    path = readable_path(tenant, operation)
    first = tenant.probe(path, QUERY, access=signature)
    if first.status != 200:
        raise NotExercised(f"the first use of the nonce is answered with HTTP {first.status}")
    yield from judged(tenant.probe(path, QUERY, access=signature), "a nonce that was used before")


@rule(
    "OR-ACC-14",
    family="access",
    title="The signature covers the query",
    clause="7.2 signing, all query parameters; 6.1 401 bad signature [A]",
    example="a signature made without the query parameters is served, so that whoever sees it can ask for other rows",
    fix="build the base string from all parameters of the query as they came, decoded and sorted",
    over=first_readable,
    needs=("OR-ACC-02",),
)
def unsigned_query(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    partial = CustomSignature(oauth1_credentials(tenant), signed_url=lambda url: url.partition("?")[0])
    exchange = tenant.probe(readable_path(tenant, operation), QUERY, access=partial)
    yield from judged(exchange, "a signature that leaves out the query")
