"""HTTP rules: charset, HEAD and OPTIONS, caching, compression, content negotiation and redirects."""

import codecs
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from oneroster.contract.errors import KitError, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import UNREADABLE, Exchange, encoded_query
from oneroster.contract.http.incidents import is_server_error
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, exchange_finding, finding
from oneroster.contract.observation.observed_tenant import JSON, ObservedTenant
from oneroster.contract.observation.operation_selectors import (
    first_readable,
    first_usable_response,
    one_of_each_kind,
    one_of_each_service,
    readable,
    readable_path,
)
from oneroster.contract.observation.whole_run import whole_run
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

QUERY: Final = "limit=1"
OK: Final = 200
ANY_TYPE: Final = "*/*"
UTF_8: Final = frozenset({"utf-8", "utf8", "us-ascii"})
SUCCESS: Final = 200
METHOD_NOT_SUPPORTED: Final = frozenset({405, 501})
LOOKS: Final = 2
"""How often HEAD and GET are sent again before a difference counts."""
SHOWN_REQUESTS: Final = 3
"""Requests in the evidence of one finding."""
COMPARED_HEADERS: Final = ("Content-Type", "X-Total-Count", "Link")
"""Headers that a client reads from a HEAD response."""
_CHARSET: Final = re.compile(r";\s*charset=\"?([^\s;\"]+)", re.IGNORECASE)


