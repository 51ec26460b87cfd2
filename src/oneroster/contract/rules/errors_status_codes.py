"""Error rules: status codes for unknown ids and paths, unsupported methods and malformed parameters."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from oauthlib.common import urldecode

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import NotOffered
from oneroster.contract.http.credentials import NoCredentials, OAuth1Credentials
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.incidents import is_server_error
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import (
    first_readable,
    nested,
    one_of_each_service,
    one_read_of_each_service,
    readable_path,
    reads,
)
from oneroster.contract.observation.provoked_errors import ExpectedErrors
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.errors_near_ids import near_ids_are_unknown
from oneroster_runtime.specification import Operation

T = TypeVar("T")
UNKNOWN_ID: Final = "oneroster-check-nowhere"
"""An id and a path segment that exist on no tenant."""
ODD_IDS: Final = {
    "with a quote": f"{UNKNOWN_ID}%27",
    "with an injected condition": f"{UNKNOWN_ID}%27%20OR%20%271%27%3D%271",
    "of 300 characters": UNKNOWN_ID + "x" * 280,
    "with a letter beyond ASCII": f"{UNKNOWN_ID}%C3%A9",
    "with a zero byte": f"{UNKNOWN_ID}%00",
    "with a line break": f"{UNKNOWN_ID}%0D%0A",
    "with a backslash": f"{UNKNOWN_ID}%5C",
    "that is no UTF-8": f"{UNKNOWN_ID}%C3%28",
    "with a malformed percent-encoding": f"{UNKNOWN_ID}%zz",
}
"""By what is odd: ids, as written in a path, that no tenant has, and that break careless queries and paths."""
MALFORMED_QUERIES: Final = (
    *("limit=-1", "limit=0", "limit=ten", "limit=", "limit=1.5", "limit=1e3", "limit=10abc", "limit=1&limit=2"),
    *("offset=-1", "offset=ten", "offset=", "offset=1.5", "offset=1e1", "offset=0&offset=1"),
    *("orderBy=sideways", "orderBy="),
)
"""Queries with a value that the parameter does not allow."""
NESTED_QUERIES: Final = ("limit=ten", "offset=-1", "limit=0", "limit=-1", "orderBy=sideways", "offset=ten", "limit=1.5")
"""Of these, those to try on nested collections in turn, which often have a handler of their own."""
HUGE_QUERIES: Final = ("limit=99999999999999999999", "offset=99999999999999999999")
"""Queries with a number that no integer type holds; a server may serve or reject them."""
ODD_QUERIES: Final = (
    *("filter=", "sort=", "filter=%20", "filter=status%3D%27%27", f"filter=status%3D%27{'x' * 1500}%27"),
    *("filter=status%3D%27%00%27", "filter=status%3D%27%C3%A9%27", "filter=status%3D%27%C3%28%27"),
    *("filter=status%3D%27%zz%27", "filter=status%3D%27%5C%27", "filter=%28status%3D%27active%27%29"),
    "filter=status%3D%27active%27&filter=status%3D%27active%27",
    *("fields=status.sourcedId", "fields=status&fields=sourcedId", "fields=status%27", "fields=%FF", "fields=,"),
    *("sort=status%27", "sort=status;--", "sort=%C3%28", "sort=status&sort=sourcedId", "sort=status&orderBy=%zz"),
    *("oneroster_check=1", "oneroster_check=%zz", "limit=%zz", "offset=%FF"),
    *("limit=%2B1", "limit=%201", "offset=+0", "sort=status&orderBy=DESC"),
)
"""Queries of which no source says what they return; only a server error is a violation."""
ODD_TURNS: Final = 10
MALFORMED_TURNS: Final = 2
"""Of the queries to try, the services after the first get one in so many, each service others."""
MOST_TRIES: Final = 5
CHANGED_SIGNS: Final = 6
"""Signs at the end of a known id that are exchanged to make one that no record has."""
MOST_ROWS: Final = 1000
"""Rows of the largest collection to test malformed limits on, because some servers read -1 as "all rows"."""


def share_of(items: Sequence[T], tenant: ObservedTenant, operation: Operation, turns: int) -> Sequence[T]:
    """Return the items to try on an operation: all in the first service, a part in each of the others in turn."""
    services = list(dict.fromkeys(each.tag for each in tenant.dialect.collections))
    number = services.index(operation.tag) if operation.tag in services else 0
    return items if number == 0 else items[number % turns :: turns]


def can_be_signed(tenant: ObservedTenant, query: str) -> bool:
    """Return whether the credentials of the tenant allow a query: OAuth 1.0a signs well-formed queries only."""
    if isinstance(tenant.gateway.target.access, OAuth1Credentials):
        try:
            urldecode(query)
        except ValueError:
            return False
    return True


def record_error(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> Exchange:
    """Keep the response to an invalid request for the rules on error payloads, and return it."""
    ExpectedErrors.of(tenant).add(operation, exchange)
    return exchange


@rule(
    "OR-ERR-01",
    family="errors",
    title="Reading an id that was never assigned returns 404",
    clause="6.1 404, reading a sourcedId that was never assigned [A]",
    example="GET /orgs/{unknown id} returns 200 with an empty object, or 500",
    fix="return 404 when no record of this kind has the id; a failed lookup must not raise an exception",
    stands_on=("status 404",),
    over=reads,
)
def unknown_id(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    path = encoded_path(operation.path, dict.fromkeys(path_parameters(operation), UNKNOWN_ID))
    exchange = record_error(tenant, operation, tenant.probe(path))
    if exchange.status != 404:
        level = None
        if exchange.status == 400:
            # The id has another form than those of some servers, which reject it as malformed.
            similar = _similar_id(tenant, operation)
            again = None if similar is None else tenant.probe(encoded_path(operation.path, similar))
            level, exchange = (None, again) if again is not None and again.status == 400 else (Level.SHOULD, exchange)
        yield exchange_finding(f"an unknown id returned HTTP {exchange.status} instead of 404", exchange, level)
    is_found = exchange.status < 300
    if operation in set(one_read_of_each_service(tenant)):
        # The record may be missing where its fields are selected; the rule on the whole run reports server errors.
        tenant.probe(path, "fields=sourcedId")
    what, text = _odd_id(tenant, operation)
    odd = tenant.probe(operation.path.replace(f"{{{path_parameters(operation)[0]}}}", text))
    # Some servers reject such an id as malformed; the rule on the whole run reports server errors.
    if odd.status < 300 and not is_found:
        yield exchange_finding(f"an unknown id {what} returned HTTP {odd.status}", odd)
    if not is_found:
        yield from near_ids_are_unknown(tenant, operation)


def _odd_id(tenant: ObservedTenant, operation: Operation) -> tuple[str, str]:
    """Return the odd id to try on a read, with what is odd: those of one service get one after the other."""
    of_service = [each for each in tenant.dialect.reads if each.tag == operation.tag]
    kinds = tuple(ODD_IDS.items())
    return kinds[of_service.index(operation) % len(kinds)]


def _similar_id(tenant: ObservedTenant, operation: Operation) -> dict[str, str] | None:
    """Return path values with an id that no record has, and that has the form of those of the tenant.

    Digits and letters of the end of a known id are exchanged with others of their kind, as a checksum may follow them.
    """
    whole = tenant.dialect.list_of(operation.operation_id)
    known = set(tenant.known_rows(whole)) if whole is not None and tenant.walks(whole) else set()
    for sourced_id in sorted(known):
        for seed in range(MOST_TRIES):
            changed = "".join(_exchanged(sign, seed + place) for place, sign in enumerate(sourced_id[-CHANGED_SIGNS:]))
            similar = sourced_id[:-CHANGED_SIGNS] + changed
            if similar not in known and similar != sourced_id:
                return dict.fromkeys(path_parameters(operation), similar)
    return None


def _exchanged(sign: str, by: int) -> str:
    """Return another digit or hexadecimal letter in place of one; other signs stay."""
    for alphabet in ("0123456789", "abcdef", "ABCDEF"):
        if sign in alphabet:
            return alphabet[(alphabet.index(sign) + 1 + by) % len(alphabet)]
    return sign


@rule(
    "OR-ERR-02",
    family="errors",
    title="An unknown path returns 404",
    clause="6.1 404, no resource behind the URI [A]",
    example="an unknown path below the base URL returns 200 and the start page of the product",
    fix="return 404 for unknown API paths; do not route them to the catch-all of a web front end",
    over=first_readable,
)
def unknown_path(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = record_error(tenant, operation, tenant.probe(f"/{UNKNOWN_ID}"))
    if exchange.status != 404:
        yield exchange_finding(f"an unknown path returned HTTP {exchange.status} instead of 404", exchange)
        return
    for read in reads(tenant):
        if read.subset is not None:
            continue
        below = tenant.probe(f"{readable_path(tenant, read)}/{UNKNOWN_ID}")
        if below.status < 300:
            yield exchange_finding(f"an unknown path below a record returned HTTP {below.status}", below)
            return


@rule(
    "OR-ERR-03",
    family="errors",
    title="An unsupported method is rejected",
    clause="RFC 9110, 15.5.6 status 405; not in the list of 6.1 [B]",
    example="TRACE on a collection returns 200",
    fix="return 405, and name the supported methods in the Allow header",
    over=first_readable,
)
def wrong_method(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # TRACE is safe, but a server that supports it echoes the request, so send no credentials.
    exchange = tenant.probe(readable_path(tenant, operation), method="TRACE", access=NoCredentials())
    if exchange.status in (401, 403):
        raise NotOffered(f"HTTP {exchange.status}: the server checks credentials before the method")
    record_error(tenant, operation, exchange)
    if exchange.status in (405, 501):
        if exchange.status == 405 and "Allow" not in exchange.headers:
            yield exchange_finding(
                "the 405 response has no Allow header with the supported methods", exchange, Level.OPEN
            )
    else:
        level = Level.OPEN if 400 <= exchange.status < 500 else None
        yield exchange_finding(f"the method TRACE returned HTTP {exchange.status} instead of 405", exchange, level)


def small_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """One collection of each service, if it is small enough to be returned whole."""
    known = one_of_each_service(tenant)
    return (operation for operation in known if len(tenant.walk(operation)) <= MOST_ROWS)


def malformed_elsewhere(tenant: ObservedTenant, operation: Operation) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield paths of every second nested collection of a service, each with one of the malformed queries in turn."""
    for number, other in enumerate(islice(nested(tenant), 0, None, 2)):
        if other.tag == operation.tag:
            yield readable_path(tenant, other), (NESTED_QUERIES[number % len(NESTED_QUERIES)],)


