"""Access rules on credentials that are nearly right: all of them are as invalid as those that are all wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData, OtherAuthentication
from oneroster.contract.harm import Harm
from oneroster.contract.http.credentials import BearerToken, Credentials, OAuth2Credentials
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.target import required_scopes
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.invalid_credentials import require_oauth1
from oneroster.contract.observation.near_credentials import (
    NearToken,
    near_secrets,
    near_signatures,
    near_tokens,
    token_in_use,
)
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import REFUSED
from oneroster.contract.observation.operation_selectors import first_readable, readable, readable_path
from oneroster.contract.observation.provoked_errors import Refusals
from oneroster.contract.observation.token_endpoint import GRANT_TYPE, TokenEndpoint, Way, token_endpoint_of
from oneroster.contract.observation.whole_run import whole_run
from oneroster.contract.oracle.status_payload_parser import status_entries
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.access import (
    UNAUTHORIZED,
    NearAnswers,
    one_of_each_resource,
    request_with_credentials,
)
from oneroster.contract.rules.access_oauth2_tokens import DEMOGRAPHICS, granted_scope, scoped_collections, token_members
from oneroster.contract.rules.additions_status import is_meant_as_status_object
from oneroster_runtime.specification import Operation

QUERY: Final = "limit=1"
SUCCESS: Final = 200
MADE_UP: Final = "oneroster-check"
ANY_TOKEN: Final = ("OR-ACC-01", "OR-ACC-02", "OR-ACC-04", "OR-ACC-16")
"""The rules on tokens that are not valid."""
MOST_IN_A_ROW: Final = 2
"""Token requests of a client with wrong credentials without a right one between; OR-ACC-06 sends one more."""


def _ask(tenant: ObservedTenant, operation: Operation, access: Credentials) -> Exchange:
    query = QUERY if operation.many else ""
    exchange = tenant.probe(readable_path(tenant, operation), query, access=access)
    Refusals.of(tenant).add(operation, exchange)
    return exchange


def _received(exchange: Exchange) -> str:
    return "HTTP 200 with data" if exchange.status == 200 else f"HTTP {exchange.status}"


@rule(
    "OR-ACC-15",
    family="access",
    title="A successful token response contains a token that can be used",
    clause="7.4 token response: JSON with access_token, token_type, expires_in [A]",
    example="the token endpoint returns 200 without access_token, or an expires_in of 400 digits",
    fix="return a JSON object with access_token, token_type and a realistic expires_in, or a 4xx with an error code",
    stands_on=("token endpoint",),
    over=whole_run,
)
def usable_token(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    by_problem: dict[str, list[Exchange]] = {}
    for exchange, problem in tuple(tenant.gateway.incidents.token_problems):
        by_problem.setdefault(problem, []).append(exchange)
    for problem, known in by_problem.items():
        evidence = Evidence(known[0].request, count=len(known), curl=known[0].curl)
        yield Finding(f"a successful response of the token endpoint cannot be used: {problem}", (evidence,))
    if not isinstance(tenant.gateway.target.access, OAuth2Credentials):
        raise OtherAuthentication("OAuth 2 client credentials")


@rule(
    "OR-ACC-16",
    family="access",
    title="A token that is nearly right returns 401",
    clause="6.1 401 bad token [A]",
    example="the right token with one more character behind it, or in lower case, reads users",
    fix="compare the whole token, byte by byte; a collation of the database may ignore case and length",
    stands_on=("status 401",),
    over=first_readable,
)
def near_token(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # If the token of the run is no longer valid, the request gets a new one.
    tenant.probe(readable_path(tenant, operation), QUERY if operation.many else "")
    for access in near_tokens(tenant):
        exchange = _ask(tenant, operation, access)
        if exchange.status != 401:
            level = None if exchange.status == 200 else Level.SHOULD
            known = Refusals.of(tenant).with_status(operation, exchange.status)
            yield exchange_finding(f"the token {access.what} returned {_received(exchange)}", exchange, level, known)
    near = NearAnswers.of(tenant)
    answers = [near.answer(each) for each in one_of_each_resource(tenant)]
    for answer in (each for each in answers if each is not None and each.exchange.status != UNAUTHORIZED):
        wrong = tenant.gateway.target.access.invalid()
        if request_with_credentials(tenant, answer.operation, wrong).status != UNAUTHORIZED:
            # Any token is taken there.
            continue
        level = None if answer.exchange.status == SUCCESS else Level.SHOULD
        message = f"the token {answer.what} returned {_received(answer.exchange)}"
        finding = exchange_finding(message, answer.exchange, level)
        yield replace(finding, operation_id=answer.operation.operation_id)


@rule(
    "OR-ACC-22",
    family="access",
    harm=Harm.FORM,
    title="The scheme Bearer is accepted in lower case",
    clause="7.4 call; RFC 9110, 11.1, the scheme is case-insensitive [B]",
    example="`Authorization: bearer …` with the right token returns 401",
    fix="compare the scheme without regard to case, and the token byte by byte",
    over=first_readable,
)
def scheme_in_lower_case(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    access = NearToken(token_in_use(tenant), "of the scheme in lower case", scheme="bearer")
    exchange = tenant.probe(readable_path(tenant, operation), QUERY if operation.many else "", access=access)
    if exchange.status not in REFUSED:
        return
    # The token may have been replaced since.
    again = tenant.probe(readable_path(tenant, operation), QUERY if operation.many else "")
    if again.status == SUCCESS and token_in_use(tenant) == access.token:
        message = f"the right token returned HTTP {exchange.status} to the scheme 'bearer' in lower case"
        yield exchange_finding(message, exchange)


@rule(
    "OR-ACC-17",
    family="access",
    title="A client id or secret that is nearly right gets no token",
    clause="7.4 client authentication; RFC 6749, 5.2 [A]",
    example="the secret is compared by its first characters, or a request without a secret gets a token",
    fix="compare client id and secret in full, and return 401 (or 400) with the error `invalid_client`",
    stands_on=("token endpoint",),
    over=first_readable,
    needs=("OR-ACC-06",),
)
def near_secret(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    endpoint, scope = token_endpoint_of(tenant), granted_scope(tenant)
    for number, (what, send) in enumerate(_attempts(endpoint, scope), 1):
        exchange = send()
        if token_members(exchange) is not None:
            yield exchange_finding(f"the token endpoint granted a token for {what}", exchange)
        if number % MOST_IN_A_ROW == 0:
            # A valid request ends the count of a server that locks clients out.
            endpoint.request_token(scope)


def _attempts(endpoint: TokenEndpoint, scope: str) -> Iterator[tuple[str, Callable[[], Exchange]]]:
    """Yield token requests that must get no token, each with what is wrong with it."""

    def request(secret: str | None = None, client_id: str | None = None, way: Way | None = None) -> Exchange:
        return endpoint.ask(GRANT_TYPE, scope, secret, client_id=client_id, way=way)

    for text, what in near_secrets(endpoint.secret):
        yield f"a client secret {what}", partial(request, text)
    yield "the client id alone, without a secret", partial(request, way="id alone")
    for other in dict.fromkeys((endpoint.client_id + "x", endpoint.client_id.swapcase(), "")):
        if other != endpoint.client_id:
            yield "another client id with the right secret", partial(request, client_id=other)
    yield "an empty client id and secret", partial(request, "", "")
    yield "a request without client id and secret", partial(request, way="none")
    yield "a made-up client id and secret in the form", partial(request, MADE_UP, MADE_UP, "form")


@rule(
    "OR-ACC-18",
    family="access",
    title="A signature that is nearly right returns 401",
    clause="7.2 signing: method, URL, client id and secret; 6.1 401 bad signature [A]",
    example="a signature of another path, or of another client id, is accepted",
    fix="build the base string from the method and the URL as received, and look up the key by the client id",
    stands_on=("scheme oauth1", "status 401"),
    over=first_readable,
)
def near_signature(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for access in near_signatures(require_oauth1(tenant)):
        exchange = _ask(tenant, operation, access)
        if exchange.status != 401:
            level = {200: None, 400: Level.OPEN}.get(exchange.status, Level.SHOULD)
            known = Refusals.of(tenant).with_status(operation, exchange.status)
            yield exchange_finding(f"a signature {access.what} returned {_received(exchange)}", exchange, level, known)


def with_scopes(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every operation that needs a scope; OR-PRV-05 checks those of demographics."""
    return (each for each in readable(tenant) if each.oauth_scopes and each.tag != DEMOGRAPHICS)


