"""HTTP: methods, content negotiation, caches and redirects, as every client and proxy on the way takes them."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, exchange_finding, finding
from oneroster.contract.observation.operation_selectors import (
    first_readable,
    one_of_each_service,
    readable,
    readable_path,
)
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

QUERY: Final = "limit=1"
UTF_8: Final = frozenset({"utf-8", "utf8", "us-ascii"})
NOT_SERVED: Final = frozenset({405, 501})
TOLD_BY_HEAD: Final = ("Content-Type", "X-Total-Count", "Link")
"""Headers of an answer that a client reads by HEAD."""
_CHARSET: Final = re.compile(r";\s*charset=\"?([^\s;\"]+)", re.IGNORECASE)


@rule(
    "OR-HTP-01",
    family="http",
    title="JSON is sent in UTF-8 and declared as nothing else",
    clause="1 encodings, UTF-8 [B]",
    example="Content-Type says charset=ISO-8859-1, so that clients misread every name with an accent",
    fix="send UTF-8, and no charset at all: JSON has no other",
    over=readable,
)
def utf_8(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for reading in tenant.readings(operation):
        declared = _CHARSET.search(reading.exchange.headers.get("Content-Type", ""))
        if declared is not None and declared[1].lower() not in UTF_8:
            yield finding("the answer is declared in a charset other than UTF-8", reading)
            return


@rule(
    "OR-HTP-02",
    family="http",
    title="HEAD tells what GET would tell",
    clause="RFC 9110, 9.3.2 HEAD, beneath 4 response headers [B]",
    example="HEAD on a collection answers 404, or without the X-Total-Count that GET sends",
    fix="handle HEAD as GET and leave out the body",
    over=one_of_each_service,
)
def head_like_get(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    path = readable_path(tenant, operation)
    by_head = tenant.probe(path, QUERY, method="HEAD")
    if by_head.status in NOT_SERVED:
        yield exchange_finding(f"HEAD is not served (HTTP {by_head.status})", by_head, Level.OPEN)
        return
    by_get = tenant.probe(path, QUERY)
    if by_head.status != by_get.status:
        yield exchange_finding(f"HEAD is answered with HTTP {by_head.status}, GET with HTTP {by_get.status}", by_head)
        return
    lost = [name for name in TOLD_BY_HEAD if name in by_get.headers and name not in by_head.headers]
    if lost:
        yield exchange_finding(f"HEAD leaves out {', '.join(lost)}, which GET sends", by_head)
    total = {each.headers.get("X-Total-Count") for each in (by_get, by_head) if "X-Total-Count" in each.headers}
    if len(total) > 1:
        yield exchange_finding("HEAD sends another X-Total-Count than GET", by_head)


@rule(
    "OR-HTP-03",
    family="http",
    title="OPTIONS names the methods",
    clause="RFC 9110, 9.3.7 OPTIONS; OneRoster is silent [B]",
    example="OPTIONS on a collection ends in 500, or in 200 without the header Allow",
    fix="answer OPTIONS with 204 and `Allow: GET, HEAD, OPTIONS`, or with 405",
    over=one_of_each_service,
)
def options_name_methods(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = tenant.probe(readable_path(tenant, operation), method="OPTIONS")
    if exchange.status >= 500 and exchange.status not in (501, 503):
        yield exchange_finding(f"OPTIONS is answered with HTTP {exchange.status}", exchange)
    elif exchange.status >= 300:
        yield exchange_finding(f"OPTIONS is not served (HTTP {exchange.status})", exchange, Level.OPEN)
    else:
        named = ",".join(exchange.headers.get(name, "") for name in ("Allow", "Access-Control-Allow-Methods"))
        if "GET" not in {name.strip().upper() for name in named.split(",")}:
            yield exchange_finding(
                f"OPTIONS is answered with HTTP {exchange.status}, and no header names GET", exchange
            )


def personal(tenant: ObservedTenant) -> Iterator[Operation]:
    """The operations whose records say something of a person."""
    return (each for each in readable(tenant) if _is_personal(tenant, each))


def _is_personal(tenant: ObservedTenant, operation: Operation) -> bool:
    known = tenant.properties(operation.element).values()
    # Vendors put anything into metadata, which every element has.
    return any(each.personal and each.name != "metadata" for each in known)


@rule(
    "OR-HTP-04",
    family="http",
    title="No shared cache may keep personal data",
    clause="RFC 9111, 3.5 answers to authorised requests, beneath 7.1 security [B]",
    example="users are sent with `Cache-Control: public, max-age=3600`",
    fix="send `Cache-Control: no-store` (or `private`) with everything about persons",
    over=personal,
)
def not_shared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    good = [reading for reading in tenant.readings(operation) if reading.exchange.status == 200]
    shared = [reading for reading in good if allows_sharing(reading.exchange)]
    if shared:
        message = f"Cache-Control lets shared caches keep {count_of(len(shared), 'answer')} of {len(good)}"
        yield finding(message, shared[0])


def allows_sharing(exchange: Exchange) -> bool:
    """Whether a cache that serves several people may keep the answer though it was authorised."""
    directives: dict[str, str] = {}
    for part in exchange.headers.get("Cache-Control", "").lower().split(","):
        name, _, value = part.strip().partition("=")
        directives[name] = value.strip('"')
    if {"no-store", "private", "no-cache"} & directives.keys():
        return False
    return "public" in directives or directives.get("s-maxage", "0") != "0"


@rule(
    "OR-HTP-05",
    family="http",
    title="An answer is compressed only for who accepts it",
    clause="RFC 9110, 12.5.3 Accept-Encoding, beneath 1 encodings [B]",
    example="gzip comes back though the request says `Accept-Encoding: identity`",
    fix="compress when the request accepts gzip, and name the compression in Content-Encoding",
    over=one_of_each_service,
)
def compressed_when_accepted(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = tenant.probe(readable_path(tenant, operation), "limit=100", headers={"Accept-Encoding": "identity"})
    if exchange.status >= 300:
        yield exchange_finding(f"with Accept-Encoding: identity the answer is HTTP {exchange.status}", exchange)
    elif exchange.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        yield exchange_finding("the answer is compressed though the request accepts identity only", exchange)
    elif exchange.json is UNREADABLE:
        yield exchange_finding("with Accept-Encoding: identity the body is not JSON", exchange)


@rule(
    "OR-HTP-06",
    family="http",
    title="Whatever is accepted, data come as JSON or not at all",
    clause="1 encodings, JSON; RFC 9110, 12.5.1 Accept [B]",
    example="`Accept: text/html`, which browsers send, brings an HTML page with 200",
    fix="answer with JSON all the same, or with 406",
    over=one_of_each_service,
)
def json_or_nothing(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for accepted in ("text/html", "*/*"):
        exchange = tenant.probe(readable_path(tenant, operation), QUERY, headers={"Accept": accepted})
        if exchange.status < 300 and exchange.json is UNREADABLE:
            yield exchange_finding(
                f"with Accept: {accepted} the answer is HTTP {exchange.status} and no JSON", exchange
            )
        elif exchange.status >= 300 and (accepted, exchange.status) != ("text/html", 406):
            yield exchange_finding(f"with Accept: {accepted} the answer is HTTP {exchange.status}", exchange)


@rule(
    "OR-HTP-07",
    family="http",
    title="A redirect stays with the tenant",
    clause="1 transport; RFC 9110, 10.2.2 Location [B]",
    example="a slash at the end of the path brings 301 to http://, or to the name that the server has inside",
    fix="build Location from the public address, or relative to the request; better yet, refuse with 404",
    over=first_readable,
)
def redirect_stays(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = tenant.probe(readable_path(tenant, operation) + "/", QUERY)
    if not 300 <= exchange.status < 400:
        raise NotExercised(f"no redirect was met: a slash more is answered with HTTP {exchange.status}")
    address = exchange.headers.get("Location")
    if not address:
        yield exchange_finding(f"HTTP {exchange.status} without a Location", exchange)
    elif not tenant.gateway.is_own(joined(exchange.url, address)):
        yield exchange_finding(
            "Location leads to another origin, where a client must not send its credentials", exchange
        )


def joined(base: str, address: str) -> str:
    """The address that a possibly relative one means; as it was sent when it is none."""
    try:
        return urljoin(base, address)
    except ValueError:
        return address
