"""Envelope rule on collections without rows: an empty array with 200, whatever is requested."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import NotJudged
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster.contract.observation.evidence import count_of, evidence_of
from oneroster.contract.observation.membership import count_parents
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import nested
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.observation.whole_run import FailedChecks, whole_run
from oneroster.contract.oracle.filters import values_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

ACTIVE: Final = "active"
EMPTY_STATUSES: Final = frozenset({204, 404})


@rule(
    "OR-ENV-10",
    family="envelope",
    harm=Harm.ROWS,
    title="A collection without rows returns 200 and an empty array, whatever is requested",
    clause="6.1 a collection without records: 200 with an empty array [B]",
    example="GET /classes/{id}/resources of a class without resources returns 404, or a filter without matches 204",
    fix="return 200 with the key and an empty array; 404 says that the parent does not exist",
    stands_on=("wrapper",),
    over=whole_run,
)
def empty_is_200(tenant: ObservedTenant, _operation: Operation) -> Iterator[Finding]:
    reported = FailedChecks.of(tenant).requests
    found = [each for each in tuple(tenant.odd_empties.values()) if each.exchange.request not in reported]
    found += [each for each in _WithoutRows.of(tenant) if each.exchange.status in EMPTY_STATUSES and each not in found]
    if found:
        operations = {each.operation.operation_id for each in found}
        statuses = ", ".join(f"HTTP {status}" for status in sorted({each.exchange.status for each in found}))
        text = f"{count_of(len(operations), 'operation')} returned {statuses} instead of an empty array"
        yield Finding(text, evidence_of(found[0]), operation_id=found[0].operation.operation_id)


class _WithoutRows(list[ParsedResponse]):
    """The responses to nested collections of parents without rows."""

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "_WithoutRows":
        return tenant.memo(cls, cls)


def ask_without_rows(tenant: ObservedTenant, operation: Operation) -> None:
    """Ask for a collection of a parent without rows, if it is the first below that kind of parent in its service.

    Whatever is returned, OR-ENV-10 judges it.
    """
    if operation in _first_below_each_parent(tenant):
        reading = _of_parent_without_rows(tenant, operation)
        _WithoutRows.of(tenant).extend([reading] if reading is not None else [])


def _first_below_each_parent(tenant: ObservedTenant) -> list[Operation]:
    """Return one nested collection of each service for each kind of parent."""
    found: dict[tuple[str, str], Operation] = {}
    for operation in nested(tenant):
        if operation.scope is not None and len(operation.scope.parents) == 1:
            found.setdefault((operation.tag, operation.scope.parents[0].read), operation)
    return list(found.values())


def _of_parent_without_rows(tenant: ObservedTenant, operation: Operation) -> ParsedResponse | None:
    """Return the response to a nested collection of a parent that no record refers to; None without one.

    The parent is listed and can be read, and is of its kind: a list may hold other records, which are not parents.
    """
    parents = operation.scope.parents if operation.scope is not None else ()
    single = tenant.dialect.operation(parents[0].read)
    if single is None:
        return None
    try:
        with_rows = {names[0] for names in count_parents(tenant, operation, complete=False)}
        listed = tenant.known_rows(tenant.dialect.list_of(parents[0].read))
    except NotJudged:
        return None
    without = (
        name
        for name, row in listed.items()
        if name not in with_rows and row.get("status") == ACTIVE and not needs_escaping(name) and _fits(single, row)
    )
    name = next(without, None)
    if name is None or tenant.ask(single, dict.fromkeys(path_parameters(single), name)).problem is not None:
        return None
    return tenant.ask(operation, {parents[0].parameter: name}, {"limit": 1})


def _fits(single: Operation, row: Record) -> bool:
    """Return whether a record is of the kind that a specialised single read returns."""
    subset = single.subset
    return subset is None or any(value in subset.values for value in values_at(row, subset.property))