@rule(
    "OR-ACC-19",
    family="access",
    title="Without its scope an operation returns 403",
    clause="7.4 scopes, what each gives [B]; 6.1 403 authenticated, but refused [A]",
    example="a token for roster-core.readonly lists the students of a class, which needs roster.readonly",
    fix="require for every operation the scopes of the standard, also when the token has all the others",
    stands_on=("scheme oauth2", "scopes", "status 403"),
    over=with_scopes,
    needs=("OR-ACC-11",),
)
def each_scope_missing(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    endpoint = token_endpoint_of(tenant)
    others = [scope for scope in required_scopes(tenant.standard.specification) if scope not in operation.oauth_scopes]
    if not others:
        raise NotEnoughData(0, 1, "scopes that the operation does not need")
    members = token_members(endpoint.grant(" ".join(others)))
    if members is None:
        raise ExplainedBy(("OR-ACC-15",), "the token endpoint grants no token for all other scopes")
    granted = members.get("scope")
    if isinstance(granted, str) and set(granted.split()) & set(operation.oauth_scopes):
        raise ExplainedBy(("OR-ACC-11",), "the token endpoint grants scopes that were not requested")
    exchange = _ask_with_scope(tenant, operation, " ".join(others), members)
    if 200 <= exchange.status < 300:
        open_to_all = _read_with_a_made_up_token(tenant, operation)
        if open_to_all is not None:
            text = f"{operation.operation_id} can be read with a token that was never issued"
            evidence = exchange_finding(text, open_to_all).evidence
            raise ExplainedBy(ANY_TOKEN, text, anywhere=True, otherwise=text, evidence=evidence)
        if _scopes_are_ignored(tenant, operation, others):
            one = next((each for each in scoped_collections(tenant) if each.tag == operation.tag), operation)
            text = f"{operation.operation_id} can be read with a token of any scope"
            evidence = exchange_finding(text, exchange).evidence
            raise ExplainedBy("OR-ACC-11", text, one.operation_id, otherwise=text, evidence=evidence)
        level = None if isinstance(granted, str) else Level.SHOULD
        yield exchange_finding(
            f"{operation.operation_id} can be read with every scope except {' and '.join(operation.oauth_scopes)}",
            exchange,
            level,
        )
    elif exchange.status != 403:
        yield exchange_finding(
            f"without its scope {operation.operation_id} returned HTTP {exchange.status} instead of 403",
            exchange,
            Level.SHOULD,
        )
    elif not any(each.code_major == "failure" for each in status_entries(exchange.payload)) and not (
        tenant.specification.specification.status_list is None and is_meant_as_status_object(exchange.payload)
    ):
        # A status object without the code major is the finding of another rule.
        message = "the 403 response contains no status payload that says failure"
        yield exchange_finding(message, exchange, Level.SHOULD)


def _ask_with_scope(tenant: ObservedTenant, operation: Operation, scope: str, members: dict[str, Any]) -> Exchange:
    """Return the response to a request with a token for a scope, which is renewed if it is no longer valid."""
    endpoint = token_endpoint_of(tenant)

    def read(*, renew: bool = False) -> Exchange:
        granted = (token_members(endpoint.grant(scope, renew=True)) if renew else None) or members
        return _ask(tenant, operation, BearerToken(granted["access_token"]))

    return endpoint.unless_invalid(read)


def _read_with_a_made_up_token(tenant: ObservedTenant, operation: Operation) -> Exchange | None:
    """Return the response to a request with a token that was never issued if it is a success; None otherwise."""
    exchange = _ask(tenant, operation, BearerToken(MADE_UP))
    return exchange if exchange.status // 100 == 2 else None


def _scopes_are_ignored(tenant: ObservedTenant, operation: Operation, others: list[str]) -> bool:
    """Return whether a token for one scope of another service can read an operation as well."""
    service = next(iter(operation.oauth_scopes)).rpartition("/")[2].partition("-")[0].partition(".")[0]
    foreign = next((scope for scope in reversed(others) if not scope.rpartition("/")[2].startswith(service)), None)
    members = token_members(token_endpoint_of(tenant).grant(foreign)) if foreign is not None else None
    if foreign is None or members is None:
        return False
    return _ask_with_scope(tenant, operation, foreign, members).status // 100 == 2
