"""The records that one operation returns otherwise than the collection of all records of the element."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster_runtime.specification import Operation

__all__ = ["RecordVersion", "is_whole", "record_versions"]


class RecordVersion(NamedTuple):
    """A record as a response shows it.

    Attributes:
        response: The first response that shows it like this.
        row: The record.
    """

    response: ParsedResponse
    row: Record


class _Versions(dict[str, list[RecordVersion]]):
    """The versions of the records of a tenant, by operation id."""


def record_versions(tenant: ObservedTenant, operation: Operation) -> list[RecordVersion]:
    """Return the records in the responses of an operation, each version of a record once.

    Those of a specialised or nested collection or a single read are only the ones that the collection of all records
    shows otherwise, or not at all. Responses with selected fields are left out.
    """
    known = tenant.memo(_Versions, _Versions)
    if operation.operation_id not in known:
        known[operation.operation_id] = list(_versions(tenant, operation))
    return known[operation.operation_id]


def is_whole(tenant: ObservedTenant, operation: Operation) -> bool:
    """Return whether an operation is the collection of all records of its element."""
    whole = tenant.dialect.collection_of(operation.element)
    return whole is not None and whole.operation_id == operation.operation_id


def _versions(tenant: ObservedTenant, operation: Operation) -> Iterator[RecordVersion]:
    seen: defaultdict[str, list[Record]] = defaultdict(list)
    # In a re-check this reads a collection again.
    _ = tenant.walks(operation)
    if not is_whole(tenant, operation):
        try:
            entries = tenant.known_rows(tenant.dialect.collection_of(operation.element))
        except NotJudged:
            entries = {}
        seen |= {name: [row] for name, row in entries.items()}
    for response in tenant.readings(operation):
        if "fields" in response.query:
            continue
        for row in response.rows:
            name = identity(row) or ""
            if row not in seen[name]:
                seen[name].append(row)
                yield RecordVersion(response, row)
