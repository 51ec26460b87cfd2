"""Ids that no record of a kind has, although they are nearly those of one, or those of a record of another kind."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import NotJudged
from oneroster.contract.http.exchange import encoded_path
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.observation.evidence import exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.result import Finding
from oneroster_runtime.specification import Operation

__all__ = ["near_ids_are_unknown"]

SHORTEST: Final = 4
"""Characters of an id whose part is asked for; the parts of shorter ones may be ids that are not listed."""
BASE: Final = frozenset({"sourcedId", "status", "dateLastModified", "metadata"})
SAME_IDS: Final = frozenset({"User", "Demographics"})
"""Elements whose records have the same ids."""


class _NearId(NamedTuple):
    """An id to ask for.

    Attributes:
        what: What it is.
        sourced_id: The id.
        of: The record from which it is taken.
    """

    what: str
    sourced_id: str
    of: Record


def near_ids_are_unknown(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    """Yield a finding for each such id under which a single read returns the record from which it is taken."""
    if operation.subset is not None:
        return
    for near in _near_ids(tenant, operation):
        exchange = tenant.probe(encoded_path(operation.path, {path_parameters(operation)[0]: near.sourced_id}))
        body = exchange.payload
        found = [each for each in body.values() if isinstance(each, dict)] if isinstance(body, dict) else []
        # A record that has the id and is not listed is another one.
        if exchange.status < 300 and any(_is_taken_from(row, near.of) for row in found):
            yield exchange_finding(f"an id that is {near.what} returned HTTP {exchange.status}", exchange)


def _is_taken_from(row: Record, of: Record) -> bool:
    return any(name in of and of[name] == value for name, value in row.items() if name not in BASE)


def _near_ids(tenant: ObservedTenant, operation: Operation) -> Iterator[_NearId]:
    try:
        own = tenant.all_rows(tenant.dialect.list_of(operation.operation_id))
    except NotJudged:
        return
    plain = [name for name in own if len(name) >= SHORTEST and not needs_escaping(name)]
    part = next((name for name in plain if name[:-1] not in own), None)
    if part is not None:
        yield _NearId("the beginning of another", part[:-1], own[part])
    other = next(_of_another_kind(tenant, operation, own), None)
    if other is not None:
        yield other


def _refers_to(tenant: ObservedTenant, operation: Operation, element: str | None) -> bool:
    return any(known.refers_to == element for known in tenant.properties(operation.element).values())


def _of_another_kind(tenant: ObservedTenant, operation: Operation, own: dict[str, Record]) -> Iterator[_NearId]:
    # Those that refer to records of this kind are the likeliest to be taken for one.
    for each in sorted(tenant.dialect.collections, key=lambda one: not _refers_to(tenant, one, operation.element)):
        kinds = {each.element, operation.element}
        if each.subset is None and len(kinds) > 1 and not kinds >= SAME_IDS and each.service == operation.service:
            rows = tenant.walks(each)[0].rows if tenant.walks(each) else []
            for row in rows:
                name = identity(row)
                if name and name not in own and not needs_escaping(name):
                    yield _NearId("that of a record of another kind", name, row)