def malformed_responses(tenant: ObservedTenant, operation: Operation) -> dict[str, Exchange]:
    """Return the responses of a collection to malformed queries, by query; each is requested once."""
    path = readable_path(tenant, operation)
    prefix = f"GET {path}?"
    mine = {each.request: each for each in ExpectedErrors.of(tenant).all(operation)}
    return {
        query: mine.get(prefix + query) or record_error(tenant, operation, tenant.probe(path, query))
        for query in share_of((*MALFORMED_QUERIES, *HUGE_QUERIES), tenant, operation, MALFORMED_TURNS)
    }


@rule(
    "OR-ERR-04",
    family="errors",
    title="A malformed parameter causes no server error",
    clause="6.1 500 only for a catastrophe [A]",
    example="limit=ten or offset=-1 returns 500",
    fix="validate parameters before using them: an invalid number must not reach the database",
    stands_on=("status 500",),
    over=small_collections,
)
def malformed_without_server_error(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    path = readable_path(tenant, operation)
    for query in share_of(ODD_QUERIES, tenant, operation, ODD_TURNS):
        # A proxy may reject these with its own page; the rule on the whole run reports server errors.
        if can_be_signed(tenant, query):
            tenant.probe(path, query)
    for other, queries in malformed_elsewhere(tenant, operation):
        for query in queries:
            tenant.probe(other, query)
    answers = malformed_responses(tenant, operation)
    failed = {query: each for query, each in answers.items() if is_server_error(each.status)}
    if failed:
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.status for each in failed.values()}))
        message = f"{count_of(len(failed), 'malformed parameter')} returned {statuses}: {', '.join(failed)}"
        yield Finding(message, tuple(Evidence(each.request, curl=each.curl) for each in failed.values()))


