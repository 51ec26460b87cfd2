"""Rules on the discovery documents of OneRoster 1.2: the OpenAPI file of each service that a provider offers."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from oneroster.contract.errors import ExplainedBy, NotOffered
from oneroster.contract.http.credentials import NoCredentials
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.observation.evidence import exchange_finding, id_list
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster.contract.observation.operation_selectors import collections
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

FOUND: Final = 200
REFUSED: Final = 401
PLACEHOLDERS: Final = frozenset({"www.imsglobal.org", "imsglobal.org"})
"""The hosts of the token URLs in the official files, which are those of no provider."""


class _Documents(dict[str, list[Exchange]]):
    """The responses to the requests for the document of each service, until one is found."""


def first_of_each_service(tenant: ObservedTenant) -> Iterator[Operation]:
    """Yield a readable collection of each service that has a discovery document."""
    seen: set[str] = set()
    for operation in collections(tenant):
        if operation.service in tenant.standard.specification.discovery and operation.service not in seen:
            seen.add(operation.service)
            yield operation


def discovery(tenant: ObservedTenant, operation: Operation) -> list[Exchange]:
    """Return the responses to requests for a discovery document under its names, without credentials first."""
    known = tenant.memo(_Documents, _Documents)
    service = operation.service
    if service not in known:
        names = tenant.standard.specification.discovery.get(service, ())
        base = tenant.gateway.target.urls.get(service)
        if base is None or not names:
            raise NotOffered("this version of OneRoster has no discovery documents")
        known[service] = []
        for name in names:
            url = f"{base}/discovery/{name}"
            exchange = tenant.gateway.send("GET", url, access=NoCredentials())
            if exchange.status == REFUSED:
                exchange = tenant.gateway.send("GET", url)
            known[service].append(exchange)
            if exchange.status == FOUND:
                break
    return known[service]


def document_of(tenant: ObservedTenant, operation: Operation) -> tuple[Exchange, dict[str, Any]]:
    """Return the discovery document of the service of an operation.

    Raises ``NotJudged`` when there is none.
    """
    exchange = discovery(tenant, operation)[-1]
    if exchange.status != FOUND or not isinstance(exchange.payload, dict) or "openapi" not in exchange.payload:
        raise ExplainedBy("OR-ADD-10", "there is no discovery document")
    return exchange, exchange.payload


@rule(
    "OR-ADD-10",
    family="additions",
    title="Each service has a discovery document",
    clause="1 discovery, an OpenAPI file of each service below discovery/ [B]",
    example="GET …/rostering/v1p2/discovery/ and one of the two names of the file returns 404",
    fix="publish the OpenAPI file of each service that you offer, with your servers and operations",
    over=first_of_each_service,
)
def has_a_document(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange = discovery(tenant, operation)[-1]
    if exchange.status != FOUND:
        yield exchange_finding(f"there is no discovery document of {operation.service}", exchange)
    elif not isinstance(exchange.payload, dict) or "openapi" not in exchange.payload:
        yield exchange_finding(f"the discovery document of {operation.service} is no OpenAPI document", exchange)


@rule(
    "OR-ADD-11",
    family="additions",
    title="A discovery document lists the operations that are offered",
    clause="1 discovery, the operations that the provider supports [B]",
    example="the tenant serves GET /users, and its discovery document has no such path",
    fix="make the document from the routes of the server",
    over=first_of_each_service,
)
def lists_operations(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange, document = document_of(tenant, operation)
    paths = document.get("paths")
    listed = {_shape(path) for path in paths} if isinstance(paths, dict) else set()
    served = _served(tenant, operation.service)
    missing = [each.operation_id for each in served if _shape(each.path) not in listed]
    if missing:
        yield exchange_finding(f"the discovery document does not list {id_list(missing)}", exchange)


def _served(tenant: ObservedTenant, service: str) -> list[Operation]:
    """Return the reads of a service that the tenant serves."""
    return [
        each
        for each in tenant.dialect.operations.values()
        if each.service == service
        and each.method == "GET"
        and tenant.offer(each) is Offer.YES
        and any(response.problem is None for response in tenant.readings(each))
    ]


def _shape(path: str) -> str:
    """Return a path without the names of its parameters."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@rule(
    "OR-ADD-12",
    family="additions",
    title="A discovery document names the server that publishes it",
    clause="1 discovery, its real servers [B]",
    example="servers holds https://www.imsglobal.org, as in the file of 1EdTech",
    fix="replace the servers of the official file by the base URL of your service",
    over=first_of_each_service,
)
def names_its_server(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange, document = document_of(tenant, operation)
    servers = document.get("servers")
    urls = [each.get("url") for each in servers if isinstance(each, dict)] if isinstance(servers, list) else []
    base = tenant.gateway.target.urls[operation.service]
    if base.rstrip("/") not in {url.rstrip("/") for url in urls if isinstance(url, str)}:
        yield exchange_finding(f"the servers of the discovery document of {operation.service} are others", exchange)


def _flows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the flows of client credentials in an OpenAPI document."""
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    found = (
        [each.get("flows") for each in schemes.values() if isinstance(each, dict)] if isinstance(schemes, dict) else []
    )
    flows = [each.get("clientCredentials") for each in found if isinstance(each, dict)]
    return [each for each in flows if isinstance(each, dict)]


@rule(
    "OR-ADD-13",
    family="additions",
    title="A discovery document names the token URL and the scopes",
    clause="1 discovery, the token address and the scopes [A]",
    example="tokenUrl is https://www.imsglobal.org, as in the file of 1EdTech, or scopes is empty",
    fix="write your token URL and every scope that you grant into the flow of client credentials",
    over=first_of_each_service,
)
def names_token_and_scopes(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    exchange, document = document_of(tenant, operation)
    flows = _flows(document)
    urls = [each["tokenUrl"] for each in flows if isinstance(each.get("tokenUrl"), str)]
    hosts = {urlsplit(url).hostname for url in urls} - {None}
    of = f"the discovery document of {operation.service}"
    if not hosts or hosts <= PLACEHOLDERS:
        yield exchange_finding(f"{of} has no token URL of the provider", exchange)
    scopes = {name for each in flows if isinstance(each.get("scopes"), dict) for name in each["scopes"]}
    missing = [
        each.operation_id
        for each in _served(tenant, operation.service)
        if each.oauth_scopes and not scopes.intersection(each.oauth_scopes)
    ]
    if missing:
        yield exchange_finding(f"{of} has no scope for {id_list(missing)}", exchange)
