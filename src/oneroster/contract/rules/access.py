"""Access rules: requests without valid credentials get a 401 response in the documented form."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

import httpx

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import ExplainedBy, OtherAuthentication
from oneroster.contract.harm import Harm
from oneroster.contract.http.credentials import Credentials, NoCredentials
from oneroster.contract.http.exchange import Exchange, encoded_path, encoded_query
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.invalid_credentials import RawAuthorization
from oneroster.contract.observation.near_credentials import NearToken, near_tokens
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import readable, readable_path
from oneroster.contract.observation.provoked_errors import Refusals
from oneroster.contract.oracle.status_payload_parser import has_status_form, status_entries, status_form
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

MALFORMED_HEADERS: Final = (
    *("Bearer", "OAuth", "Basic Og==", "Bearer null", "Bearer undefined", "Bearer x' OR '1'='1"),
    # An unsigned JSON Web Token, `{"alg":"none"}` and `{"sub":"1"}`.
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    "Basic b25lcm9zdGVyOmNoZWNr",
    "Token oneroster-check",
    'OAuth oauth_consumer_key="oneroster-check", oauth_signature="x"',
)
"""Authorization headers that contain no usable credentials."""

SCHEMES: Final = frozenset({"bearer", "oauth"})
"""The schemes of the standard, in lower case."""
JSON: Final = "application/json"
UNAUTHORIZED: Final = 401
FIRST_ERROR: Final = 300
"""The first status that has no data: a redirect may lead to a page to sign in."""
UNKNOWN_ID: Final = "oneroster-check-nowhere"
"""An id that exists on no tenant."""

TRUSTED_HEADERS: Final = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "X-Forwarded-For": "127.0.0.1",
    "X-Real-IP": "127.0.0.1",
    "X-Requested-With": "XMLHttpRequest",
    "X-API-Key": "oneroster-check",
    "X-Forwarded-User": "admin",
    "Remote-User": "admin",
    "Cookie": "session=oneroster-check",
}
"""Headers that some servers trust in place of credentials: those of a browser, and of a request from inside.

