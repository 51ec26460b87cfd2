"""Select the operations that a rule runs on."""

from collections.abc import Iterator

from oneroster.contract.http.exchange import encoded_path
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster.contract.observation.provoked_errors import ExpectedErrors
from oneroster_runtime.specification import Operation

__all__ = [
    "all_collections",
    "collections",
    "first_readable",
    "first_usable_response",
    "last_usable_response",
    "nested",
    "offered",
    "one_of_each_kind",
    "one_of_each_service",
    "one_read_of_each_service",
    "readable",
    "readable_path",
    "reads",
    "turn_of",
    "with_expected_errors",
]


def offered(tenant: ObservedTenant) -> Iterator[Operation]:
    """Return the operations that the tenant serves, readable or not."""
    operations = tenant.dialect.operations.values()
    return (operation for operation in operations if tenant.offer(operation) is Offer.YES)


def collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """Return the readable collections without parents."""
    return tenant.readable(tenant.dialect.collections)


def nested(tenant: ObservedTenant) -> Iterator[Operation]:
    """Return the readable collections below a parent."""
    return tenant.readable(tenant.dialect.nested)


def all_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """Return the readable collections with and without parents."""
    return tenant.readable(tenant.dialect.collections + tenant.dialect.nested)


def turn_of(tenant: ObservedTenant, operation: Operation) -> int:
    """Return the place of an operation among those of its kind, for rules that ask them different things in turn."""
    dialect = tenant.dialect
    kinds = (dialect.collections, dialect.nested, dialect.reads)
    return next((kind.index(operation) for kind in kinds if operation in kind), 0)


def reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """Return the readable operations that return a single record."""
    return tenant.readable(tenant.dialect.reads)


def readable(tenant: ObservedTenant) -> Iterator[Operation]:
    """Return every readable operation, complete collections first.

    Thus a problem with a record is reported for the collection that holds all records of its kind, not for a part; and
    what is the same everywhere is judged on an operation that the standard certainly has.
    """
    whole_first = sorted(tenant.dialect.collections, key=lambda each: (each.subset is not None, each.trust))
    return tenant.readable((*whole_first, *tenant.dialect.nested, *tenant.dialect.reads))


def one_of_each_kind(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first readable collection, nested collection and single read of each service."""
    seen: set[tuple[str, bool, bool]] = set()
    for operation in readable(tenant):
        kind = operation.tag, operation.many, operation.scope is not None
        if kind not in seen:
            seen.add(kind)
            yield operation


def first_readable(tenant: ObservedTenant) -> Iterator[Operation]:
    """Yield the first readable operation, for behaviour that is the same on every path."""
    first = next(readable(tenant), None)
    if first is not None:
        yield first


def one_of_each_service(tenant: ObservedTenant) -> Iterator[Operation]:
    """Yield the smallest collection of each service (rostering, demographics, resources, gradebook)."""
    services: dict[str, list[Operation]] = {}
    for operation in collections(tenant):
        services.setdefault(operation.tag, []).append(operation)
    for operations in services.values():
        yield min(operations, key=lambda operation: len(tenant.walk(operation)))


def one_read_of_each_service(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first readable single read of each service."""
    seen: set[str] = set()
    for operation in reads(tenant):
        if operation.tag not in seen and operation.subset is None:
            seen.add(operation.tag)
            yield operation


def with_expected_errors(tenant: ObservedTenant) -> Iterator[Operation]:
    """Return the operations that were sent a request which must fail."""
    names = ExpectedErrors.of(tenant).operation_ids
    return (operation for operation in tenant.dialect.operations.values() if operation.operation_id in names)


def first_usable_response(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """Return a response of a readable operation that holds its data."""
    return next(response for response in tenant.readings(operation) if response.problem is None)


def last_usable_response(tenant: ObservedTenant, operation: Operation) -> ParsedResponse:
    """Return another response of a readable operation that holds its data, if there is one.

    A server that returns the same record for every id returns another one here.
    """
    return next(each for each in reversed(tenant.readings(operation)) if each.problem is None)


def readable_path(tenant: ObservedTenant, operation: Operation) -> str:
    """Return a path of a readable operation that returned data."""
    return encoded_path(operation.path, first_usable_response(tenant, operation).values)
