"""Access rule on scopes: each of those that an operation names is enough to read it."""

from collections.abc import Iterator

from oneroster.contract.errors import NotOffered
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import REFUSED
from oneroster.contract.observation.operation_selectors import readable, readable_path
from oneroster.contract.observation.token_endpoint import token_endpoint_of
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.access_oauth2_tokens import token_members
from oneroster_runtime.specification import Operation


def first_of_each_kind(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first readable collection, nested collection and single read for each choice of scopes."""
    seen: set[tuple[frozenset[str], bool, bool]] = set()
    for operation in readable(tenant):
        kind = frozenset(operation.oauth_scopes), operation.many, operation.scope is not None
        if operation.oauth_scopes and kind not in seen:
            seen.add(kind)
            yield operation


def with_a_choice_of_scopes(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first operation of each kind, and all collections without parents that several scopes open."""
    several = (each for each in readable(tenant) if len(each.oauth_scopes) > 1 and each.many and each.scope is None)
    return iter(dict.fromkeys((*first_of_each_kind(tenant), *several)))


@rule(
    "OR-ACC-21",
    family="access",
    title="One of the scopes of an operation is enough to read it",
    clause="7.4 scopes, what each gives [B]",
    example="a token for roster-core.readonly alone gets 403 for the list of users",
    fix="accept every scope that the standard names for an operation; roster.readonly includes roster-core.readonly",
    stands_on=("scheme oauth2", "scopes"),
    over=with_a_choice_of_scopes,
)
def each_scope_is_enough(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    endpoint = token_endpoint_of(tenant)
    tried = 0
    is_first = operation in set(first_of_each_kind(tenant))
    # The narrowest, as in roster-core.readonly, has the longest name.
    for scope in operation.oauth_scopes if is_first else sorted(operation.oauth_scopes, key=len)[-1:]:
        members = token_members(endpoint.grant(scope))
        granted = (members or {}).get("scope")
        if members is None or (isinstance(granted, str) and scope not in granted.split()):
            # What a client may request, the operator of the server decides.
            continue
        tried += 1
        exchange = _ask_with_scope(tenant, operation, scope)
        if exchange.status in REFUSED:
            name = scope.rpartition("/")[2]
            message = f"{operation.operation_id} returned HTTP {exchange.status} to a token for {name}"
            yield exchange_finding(message, exchange)
            return
    if not tried:
        raise NotOffered("no token for a single scope of the operation is granted")


def _ask_with_scope(tenant: ObservedTenant, operation: Operation, scope: str) -> Exchange:
    """Return the response to a read with a token for a scope, which is renewed if it is no longer valid."""
    endpoint, path = token_endpoint_of(tenant), readable_path(tenant, operation)

    def read(*, renew: bool = False) -> Exchange:
        members = token_members(endpoint.grant(scope, renew=renew)) or {}
        query = "limit=1" if operation.many else ""
        return tenant.probe(path, query, access=BearerToken(str(members.get("access_token", ""))))

    return endpoint.unless_invalid(read)