The origin of the tenant is sent as Origin and Referer, too.
"""
EVERY_PARAMETER: Final = (
    "limit=1&offset=1&sort=sourcedId&orderBy=asc&filter=status%3D%27active%27&fields=sourcedId"
    "&access_token=oneroster-check"
)
"""A query with every parameter, and with a token that was never issued."""
SINGLE_PARAMETERS: Final = ("fields=sourcedId", "filter=status%3D%27active%27", "limit=1")
"""Queries for the collections after the first: what looks harmless may pass unchecked."""
NAMES: Final = {EVERY_PARAMETER: "every parameter of the standard"} | {
    query: f"the parameter {query.partition('=')[0]} alone" for query in SINGLE_PARAMETERS
}


def request_with_credentials(
    tenant: ObservedTenant, operation: Operation, access: Credentials, headers: Mapping[str, str] | None = None
) -> Exchange:
    """Repeat a request that succeeded before, with other credentials.

    Raises ``NotJudged`` when the run itself uses no credentials, because then a request without them is valid.
    """
    if isinstance(tenant.gateway.target.access, NoCredentials):
        raise OtherAuthentication("credentials, so a request without them is valid")
    # The very request that was answered before: a cache in front of the server may answer it to anyone.
    usable = (reading for reading in tenant.readings(operation) if reading.problem is None)
    known = min(usable, key=lambda reading: len(reading.exchange.body))
    path = encoded_path(operation.path, known.values)
    return tenant.probe(path, encoded_query(known.query), headers=headers, access=access)


def expect_401(
    tenant: ObservedTenant, operation: Operation, access: Credentials, who: str, rule_id: str
) -> Iterator[Finding]:
    """Yield a finding unless a request with these credentials, sent for a rule, returns 401."""
    exchange = request_with_credentials(tenant, operation, access)
    earlier = Refusals.of(tenant).with_status(operation, exchange.status)
    Refusals.of(tenant).note(rule_id, operation, exchange)
    if exchange.status != 401:
        received = "HTTP 200 with data" if exchange.status == 200 else f"HTTP {exchange.status}"
        message = f"a request {who} returned {received} instead of 401"
        yield exchange_finding(message, exchange, symptom_of=earlier)
    elif _data_in(exchange, operation):
        yield exchange_finding(f"a request {who} returned HTTP 401 with the data in its body", exchange)


def _data_in(exchange: Exchange, operation: Operation) -> bool:
    """Return whether a response holds rows or a record under the wrapper of an operation."""
    return isinstance(exchange.payload, dict) and bool(exchange.payload.get(operation.wrapper or ""))


def unknown_path(operation: Operation) -> str:
    """Return the path of a single read with an id that no record has."""
    return encoded_path(operation.path, dict.fromkeys(path_parameters(operation), UNKNOWN_ID))


def exchange_is_early(exchange: Exchange) -> bool:
    """Return whether a response tells those without credentials that an id is unknown."""
    return exchange.status in (200, 404)


@rule(
    "OR-ACC-01",
    family="access",
    title="A request without credentials returns 401",
    clause="6.1 401 [A]",
    example="GET /users without an Authorization header returns 200",
    fix="check the credentials before anything else, on every path",
    stands_on=("status 401",),
    over=readable,
)
def without_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    base = tenant.gateway.target.base_url
    headers = TRUSTED_HEADERS | {"Origin": str(httpx.URL(base).join("/")).rstrip("/"), "Referer": base}
    query = _other_query(tenant, operation)
    if query is None:
        trusted = request_with_credentials(tenant, operation, NoCredentials(), headers)
    else:
        trusted = tenant.probe(readable_path(tenant, operation), query, headers=headers, access=NoCredentials())
    if trusted.status == UNAUTHORIZED and not _data_in(trusted, operation):
        Refusals.of(tenant).note("OR-ACC-01", operation, trusted)
    else:
        found = list(expect_401(tenant, operation, NoCredentials(), "without credentials", "OR-ACC-01"))
        yield from found
        # A firewall may refuse such headers.
        if trusted.status < FIRST_ERROR and not found:
            what = "the headers of a browser" + (f" and {NAMES[query]}" if query is not None else "")
            message = f"a request with {what} without credentials"
            yield exchange_finding(f"{message} returned HTTP {trusted.status} instead of 401", trusted)
    if operation in set(sampled_operations(tenant)):
        path = readable_path(tenant, operation)
        known = Refusals.of(tenant).with_status(operation, 200)
        attempts = {"a HEAD request": tenant.probe(path, method="HEAD", access=NoCredentials())}
        if not operation.many:
            unknown = tenant.probe(unknown_path(operation), access=NoCredentials())
            if exchange_is_early(unknown):
                message = f"an unknown id without credentials returned HTTP {unknown.status} instead of 401"
                yield exchange_finding(message, unknown, Level.SHOULD, known)
        if operation.many:
            collections = [each for each in sampled_operations(tenant) if each.many]
            number = collections.index(operation)
            query = (EVERY_PARAMETER, *SINGLE_PARAMETERS)[number % (len(SINGLE_PARAMETERS) + 1)]
            attempts[f"a request with {NAMES[query]}"] = tenant.probe(path, query, access=NoCredentials())
        for what, exchange in attempts.items():
            if exchange.status < 300 and not known:
                message = f"{what} without credentials returned HTTP {exchange.status} instead of 401"
                yield exchange_finding(message, exchange)


def _other_query(tenant: ObservedTenant, operation: Operation) -> str | None:
    """Return the query with which a collection is asked without credentials; None for the one that was answered before.

    Some handlers check credentials only where there is no query. What is not sampled gets one query in turn.
    """
    if not operation.many or isinstance(tenant.gateway.target.access, NoCredentials):
        return None
    collections = [each.operation_id for each in readable(tenant) if each.many]
    sampled = {each.operation_id for each in sampled_operations(tenant)}
    turns = (EVERY_PARAMETER, None, *SINGLE_PARAMETERS)
    is_sampled = operation.operation_id in sampled or operation.operation_id not in collections
    return None if is_sampled else turns[collections.index(operation.operation_id) % len(turns)]


def sampled_operations(tenant: ObservedTenant) -> Iterator[Operation]:
    """One collection and one single read of each service.

    Servers check credentials in one place per service, so these stand for all other operations.
    """
    seen: set[tuple[str, bool]] = set()
    for operation in readable(tenant):
        kind = (operation.tag, operation.many)
        if kind not in seen:
            seen.add(kind)
            yield operation


def one_of_each_resource(tenant: ObservedTenant) -> Iterator[Operation]:
    """One collection for each first segment of a path, the sampled operations, and a nested collection of each service.

    Servers often have a handler for each of these segments, and some check in it whether there are credentials.
    """
    segments: dict[str, Operation] = {}
    for operation in readable(tenant):
        if operation.many:
            is_nested = operation.scope is not None
            segments.setdefault(f"nested {operation.tag}" if is_nested else operation.path, operation)
    return iter(dict.fromkeys((*sampled_operations(tenant), *segments.values())))


class NearAnswer(NamedTuple):
    """The response of an operation to a token that is nearly right."""

    operation: Operation
    what: str
    exchange: Exchange


class NearAnswers:
    """The responses of operations to tokens that are nearly right, one for each, another one in turn for each service.

    Each is requested once. The first operation has none: OR-ACC-16 tries every such token on it.
    """

    def __init__(self, tenant: ObservedTenant) -> None:
        self._tenant = tenant
        self._answers: dict[str, NearAnswer] = {}
        try:
            tokens = near_tokens(tenant)
        except OtherAuthentication:
            tokens = []
        self._tokens: dict[str, NearToken] = {}
        turns: Counter[str] = Counter()
        for operation in islice(one_of_each_resource(tenant), 1, None):
            if tokens and operation.scope is not None:
                # One longer token passes every comparison of beginnings.
                self._tokens[operation.operation_id] = tokens[0]
            elif tokens:
                self._tokens[operation.operation_id] = tokens[turns[operation.tag] % len(tokens)]
                turns[operation.tag] += 1

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "NearAnswers":
        """Return those of a tenant."""
        return tenant.memo(cls, lambda: cls(tenant))

    def answer(self, operation: Operation) -> NearAnswer | None:
        """Return the response of an operation; None if no such token is sent to it."""
        token = self._tokens.get(operation.operation_id)
        if token is not None and operation.operation_id not in self._answers:
            exchange = request_with_credentials(self._tenant, operation, token)
            self._answers[operation.operation_id] = NearAnswer(operation, token.what, exchange)
        return self._answers.get(operation.operation_id)


@rule(
    "OR-ACC-02",
    family="access",
    title="A request with wrong credentials returns 401",
    clause="6.1 401 [A]",
    example="GET /users with a token that was never issued returns 200",
    fix="look up the token, or verify the signature, on every request",
    stands_on=("status 401",),
    over=one_of_each_resource,
)
def wrong_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    near = NearAnswers.of(tenant).answer(operation)
    if near is not None and near.exchange.status == UNAUTHORIZED:
        # What is nearly right is wrong as well.
        Refusals.of(tenant).note("OR-ACC-02", operation, near.exchange)
        if _data_in(near.exchange, operation):
            text = "a request with wrong credentials returned HTTP 401 with the data in its body"
            yield exchange_finding(text, near.exchange)
        return
    invalid = tenant.gateway.target.access.invalid()
    yield from expect_401(tenant, operation, invalid, "with wrong credentials", "OR-ACC-02")


@rule(
    "OR-ACC-03",
    family="access",
    harm=Harm.FORM,
    title="A 401 response contains a status payload",
    clause="6.2 error payload, recommended [B]",
    example="the 401 response has an empty or an HTML body",
    fix="send the status payload with codeMajor, severity and codeMinor, as JSON",
    stands_on=("status 401",),
    over=readable,
)
def refusal_payload(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    mine = Refusals.of(tenant).unauthorized(operation)
    if not mine:
        raise ExplainedBy(("OR-ACC-01", "OR-ACC-02"), "no 401 response was received")
    for exchange in mine:
        if not status_entries(exchange.payload):
            yield exchange_finding(
                "the 401 response contains no status payload (codeMajor, severity, codeMinor)", exchange
            )
            return
        if exchange.media_type != JSON:
            yield exchange_finding(f"the media type of the 401 response is not {JSON}", exchange)
            return
        if not has_status_form(tenant.standard.specification, exchange.payload):
            yield exchange_finding(
                f"the status payload of the 401 response is not {status_form(tenant.standard.specification)}",
                exchange,
                Level.OPEN,
            )
            return


def sampled_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """One collection of each service."""
    return (operation for operation in sampled_operations(tenant) if operation.many)


@rule(
    "OR-ACC-04",
    family="access",
    title="A request with malformed credentials returns 401",
    clause="6.1 401 not authenticated [A]",
    example="`Authorization: Bearer` without a token is accepted",
    fix="treat a header that cannot be parsed as missing credentials; never skip the check because parsing failed",
    stands_on=("status 401",),
    over=sampled_collections,
)
def malformed_credentials(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    is_first = operation == next(sampled_collections(tenant))
    # Most servers parse credentials in one place, so later services get every other header.
    headers = MALFORMED_HEADERS if is_first else MALFORMED_HEADERS[len(operation.tag) % 2 :: 2]
    # Each on another collection of the service, nested ones too, as some have a handler of their own.
    others = [each for each in readable(tenant) if each.tag == operation.tag and each.many]
    for number, value in enumerate(headers):
        other = others[number * max(len(others) // len(headers), 1) % len(others)]
        exchange = request_with_credentials(tenant, other, RawAuthorization(value))
        Refusals.of(tenant).add(other, exchange)
        if exchange.status != 401:
            received = "HTTP 200 with data" if exchange.status == 200 else f"HTTP {exchange.status}"
            # RFC 6750 and some OAuth 1 servers treat malformed credentials as a bad request (400).
            level = {200: None, 400: Level.OPEN}.get(exchange.status, Level.SHOULD)
            message = f"a request with the malformed header 'Authorization: {value}' returned {received} instead of 401"
            known = Refusals.of(tenant).with_status(other, exchange.status)
            yield replace(exchange_finding(message, exchange, level, known), operation_id=other.operation_id)
            return


@rule(
    "OR-ACC-05",
    family="access",
    harm=Harm.FORM,
    title="A 401 response names the authentication scheme",
    clause="6.1 401; RFC 9110, 15.5.2 WWW-Authenticate [B]",
    example="the 401 response has no WWW-Authenticate header",
    fix="send `WWW-Authenticate: Bearer` (OAuth 2) or `WWW-Authenticate: OAuth` (OAuth 1.0a) with every 401",
    stands_on=("status 401",),
    over=readable,
)
def challenge(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    mine = Refusals.of(tenant).unauthorized(operation)
    if not mine:
        raise ExplainedBy(("OR-ACC-01", "OR-ACC-02"), "no 401 response was received")
    foreign = [exchange for exchange in mine if not SCHEMES & set(_challenges(exchange))]
    silent = [exchange for exchange in foreign if not _challenges(exchange)]
    if foreign and not silent:
        yield exchange_finding(
            "the WWW-Authenticate header of a 401 response names neither Bearer nor OAuth", foreign[0]
        )
    if silent:
        yield exchange_finding(
            f"{len(silent)} of {len(mine)} responses with HTTP 401 have no WWW-Authenticate header", silent[0]
        )


def _challenges(exchange: Exchange) -> list[str]:
    """Return the words of a WWW-Authenticate header that may be schemes, in lower case."""
    return [word.strip(",").lower() for word in exchange.headers.get("WWW-Authenticate", "").split()]
