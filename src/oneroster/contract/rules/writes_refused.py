"""Write rules on writes that nobody may make: to read-only collections, and without the scope for them."""

from collections.abc import Iterator
from typing import Final, get_args

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.harm import Harm
from oneroster.contract.http.credentials import BearerToken, WriteMethod
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.target import required_scopes
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import reads
from oneroster.contract.observation.token_endpoint import token_endpoint_of
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.access_oauth2_tokens import token_members
from oneroster.contract.rules.writes_put import put_operations, write_finding
from oneroster.contract.writes.lifecycle import lifecycle_of
from oneroster.contract.writes.owned_objects import DONE, owned_objects
from oneroster_runtime.specification import Operation

METHODS: Final = get_args(WriteMethod)
PROCESSED: Final = frozenset({400, 422})
"""Statuses of a server that would write if the body were another."""


def read_only(tenant: ObservedTenant) -> Iterator[Operation]:
    """The readable single reads at whose path the document has no write.

    Raises ``NotJudged`` when the run must not write.
    """
    owned_objects(tenant)
    written = {each.path for each in tenant.standard.specification.operations.values() if each.method != "GET"}
    return (each for each in reads(tenant) if each.path not in written and each.subset is None)


@rule(
    "OR-WRT-28",
    family="writes",
    title="What is read-only cannot be written",
    clause="2 operations, no writes outside the gradebook; RFC 9110, 15.5.6 status 405 [B]",
    example="PUT or PATCH of /orgs/{id} returns 200",
    fix="return 405 with an Allow header for every method that the standard does not have at a path",
    over=read_only,
    harm=Harm.ACCESS,
)
def nothing_else_is_written(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    sourced_id = owned_objects(tenant).new_id()
    for method in METHODS:
        # An empty object under a made-up id: nothing that a server could store as a record.
        exchange = tenant.gateway.write(
            operation._replace(method=method), sourced_id, None if method == "DELETE" else b"{}"
        )
        if exchange.status in DONE:
            yield write_finding(f"{method} of an unknown id returned HTTP {exchange.status}", exchange, sourced_id)
        elif exchange.status in PROCESSED:
            message = f"{method} returned HTTP {exchange.status}, as if it were supported"
            uncertain = "the status of a method that is not supported"
            yield write_finding(message, exchange, sourced_id, level=Level.OPEN, uncertain=uncertain)


@rule(
    "OR-WRT-29",
    family="writes",
    title="A write without its scope returns 403",
    clause="7.4 scopes gradebook.createput and gradebook.delete, what each gives [B]; 6.1 403 [A]",
    example="a token for gradebook.readonly deletes a category",
    fix="require gradebook.createput for PUT and gradebook.delete for DELETE, and return 403 without it",
    stands_on=("scheme oauth2", "scopes", "status 403"),
    over=put_operations,
    needs=("OR-WRT-17",),
    harm=Harm.ACCESS,
)
def scopes_of_writes(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    token_endpoint_of(tenant)
    lifecycle = lifecycle_of(tenant, operation)
    _ = lifecycle.read_after_create
    sourced_id = lifecycle.objects.new_id()
    body = {lifecycle.wrapper: {**lifecycle.record, "sourcedId": sourced_id}}
    put = lifecycle.objects.put(lifecycle.element, sourced_id, body, access=token_without(tenant, operation))
    yield from _expect_403(put, sourced_id)
    if put.status == 403 and lifecycle.objects.read(lifecycle.element, sourced_id).exchange.status == 200:
        yield write_finding("PUT without its scope returned HTTP 403, but the record was written", put, sourced_id)
    if put.status not in DONE and lifecycle.objects.put(lifecycle.element, sourced_id, body).status not in DONE:
        raise ExplainedBy("OR-WRT-01", "no second object could be created", lifecycle.put_id)
    deletion = lifecycle.objects.operation(lifecycle.element, "DELETE")
    token = token_without(tenant, deletion)
    yield from _expect_403(lifecycle.objects.delete(lifecycle.element, sourced_id, access=token), sourced_id)


def token_without(tenant: ObservedTenant, operation: Operation) -> BearerToken:
    """Return a token with all scopes except those of an operation."""
    every = required_scopes(tenant.standard.specification, writes=True)
    members = token_members(
        token_endpoint_of(tenant).grant(
            " ".join(scope for scope in every if scope not in operation.oauth_scopes), renew=True
        )
    )
    granted = str((members or {}).get("scope", "")).split()
    if members is None or set(granted) & set(operation.oauth_scopes):
        raise ExplainedBy(("OR-ACC-15", "OR-ACC-11"), "the token endpoint grants no token for all other scopes")
    return BearerToken(members["access_token"])


def _expect_403(exchange: Exchange, sourced_id: str) -> Iterator[Finding]:
    if exchange.status in DONE:
        yield write_finding(
            f"{exchange.method} without its scope returned HTTP {exchange.status}", exchange, sourced_id
        )
    elif exchange.status != 403:
        message = f"{exchange.method} without its scope returned HTTP {exchange.status} instead of 403"
        uncertain = "the status of such a refusal"
        yield write_finding(message, exchange, sourced_id, level=Level.SHOULD, uncertain=uncertain)
