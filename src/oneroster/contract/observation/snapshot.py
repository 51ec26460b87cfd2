"""The snapshot that begins a run: every collection walked, and a sample of single records and nested collections.

Most rules need no further request.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, TypeVar
from urllib.parse import quote

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import AccessRefusedError, NoResponseError, NotJudged, TenantNotTestableError
from oneroster.contract.http.credentials import NoCredentials
from oneroster.contract.http.parallel import map_parallel
from oneroster.contract.observation.membership import count_parents
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster.settings import missing_credentials
from oneroster_runtime.specification import Operation

__all__ = ["read_all_collections"]

PAGE: Final = 1000
"""Rows requested per page; servers may return less."""
SAMPLE: Final = 3
"""Single records and parents per operation."""
MIN_PAGES: Final = 4
SHARE_OF_PAGES: Final = 20
"""One collection may use one twentieth of all requests."""

Key = TypeVar("Key", str, tuple[str, ...])


def read_all_collections(tenant: ObservedTenant, progress: Callable[[str], None]) -> None:
    """Walk every collection and sample all other reads; the tenant keeps the responses.

    Args:
        tenant: The tenant.
        progress: Called with an operation id before the operation is read.

    Raises:
        AccessRefusedError: Every collection is refused.
        TenantNotTestableError: No collection can be read.
        BudgetSpentError: The budget of the run is spent.
    """
    workers = tenant.gateway.limits.workers

    def read_collection(operation: Operation) -> None:
        progress(operation.operation_id)
        _walk(tenant, operation, {})

    def read_singles(operation: Operation) -> None:
        progress(operation.operation_id)
        _sample_reads(tenant, operation)

    def read_nested(operation: Operation) -> None:
        progress(operation.operation_id)
        for values in _sample_parents(tenant, operation):
            _walk(tenant, operation, values)

    map_parallel(workers, read_collection, tenant.dialect.collections)
    _require_data(tenant)
    map_parallel(workers, read_singles, tenant.dialect.reads)
    map_parallel(workers, read_nested, tenant.dialect.nested)


def _walk(tenant: ObservedTenant, operation: Operation, values: dict[str, str]) -> None:
    limits = tenant.gateway.limits
    max_pages = max(MIN_PAGES, limits.requests // SHARE_OF_PAGES)
    tenant.add_walk(walk(tenant.ask, operation, values, limit=PAGE, max_rows=limits.rows, max_pages=max_pages))


def _require_data(tenant: ObservedTenant) -> None:
    responses = tenant.readings()
    if any(response.exchange.status == 200 for response in responses):
        return
    statuses = Counter(response.exchange.status for response in responses)
    seen = ", ".join(f"HTTP {status} {count} times" for status, count in sorted(statuses.items())) or "no response"
    if responses and set(statuses) <= {401, 403}:
        anonymous = isinstance(tenant.gateway.target.access, NoCredentials)
        advice = missing_credentials() if anonymous else "check the credentials and their scopes"
        raise AccessRefusedError(f"every collection is refused ({seen}); {advice}")
    base_paths = " or ".join(tenant.standard.specification.services.values())
    raise TenantNotTestableError(
        f"no collection can be read at {tenant.gateway.target.base_url} ({seen}); "
        f"check that the base URL ends in {base_paths}"
    )


def _sample_reads(tenant: ObservedTenant, operation: Operation) -> None:
    (parameter,) = path_parameters(operation)
    try:
        found = tenant.walk(tenant.dialect.list_of(operation.operation_id))
    except NotJudged:
        return
    for sourced_id in sample(tenant.rows_by_id(found)):
        try:
            tenant.ask(operation, {parameter: sourced_id})
        except NoResponseError:
            continue


def _sample_parents(tenant: ObservedTenant, operation: Operation) -> list[dict[str, str]]:
    try:
        counts = count_parents(tenant, operation)
    except NotJudged:
        return _parents_from_lists(tenant, operation)
    names = [parent.parameter for parent in operation.scope.parents] if operation.scope else []
    # Parents with most rows first: they exercise most.
    ordered = [combination for combination, _ in counts.most_common() if _listed(tenant, operation, combination)]
    return [dict(zip(names, combination, strict=True)) for combination in sample(ordered)]


def _listed(tenant: ObservedTenant, operation: Operation, combination: tuple[str, ...]) -> bool:
    """Return whether the tenant lists every parent in its own collection: a term among terms, not only sessions."""
    parents = operation.scope.parents if operation.scope else ()
    for parent, sourced_id in zip(parents, combination, strict=True):
        try:
            listed = tenant.rows_by_id(tenant.walk(tenant.dialect.list_of(parent.read)))
        except NotJudged:
            continue
        if sourced_id not in listed:
            return False
    return True


def _parents_from_lists(tenant: ObservedTenant, operation: Operation) -> list[dict[str, str]]:
    """Return parents from their collection, if the data does not say which of them have rows."""
    parameters = path_parameters(operation)
    if len(parameters) != 1:
        return []
    read = operation.scope.parents[0].read if operation.scope else _read_by_path(tenant, operation)
    try:
        found = tenant.walk(tenant.dialect.list_of(read))
    except NotJudged:
        return []
    return [{parameters[0]: sourced_id} for sourced_id in sample(tenant.rows_by_id(found))]


def _read_by_path(tenant: ObservedTenant, operation: Operation) -> str:
    """Return the single read whose path the nested path continues, by any name of its parameter and prefix."""
    before = operation.path.split("{")[0]
    reads = (read.operation_id for read in tenant.dialect.reads if before.endswith(read.path.split("{")[0]))
    return next(reads, "")


def needs_escaping(sourced_id: str) -> bool:
    """Return whether an id must be percent-encoded in a path."""
    return quote(sourced_id, safe="") != sourced_id


def sample(keys: Iterable[Key]) -> list[Key]:
    """Return up to three of the keys: the first, one that needs escaping, and the last."""
    # HTTP clients and servers resolve the path segments "." and "..", so such ids cannot be requested.
    known = [key for key in keys if not {".", ".."} & ({key} if isinstance(key, str) else set(key))]
    if not known:
        return []
    escaped = (key for key in known if any(map(needs_escaping, [key] if isinstance(key, str) else key)))
    return list(dict.fromkeys([known[0], next(escaped, known[len(known) // 2]), known[-1]]))[:SAMPLE]