@rule(
    "OR-ERR-05",
    family="errors",
    title="A malformed limit, offset or orderBy returns 400",
    clause="3.3 limit or offset not a number or negative, orderBy neither asc nor desc: not defined [C]",
    example="limit=-1 returns 200 and the usual page, or all records",
    fix="return 400 with codeMinor `invalid data`, as most servers do, so that the client notices its mistake",
    stands_on=("status 400",),
    over=small_collections,
)
def malformed_is_a_bad_request(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    answers = malformed_responses(tenant, operation)
    other = {
        query: each
        for query, each in answers.items()
        if query in MALFORMED_QUERIES and each.status != 400 and not is_server_error(each.status)
    }
    if other:
        statuses = ", ".join(f"{query} ({_received(tenant, operation, each)})" for query, each in other.items())
        message = f"malformed parameters did not return 400: {statuses}"
        yield exchange_finding(message, next(iter(other.values())))


def _received(tenant: ObservedTenant, operation: Operation, exchange: Exchange) -> str:
    """Return the status of a response, and whether it holds more rows than a page."""
    rows = len(tenant.parse(operation, exchange).rows)
    more = f", {rows} rows" if rows > operation.default_limit else ""
    whole = ", all rows" if not more and rows > 1 and rows == len(tenant.walk(operation)) else ""
    return f"HTTP {exchange.status}{more}{whole}"
