"""Access by OAuth 2: the token endpoint, and what a token is good for."""

import secrets
from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.target import required_scopes
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.operation_selectors import first_readable, readable_path
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.observation.token_endpoint import error_code, token_endpoint_of
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.access import sampled_collections
from oneroster_runtime.specification import Operation

LONGEST_LIFE: Final = 10.0
"""Seconds; a token that lives longer is not waited for."""
BEHIND: Final = 0.5
"""Seconds after its end at which a token is tried again."""
DEMOGRAPHICS: Final = "demographics"


def granted(exchange: Exchange) -> dict[str, Any] | None:
    """The members of an answer that holds a token; None when it grants none."""
    members = exchange.json if exchange.status == 200 else None
    return members if isinstance(members, dict) and isinstance(members.get("access_token"), str) else None


def usual(tenant: ObservedTenant) -> Exchange:
    """The answer of the token endpoint to the request by which this run came in, or to one without a scope.

    Raises ``NotExercised`` when it grants nothing.
    """
    desk = token_endpoint_of(tenant)
    for scope in dict.fromkeys((desk.scope, "")):
        if granted(desk.grant(scope)) is not None:
            return desk.grant(scope)
    raise NotExercised("the token endpoint grants no token")


def refused(exchange: Exchange, what: str, code: str) -> Iterator[Finding]:
    """A finding unless the token endpoint refused, in the words of RFC 6749."""
    if granted(exchange) is not None:
        yield exchange_finding(f"{what} is granted a token", exchange)
    elif exchange.status not in (400, 401):
        yield exchange_finding(
            f"{what} is answered with HTTP {exchange.status} instead of 400 or 401", exchange, Level.SHOULD
        )
    elif error_code(exchange) != code:
        yield exchange_finding(f"{what} is refused without the error '{code}'", exchange, Level.SHOULD)


@rule(
    "OR-ACC-06",
    family="access",
    title="A wrong client secret is granted no token",
    clause="7.4 client authentication; RFC 6749, 5.2 [A]",
    example="the token endpoint looks at the client id only",
    fix="compare the secret, and answer 401 (or 400) with the error `invalid_client`",
    over=first_readable,
)
def wrong_secret(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    usual(tenant)
    desk = token_endpoint_of(tenant)
    exchange = desk.ask("client_credentials", desk.scope, secrets.token_urlsafe(24))
    yield from refused(exchange, "a wrong client secret", "invalid_client")


@rule(
    "OR-ACC-07",
    family="access",
    title="An unknown grant type is granted no token",
    clause="7.4 grant; RFC 6749, 5.2 [A]",
    example="any grant_type is answered with a token",
    fix="answer 400 with the error `unsupported_grant_type`",
    over=first_readable,
)
def unknown_grant(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    usual(tenant)
    exchange = token_endpoint_of(tenant).ask("oneroster_check")
    yield from refused(exchange, "an unknown grant type", "unsupported_grant_type")


@rule(
    "OR-ACC-08",
    family="access",
    title="A granted token says that it is a bearer token, and for how long",
    clause="7.4 answer: access_token, token_type, expires_in [A]",
    example="the answer holds an access_token and nothing else",
    fix="send token_type `bearer` and expires_in in seconds with every token",
    over=first_readable,
)
def token_answer(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    exchange = usual(tenant)
    members = granted(exchange) or {}
    kind, seconds = members.get("token_type"), members.get("expires_in")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        yield exchange_finding(f"token_type is {'missing' if kind is None else 'another than bearer'}", exchange)
    if seconds is None:
        yield exchange_finding(
            "expires_in is missing; a client learns of the end of its token by a 401 only", exchange, Level.OPEN
        )
    elif isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        yield exchange_finding("expires_in is no number of seconds", exchange, Level.SHOULD)


@rule(
    "OR-ACC-09",
    family="access",
    title="A granted token is kept by no cache",
    clause="7.4 answer; RFC 6749, 5.1 Cache-Control [B]",
    example="the token is sent without Cache-Control, or with max-age",
    fix="send `Cache-Control: no-store` with every answer of the token endpoint",
    over=first_readable,
)
def token_not_stored(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    exchange = usual(tenant)
    if "no-store" not in exchange.headers.get("Cache-Control", "").lower():
        yield exchange_finding("the token is sent without Cache-Control: no-store", exchange)


@rule(
    "OR-ACC-10",
    family="access",
    title="A token that has expired is refused",
    clause="7.4 expiry [B]",
    example="a token is taken minutes after its expires_in is over",
    fix="look at the time of the token with every request, not at its signature alone",
    over=first_readable,
    needs=("OR-ACC-02", "OR-ACC-08"),
)
def expired_token(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    members = granted(usual(tenant)) or {}
    life = members.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, int | float) or not 0 < life <= LONGEST_LIFE:
        raise NotExercised(f"no token ends within {LONGEST_LIFE:g} seconds; longer is not waited")
    fresh = granted(token_endpoint_of(tenant).request_token(token_endpoint_of(tenant).scope))
    if fresh is None:
        raise NotExercised("the token endpoint grants no second token")
    token, path = BearerToken(fresh["access_token"]), readable_path(tenant, operation)
    if tenant.probe(path, "limit=1", access=token).status != 200:
        raise NotExercised("the token opens nothing while it is new")
    tenant.gateway.pause(life + BEHIND)
    exchange = tenant.probe(path, "limit=1", access=token)
    if exchange.status != 401:
        yield exchange_finding(f"an expired token is answered with HTTP {exchange.status} instead of 401", exchange)


def narrow_token(tenant: ObservedTenant, wanted: tuple[str, ...], offered: tuple[str, ...]) -> tuple[BearerToken, bool]:
    """A token for one of the scopes offered that reaches none of those wanted, and whether its answer said so.

    Raises ``NotExercised`` when the token endpoint grants none of that kind.
    """
    for scope in offered:
        members = granted(token_endpoint_of(tenant).grant(scope))
        if members is None:
            continue
        scopes = members.get("scope")
        if not isinstance(scopes, str):
            return BearerToken(members["access_token"]), False
        if not set(scopes.split()) & set(wanted):
            return BearerToken(members["access_token"]), True
    raise NotExercised("no token with a narrower scope is granted")


def out_of_scope(tenant: ObservedTenant, operation: Operation, offered: tuple[str, ...]) -> Iterator[Finding]:
    """A finding when a token that was granted for other things reads this operation."""
    token, said = narrow_token(tenant, operation.oauth_scopes, offered)
    exchange = tenant.probe(readable_path(tenant, operation), "limit=1" if operation.many else "", access=token)
    if exchange.status == 200:
        # An answer that does not name the scope leaves open whether more was granted than was asked for.
        level = None if said else Level.SHOULD
        yield exchange_finding(f"{operation.tag} is read with a token for another scope", exchange, level)


def of_scope(tenant: ObservedTenant) -> Iterator[Operation]:
    """One collection of each service; demographics are the matter of a rule of their own."""
    return (each for each in sampled_collections(tenant) if each.oauth_scopes and each.tag != DEMOGRAPHICS)


@rule(
    "OR-ACC-11",
    family="access",
    title="A token reads nothing beyond its scope",
    clause="7.4 scopes; 6.1 403 authenticated, but refused [A]",
    example="a token for resources reads users",
    fix="compare the scopes of the token with those of the operation, and answer 403",
    over=of_scope,
    needs=("OR-ACC-02",),
)
def beyond_scope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    others = tuple(
        scope
        for scope in reversed(required_scopes(tenant.standard.specification))
        if scope not in operation.oauth_scopes
    )
    yield from out_of_scope(tenant, operation, others)
