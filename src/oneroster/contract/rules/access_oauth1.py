"""Access rules for OAuth 1.0a: a signature is valid for one request, and only near its timestamp."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.invalid_credentials import CustomSignature, require_oauth1
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import obstacle_of_status
from oneroster.contract.observation.operation_selectors import first_readable, one_of_each_kind, readable_path
from oneroster.contract.observation.provoked_errors import Refusals
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

ONE_DAY: Final = 86_400
"""Seconds."""
QUERY: Final = "limit=1"


def expect_rejected_signature(
    tenant: ObservedTenant, operation: Operation, exchange: Exchange, what: str
) -> Iterator[Finding]:
    """Yield a finding unless the request returned 401.

    A 400 is only an open point, because some servers return it for signatures they cannot verify.
    """
    if exchange.status != 401:
        level = Level.OPEN if exchange.status == 400 else None
        received = "HTTP 200 with data" if exchange.status == 200 else f"HTTP {exchange.status}"
        known = Refusals.of(tenant).with_status(operation, exchange.status)
        yield exchange_finding(f"a request with {what} returned {received} instead of 401", exchange, level, known)


@rule(
    "OR-ACC-12",
    family="access",
    title="A signature with a timestamp of another day is rejected",
    clause="7.1 OAuth 1.0a, stale timestamps; RFC 5849, 3.3 [B]",
    example="a request with an oauth_timestamp of one day ago is served",
    fix="return 401 for timestamps older than the server keeps nonces; tolerate clocks that are ten minutes slow",
    stands_on=("scheme oauth1",),
    over=first_readable,
)
def stale_timestamp(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    stale = CustomSignature(require_oauth1(tenant), timestamp=int(time.time()) - ONE_DAY)
    exchange = tenant.probe(readable_path(tenant, operation), QUERY, access=stale)
    yield from expect_rejected_signature(tenant, operation, exchange, "an oauth_timestamp of one day ago")
    if exchange.status == 401:
        early = CustomSignature(require_oauth1(tenant), timestamp=int(time.time()) + ONE_DAY)
        exchange = tenant.probe(readable_path(tenant, operation), QUERY, access=early)
        yield from expect_rejected_signature(tenant, operation, exchange, "an oauth_timestamp of tomorrow")


@rule(
    "OR-ACC-13",
    family="access",
    title="A nonce is accepted only once",
    clause="7.1 OAuth 1.0a, repeated nonces; RFC 5849, 3.3 [B]",
    example="the same signed request is served twice",
    fix="store timestamp and nonce for as long as the timestamp is accepted, and return 401 for the second use",
    stands_on=("scheme oauth1",),
    over=first_readable,
)
def repeated_nonce(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    signature = CustomSignature(require_oauth1(tenant))
    path = readable_path(tenant, operation)
    first = tenant.probe(path, QUERY, access=signature)
    if first.status // 100 != 2:
        text = f"the first use of the nonce returned HTTP {first.status}"
        raise obstacle_of_status(first, text) or ExplainedBy(("OR-ERR-10", "OR-ENG-01"), text, anywhere=True)
    # A nonce counts for all URLs: servers that keep nonces, or check them, in some places only accept it in others.
    for each in dict.fromkeys((operation, *one_of_each_kind(tenant))):
        again = tenant.probe(readable_path(tenant, each), QUERY if each.many else "", access=signature)
        if found := list(expect_rejected_signature(tenant, each, again, "a nonce that was already used")):
            yield from (replace(known, operation_id=each.operation_id) for known in found)
            return


@rule(
    "OR-ACC-14",
    family="access",
    title="The signature covers the query",
    clause="7.2 signing, all query parameters; 6.1 401 bad signature [A]",
    example="a signature over the URL without its query is accepted, so anyone who sees it can request other rows",
    fix="build the base string from all query parameters as received, decoded and sorted",
    stands_on=("scheme oauth1", "status 401"),
    over=first_readable,
)
def unsigned_query(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    partial = CustomSignature(require_oauth1(tenant), signed_url=lambda url: url.partition("?")[0])
    exchange = tenant.probe(readable_path(tenant, operation), QUERY, access=partial)
    yield from expect_rejected_signature(tenant, operation, exchange, "a signature that does not cover the query")