@rule(
    "OR-HTP-01",
    family="http",
    title="JSON is sent in UTF-8 and declares no other charset",
    clause="1 encodings, UTF-8 [B]",
    example="Content-Type contains charset=ISO-8859-1, so clients misread every name with an accent",
    fix="send UTF-8, and omit the charset parameter: JSON has no other encoding",
    over=readable,
)
def utf_8(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for reading in tenant.readings(operation):
        declared = _CHARSET.search(reading.exchange.headers.get("Content-Type", ""))
        if declared is not None and declared[1].lower() not in UTF_8:
            yield finding("Content-Type declares a charset other than UTF-8", reading)
            return
        if reading.exchange.json is UNREADABLE and reading.exchange.payload is not UNREADABLE:
            marked = reading.exchange.body.startswith(codecs.BOM_UTF8)
            flaw = "begins with a byte order mark" if marked else "is JSON in bytes that are not UTF-8"
            yield finding(f"the body {flaw}", reading)
            return


@rule(
    "OR-HTP-02",
    family="http",
    title="HEAD returns the same status and headers as GET",
    clause="RFC 9110, 9.3.2 HEAD; 4 response headers [B]",
    example="HEAD on a collection returns 404, or omits the X-Total-Count that GET sends",
    fix="handle HEAD like GET, and omit the body",
    over=readable,
)
def head_like_get(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    path, known = readable_path(tenant, operation), first_usable_response(tenant, operation)
    # A page of one row links to the next one. The responses of other operations were received before.
    is_whole = operation.many and operation.scope is None and operation.subset is None
    query = QUERY if is_whole else encoded_query(known.query)
    by_head = tenant.probe(path, query, method="HEAD")
    if by_head.status in METHOD_NOT_SUPPORTED:
        yield exchange_finding(f"HEAD is not supported (HTTP {by_head.status})", by_head, Level.OPEN)
        return
    if is_server_error(by_head.status):
        # The rule on the whole run reports it.
        return
    by_get = tenant.ask(operation, {}, {"limit": 1}).exchange if is_whole else known.exchange
    for _ in range(LOOKS):
        if not any(_differences(by_head, by_get)):
            return
        # In a live tenant, totals and links may have changed since a response was received.
        by_get, by_head = tenant.probe(path, query), tenant.probe(path, query, method="HEAD")
    yield from (exchange_finding(each, by_head) for each in _differences(by_head, by_get))


def _differences(by_head: Exchange, by_get: Exchange) -> Iterator[str]:
    """Yield how the response to HEAD differs from the one to GET; the status decides whether headers matter."""
    if by_head.status != by_get.status:
        yield f"HEAD returned HTTP {by_head.status}, but GET returned HTTP {by_get.status}"
        return
    lost = [name for name in COMPARED_HEADERS if name in by_get.headers and name not in by_head.headers]
    if lost:
        yield f"HEAD omits the headers {', '.join(lost)}, which GET sends"
    if "Content-Type" in by_head.headers and by_head.media_type != by_get.media_type:
        yield "HEAD and GET returned different media types"
    totals = {each.headers.get("X-Total-Count") for each in (by_get, by_head) if "X-Total-Count" in each.headers}
    if len(totals) > 1:
        yield "HEAD and GET returned different values of X-Total-Count"


@rule(
    "OR-HTP-03",
    family="http",
    title="OPTIONS names the supported methods",
    clause="RFC 9110, 9.3.7 OPTIONS; OneRoster does not mention it [B]",
    example="OPTIONS on a collection returns 500, or 200 without an Allow header",
    fix="return 204 with `Allow: GET, HEAD, OPTIONS`, or return 405",
    over=one_of_each_kind,
)
def options_name_methods(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = tenant.probe(readable_path(tenant, operation), method="OPTIONS")
    if is_server_error(exchange.status):
        # The rule on the whole run reports it.
        return
    if exchange.status >= 300:
        yield exchange_finding(f"OPTIONS is not supported (HTTP {exchange.status})", exchange, Level.OPEN)
    else:
        named = ",".join(exchange.headers.get(name, "") for name in ("Allow", "Access-Control-Allow-Methods"))
        if "GET" not in {name.strip().upper() for name in named.split(",")}:
            yield exchange_finding(f"OPTIONS returned HTTP {exchange.status}, but no header names GET", exchange)


def with_personal_data(tenant: ObservedTenant) -> Iterator[Operation]:
    """The operations whose records contain personal data."""
    return (each for each in readable(tenant) if _is_personal(tenant, each))


def _is_personal(tenant: ObservedTenant, operation: Operation) -> bool:
    known = tenant.properties(operation.element).values()
    # Every element has metadata, which is personal only because vendors may put anything there.
    return any(each.personal and each.name != "metadata" for each in known)


@rule(
    "OR-HTP-04",
    family="http",
    harm=Harm.PRIVACY,
    title="Shared caches are not allowed to store personal data",
    clause="RFC 9111, 3.5 responses to authenticated requests; 7.1 security [B]",
    example="users are sent with `Cache-Control: public, max-age=3600`",
    fix="send `Cache-Control: no-store` (or `private`) with all personal data",
    over=with_personal_data,
)
def not_shared(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    good = [reading for reading in tenant.readings(operation) if reading.exchange.status == 200]
    shared = [reading for reading in good if allows_sharing(reading.exchange)]
    if shared:
        message = f"Cache-Control allows shared caches to store {len(shared)} of {count_of(len(good), 'response')}"
        yield finding(message, shared[0])


def allows_sharing(exchange: Exchange) -> bool:
    """Return whether a shared cache may store the response although the request was authenticated."""
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
    title="Responses are compressed only if the request accepts it",
    clause="RFC 9110, 12.5.3 Accept-Encoding; 1 encodings [B]",
    example="the response is gzip although the request has `Accept-Encoding: identity`",
    fix="compress only if the request accepts gzip, and name the compression in Content-Encoding",
    over=one_of_each_service,
)
def compressed_when_accepted(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = tenant.probe(readable_path(tenant, operation), "limit=100", headers={"Accept-Encoding": "identity"})
    if exchange.status >= 300:
        yield exchange_finding(f"a request with 'Accept-Encoding: identity' returned HTTP {exchange.status}", exchange)
    elif exchange.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        yield exchange_finding(
            "the response is compressed although the request has 'Accept-Encoding: identity'", exchange
        )
    elif exchange.payload is UNREADABLE:
        yield exchange_finding("the response to a request with 'Accept-Encoding: identity' is not JSON", exchange)


@rule(
    "OR-HTP-06",
    family="http",
    title="Data is never returned in another format than JSON",
    clause="1 encodings, JSON; RFC 9110, 12.5.1 Accept [B]",
    example="`Accept: text/html`, which browsers send, returns 200 and an HTML page",
    fix="return JSON for every Accept header, or 406",
    over=one_of_each_service,
)
def json_or_nothing(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for accepted in ("text/html", ANY_TYPE):
        exchange = tenant.probe(readable_path(tenant, operation), QUERY, headers={"Accept": accepted})
        if accepted == ANY_TYPE and exchange.status == OK and exchange.media_type != JSON:
            # Of a client that takes anything, the standard asks no less than of others: OR-ENV-07 reports it.
            tenant.odd_media_types.setdefault(operation.operation_id, exchange.request)
        elif exchange.status < 300 and exchange.payload is UNREADABLE:
            yield exchange_finding(
                f"a request with 'Accept: {accepted}' returned HTTP {exchange.status} with a body that is not JSON",
                exchange,
            )
        elif exchange.status >= 300 and (accepted, exchange.status) != ("text/html", 406):
            yield exchange_finding(f"a request with 'Accept: {accepted}' returned HTTP {exchange.status}", exchange)


@rule(
    "OR-HTP-07",
    family="http",
    harm=Harm.ACCESS,
    title="A redirect stays on the origin of the tenant",
    clause="1 transport; RFC 9110, 10.2.2 Location [B]",
    example="a trailing slash returns a 301 to http://, or to an internal host name",
    fix="build Location from the public URL, or relative to the request; better, return 404",
    over=first_readable,
)
def redirect_stays(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = tenant.probe(readable_path(tenant, operation) + "/", QUERY)
    if not 300 <= exchange.status < 400:
        raise NotOffered(f"no redirect: a trailing slash returned HTTP {exchange.status}")
    address = exchange.headers.get("Location")
    if not address:
        yield exchange_finding(f"the HTTP {exchange.status} response has no Location header", exchange)
    elif not tenant.gateway.is_own(absolute_url(exchange.url, address)):
        yield exchange_finding(
            "Location points to another origin, where a client must not send its credentials", exchange
        )


def absolute_url(base: str, address: str) -> str:
    """Return an absolute URL for a possibly relative one, or the text unchanged if it is not a URL."""
    try:
        return urljoin(base, address)
    except ValueError:
        return address


@rule(
    "OR-HTP-08",
    family="http",
    title="Every response is as long and as encoded as its headers say",
    clause="1 responses are JSON; RFC 9112, 6.3 body length; RFC 9110, 8.4 Content-Encoding [A]",
    example="Content-Length is 512 and the body has 300 bytes, or Content-Encoding is gzip and the body is not",
    fix="let the web server set Content-Length and Content-Encoding, after the body is final",
    over=whole_run,
)
def as_declared(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    by_problem: dict[str, list[str]] = {}
    for each in tuple(tenant.gateway.incidents.broken):
        by_problem.setdefault(each.problem, []).append(each.request)
    for problem, requests in by_problem.items():
        evidence = tuple(Evidence(request=request, count=len(requests)) for request in requests[:SHOWN_REQUESTS])
        yield Finding(f"{problem}: {count_of(len(requests), 'request')}", evidence)
    lost = list(dict.fromkeys(tenant.gateway.incidents.lost))
    if lost and _is_up(tenant):
        # A firewall may close connections as well, so this is not a must.
        evidence = tuple(Evidence(request=request, count=len(lost)) for request in lost[:SHOWN_REQUESTS])
        text = f"the connection is closed without a response, each time: {count_of(len(lost), 'request')}"
        yield Finding(text, evidence, level=Level.SHOULD, uncertain="connections that a firewall may have closed")


def _is_up(tenant: ObservedTenant) -> bool:
    """Return whether the tenant answers a request that it answered before."""
    operation = next(iter(readable(tenant)), None)
    if operation is None:
        return False
    try:
        return tenant.probe(readable_path(tenant, operation), QUERY if operation.many else "").status == SUCCESS
    except KitError:
        return False
