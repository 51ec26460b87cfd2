"""Access rules for OAuth 2: the token endpoint, and the expiry and scope of its tokens."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy, NotOffered, Refused
from oneroster.contract.harm import Harm
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.incidents import LONGEST_LIFETIME
from oneroster.contract.http.target import required_scopes
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import first_readable, one_of_each_kind, readable_path
from oneroster.contract.observation.provoked_errors import Refusals
from oneroster.contract.observation.token_endpoint import GRANT_TYPE, error_code, token_endpoint_of
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.access import sampled_collections
from oneroster_runtime.specification import Operation

LONGEST_WAIT: Final = 10.0
"""Seconds; the kit does not wait for a token with a longer lifetime to expire."""
EXPIRY_MARGIN: Final = 0.5
"""Seconds to wait after the expiry of a token before using it again."""
DEMOGRAPHICS: Final = "demographics"
JSON: Final = "application/json"
UNKNOWN_GRANT: Final = f"{GRANT_TYPE}_oneroster_check"
UNKNOWN_SCOPE: Final = "https://purl.imsglobal.org/spec/or/v1p0/scope/oneroster-check.readonly"
SERVER_ERROR: Final = 500
OTHER_GRANTS: Final = {
    "a request without grant_type": None,
    "an empty grant_type": "",
    "the grant type password": "password",
}
"""By what is odd: grant types of requests that get no token, from a client that is known."""
A_TIME_NOT_A_LIFETIME: Final = 30 * 365 * 86_400
"""Seconds; since 1970, so many passed long ago."""


def token_members(exchange: Exchange) -> dict[str, Any] | None:
    """Return the members of a response that contains a token, or None if it contains none."""
    members = exchange.json if exchange.status == 200 else None
    return members if isinstance(members, dict) and isinstance(members.get("access_token"), str) else None


def granted_scope(tenant: ObservedTenant) -> str:
    """Return the scope for which the token endpoint grants a token: that of the run, a part of it, or none.

    Raises ``NotJudged`` when the token endpoint grants no token.
    """
    endpoint = token_endpoint_of(tenant)
    for scope in endpoint.scopes:
        if token_members(endpoint.grant(scope)) is not None:
            return scope
    raise Refused("the token endpoint grants no token")


def successful_token_response(tenant: ObservedTenant) -> Exchange:
    """Return the response to the token request that is granted; see `granted_scope`."""
    return token_endpoint_of(tenant).grant(granted_scope(tenant))


def _is_number(value: object) -> bool:
    """Return whether a text is a number, as some servers send it."""
    try:
        return isinstance(value, str) and float(value) > 0
    except ValueError:
        return False


def expect_no_token(exchange: Exchange, what: str, code: str) -> Iterator[Finding]:
    """Yield a finding unless the token endpoint rejected the request with the error code of RFC 6749."""
    if token_members(exchange) is not None:
        yield exchange_finding(f"the token endpoint granted a token for {what}", exchange)
    elif exchange.status not in (400, 401):
        yield exchange_finding(
            f"the token endpoint returned HTTP {exchange.status} for {what} instead of 400 or 401",
            exchange,
            Level.SHOULD,
        )
    elif error_code(exchange) != code:
        yield exchange_finding(
            f"the token endpoint rejected {what} without the error code '{code}'", exchange, Level.SHOULD
        )


def expect_no_crash(
    tenant: ObservedTenant, grant_type: str | None, scope: str, exchange: Exchange, what: str
) -> Iterator[Finding]:
    """Yield a finding if a token request was answered with 500, and is so again."""
    if exchange.status != SERVER_ERROR or token_endpoint_of(tenant).ask(grant_type, scope).status != SERVER_ERROR:
        return
    tenant.gateway.incidents.add_repeated_server_error(exchange.request)
    yield exchange_finding(f"the token endpoint returned HTTP {SERVER_ERROR} for {what}", exchange)


@rule(
    "OR-ACC-06",
    family="access",
    title="A wrong client secret gets no token",
    clause="7.4 client authentication; RFC 6749, 5.2 [A]",
    example="the token endpoint checks only the client id",
    fix="compare the secret, and return 401 (or 400) with the error `invalid_client`",
    stands_on=("token endpoint",),
    over=first_readable,
)
def wrong_secret(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    # The request differs from one that is granted in the secret alone.
    scope = granted_scope(tenant)
    endpoint, wrong = token_endpoint_of(tenant), secrets.token_urlsafe(24)
    exchange = endpoint.ask("client_credentials", scope, wrong)
    if found := list(expect_no_token(exchange, "a wrong client secret", "invalid_client")):
        yield from found
        return
    for problem in _problems_of_refusal(exchange, wrong, by_header=endpoint.takes_basic):
        yield exchange_finding(f"the response to a wrong client secret {problem}", exchange, Level.SHOULD)


def _problems_of_refusal(exchange: Exchange, secret: str, *, by_header: bool) -> Iterator[str]:
    """Yield what else is wrong with the response of the token endpoint to a wrong secret (RFC 6749, 5.2)."""
    if exchange.media_type != JSON:
        yield f"does not have the media type {JSON}"
    if exchange.status == 401 and by_header and not exchange.headers.get("WWW-Authenticate", "").strip():
        yield "has no WWW-Authenticate header"
    if secret.encode() in exchange.body:
        yield "repeats the secret"


@rule(
    "OR-ACC-07",
    family="access",
    title="An unknown grant type gets no token, and an unknown scope no server error",
    clause="7.4 grant; 6.1 500 only for a catastrophe; RFC 6749, 5.2 [A]",
    example="the token endpoint grants a token for any grant_type, or without one",
    fix="return 400 with the error `unsupported_grant_type`",
    stands_on=("token endpoint",),
    over=first_readable,
)
def unknown_grant(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    # Each request differs from one that is granted in the grant type alone, or the scope.
    endpoint, scope = token_endpoint_of(tenant), granted_scope(tenant)
    exchange = endpoint.ask(UNKNOWN_GRANT, scope)
    yield from expect_no_token(exchange, "an unknown grant type", "unsupported_grant_type")
    for what, grant_type in OTHER_GRANTS.items():
        other = endpoint.ask(grant_type, scope)
        if token_members(other) is not None and token_members(exchange) is None:
            yield exchange_finding(f"the token endpoint granted a token for {what}", other)
        yield from expect_no_crash(tenant, grant_type, scope, other, what)
    # Whether a server ignores a scope that it does not know is its choice; it must not fail.
    odd = endpoint.ask(GRANT_TYPE, UNKNOWN_SCOPE)
    yield from expect_no_crash(tenant, GRANT_TYPE, UNKNOWN_SCOPE, odd, "an unknown scope")


@rule(
    "OR-ACC-08",
    family="access",
    harm=Harm.FORM,
    title="A token response is JSON with the token type bearer, the lifetime and the scopes",
    clause="7.4 token response: JSON with access_token, token_type, expires_in, scope [A]",
    example="the token response contains an access_token and nothing else, or its scope is an array",
    fix="send token_type `bearer`, expires_in as a number of seconds, and scope as one string, as application/json",
    stands_on=("token endpoint",),
    over=first_readable,
)
def token_answer(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    exchange = successful_token_response(tenant)
    members = token_members(exchange) or {}
    kind = members.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        yield exchange_finding(f"token_type is {'missing' if kind is None else 'not bearer'}", exchange)
    if exchange.media_type != JSON:
        yield exchange_finding(f"the media type of the token response is not {JSON}", exchange)
    for problem, level in (*_lifetime_problems(members), *_scope_problems(members, granted_scope(tenant))):
        yield exchange_finding(problem, exchange, level)
    if "refresh_token" in members:
        yield exchange_finding(
            "the response has a refresh_token, which this grant does not have", exchange, Level.SHOULD
        )
    if token_endpoint_of(tenant).secret.encode() in exchange.body:
        yield exchange_finding("the response repeats the client secret", exchange, Level.SHOULD)


def _lifetime_problems(members: dict[str, Any]) -> Iterator[tuple[str, Level | None]]:
    """Yield what is wrong with expires_in, each with the level if it is not that of the rule."""
    seconds = members.get("expires_in")
    if seconds is None:
        yield "expires_in is missing, so clients notice an expired token only by a 401", Level.SHOULD
    elif _is_number(seconds):
        yield "expires_in is a string instead of a number", Level.SHOULD
    elif isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        yield "expires_in is not a positive number of seconds", None
    elif A_TIME_NOT_A_LIFETIME < seconds <= LONGEST_LIFETIME:
        yield "expires_in is longer than 30 years, as if it were a point in time", Level.SHOULD


def _scope_problems(members: dict[str, Any], requested: str) -> Iterator[tuple[str, Level | None]]:
    """Yield what is wrong with the scope in a token response, each with the level if it is not that of the rule."""
    scope = members.get("scope")
    if scope is not None and not isinstance(scope, str):
        yield "scope is not a string with scopes separated by blanks", None
    elif scope is not None and "," in scope:
        yield "the scopes are separated by commas instead of blanks", None
    elif scope is not None and requested and not set(requested.split()) & set(scope.split()):
        yield "the response names none of the requested scopes", Level.SHOULD


@rule(
    "OR-ACC-09",
    family="access",
    title="A token response forbids caching",
    clause="7.4 token response; RFC 6749, 5.1 Cache-Control [B]",
    example="the token is sent without Cache-Control, or with max-age",
    fix="send `Cache-Control: no-store` with every response of the token endpoint",
    stands_on=("token endpoint",),
    over=first_readable,
)
def token_not_stored(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    exchange = successful_token_response(tenant)
    if "no-store" not in exchange.headers.get("Cache-Control", "").lower():
        yield exchange_finding("the token response has no header 'Cache-Control: no-store'", exchange)


@rule(
    "OR-ACC-10",
    family="access",
    title="An expired token is rejected",
    clause="7.4 expiry [B]",
    example="a token is accepted minutes after its expires_in has passed",
    fix="check the expiry of the token on every request, not only its signature",
    stands_on=("scheme oauth2", "status 401"),
    over=first_readable,
    needs=("OR-ACC-08",),
)
def expired_token(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    members = token_members(successful_token_response(tenant)) or {}
    life = members.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, int | float) or not 0 < life <= LONGEST_WAIT:
        raise NotOffered(f"no token expires within {LONGEST_WAIT:g} seconds, and the kit does not wait longer")
    fresh = token_members(token_endpoint_of(tenant).request_token(granted_scope(tenant)))
    if fresh is None:
        raise Refused("the token endpoint granted no second token")
    token, path = BearerToken(fresh["access_token"]), readable_path(tenant, operation)
    if tenant.probe(path, "limit=1", access=token).status != 200:
        raise Refused("a new token was not accepted, so its expiry cannot be tested")
    tenant.gateway.pause(_life_of(fresh, life) + EXPIRY_MARGIN)
    for each in dict.fromkeys((operation, *one_of_each_kind(tenant))):
        exchange = tenant.probe(readable_path(tenant, each), "limit=1" if each.many else "", access=token)
        if exchange.status != 401:
            known = Refusals.of(tenant).with_status(each, exchange.status)
            message = f"a request with an expired token returned HTTP {exchange.status} instead of 401"
            yield exchange_finding(message, exchange, symptom_of=known)
            return


def _life_of(members: Mapping[str, Any], otherwise: float) -> float:
    """Return for how many seconds a token is valid: a server that reuses tokens says what is left of each."""
    life = members.get("expires_in")
    return (
        life if isinstance(life, int | float) and not isinstance(life, bool) and 0 < life <= LONGEST_WAIT else otherwise
    )


def token_with_other_scope(
    tenant: ObservedTenant, wanted: tuple[str, ...], offered: tuple[str, ...], *, renew: bool = False
) -> tuple[BearerToken, bool]:
    """Return a token for a scope in ``offered`` that grants none of the scopes in ``wanted``.

    The second value says whether the token response named the scope it granted. With ``renew``, it is a new token.

    Raises ``NotJudged`` when the token endpoint grants no such token.
    """
    unusable = False
    for scope in offered:
        response = token_endpoint_of(tenant).grant(scope, renew=renew)
        members = token_members(response)
        if members is None:
            unusable = unusable or 200 <= response.status < 300
            continue
        scopes = members.get("scope")
        if not isinstance(scopes, str):
            return BearerToken(members["access_token"]), False
        if not set(scopes.split()) & set(wanted):
            return BearerToken(members["access_token"]), True
    if unusable:
        raise ExplainedBy("OR-ACC-15", "the response for a narrower scope cannot be used")
    raise NotOffered("no token with a narrower scope is granted")


def expect_no_access(tenant: ObservedTenant, operation: Operation, offered: tuple[str, ...]) -> Iterator[Finding]:
    """Yield a finding when a token with another scope can read this operation."""
    said = False

    def read(*, renew: bool = False) -> Exchange:
        nonlocal said
        token, said = token_with_other_scope(tenant, operation.oauth_scopes, offered, renew=renew)
        return tenant.probe(readable_path(tenant, operation), "limit=1" if operation.many else "", access=token)

    exchange = token_endpoint_of(tenant).unless_invalid(read)
    if 200 <= exchange.status < 300:
        # Without a scope in the token response, the server may have granted more than was requested.
        level = None if said else Level.SHOULD
        known = Refusals.of(tenant).with_status(operation, exchange.status)
        message = f"a token without a scope for {operation.tag} can read {operation.tag}"
        yield exchange_finding(message, exchange, level, known)


def scoped_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """One collection of each service except demographics, which OR-PRV-05 checks."""
    return (each for each in sampled_collections(tenant) if each.oauth_scopes and each.tag != DEMOGRAPHICS)


@rule(
    "OR-ACC-11",
    family="access",
    title="A token gives no access beyond its scope",
    clause="7.4 scopes, what each gives [B]; 6.1 403 authenticated, but refused [A]",
    example="a token for resources reads users",
    fix="compare the scopes of the token with those of the operation, and return 403",
    stands_on=("scheme oauth2", "scopes", "status 403"),
    over=scoped_collections,
)
def beyond_scope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    others = tuple(
        scope
        for scope in reversed(required_scopes(tenant.standard.specification))
        if scope not in operation.oauth_scopes
    )
    yield from expect_no_access(tenant, operation, others)


@rule(
    "OR-ACC-20",
    family="access",
    harm=Harm.FORM,
    title="The token endpoint takes client id and secret by HTTP Basic",
    clause="7.4 client authentication, HTTP Basic; RFC 6749, 2.3.1; section 8: some take them in the form alone [B]",
    example="a token request with the client id and secret in the Authorization header returns 401",
    fix="support HTTP Basic, which every OAuth 2 client can send, beside the form parameters",
    stands_on=("token endpoint",),
    over=first_readable,
)
def takes_basic(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    endpoint, scope = token_endpoint_of(tenant), granted_scope(tenant)
    if endpoint.takes_basic:
        return
    exchange = endpoint.ask(GRANT_TYPE, scope, way="basic")
    if token_members(exchange) is None:
        yield exchange_finding(
            f"client id and secret by HTTP Basic returned HTTP {exchange.status}; in the form they get a token",
            exchange,
        )
