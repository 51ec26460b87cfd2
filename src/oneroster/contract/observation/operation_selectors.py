"""Which operations stand for the others, where a server has one place in its code for all of them."""

from collections.abc import Iterator

from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import Level
from oneroster.contract.observation.tenant import ObservedTenant, collections, readable
from oneroster.contract.result import Evidence, Finding
from oneroster_v1p1.tables import Operation

__all__ = ["errors_of", "failing", "known_path", "known_reading", "once", "one_of_each_service", "told"]


def once(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first operation that could be read: for what a server does the same way everywhere."""
    first = next(readable(tenant), None)
    if first is not None:
        yield first


def one_of_each_service(tenant: ObservedTenant) -> Iterator[Operation]:
    """The smallest collection of each service (rostering, demographics, resources, gradebook)."""
    services: dict[str, list[Operation]] = {}
    for operation in collections(tenant):
        services.setdefault(operation.tag, []).append(operation)
    for known in services.values():
        yield min(known, key=lambda operation: len(tenant.walk(operation)))


def failing(tenant: ObservedTenant) -> Iterator[Operation]:
    """The operations of which an error is known that had to come and is no refusal."""
    names = {name for name, _ in tenant.errors}
    return (operation for operation in tenant.dialect.operations.values() if operation.operation_id in names)


def errors_of(tenant: ObservedTenant, operation: Operation) -> list[Exchange]:
    """The errors that an operation answered with."""
    return [exchange for name, exchange in tenant.errors if name == operation.operation_id and exchange.status >= 400]


def known_reading(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """An answer of the operation that holds its data; every operation of ``readable`` has one."""
    return next(reading for reading in tenant.readings(operation) if reading.fault is None)


def known_path(tenant: ObservedTenant, operation: Operation) -> str:
    """The path by which an operation is known to be readable."""
    return encoded_path(operation.path, known_reading(tenant, operation).values)


def told(message: str, exchange: Exchange, level: Level | None = None) -> Finding:
    """A finding that rests on one answer to an unlawful request."""
    return Finding(message, (Evidence(request=exchange.request, curl=exchange.curl),), level)
