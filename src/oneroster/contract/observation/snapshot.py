"""The first look at a tenant: every collection walked once, then single records and nested collections sampled.

Most rules judge what was seen here and ask nothing more.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, TypeVar
from urllib.parse import quote

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import AccessRefusedError, NoAnswerError, NotExercised, UnjudgeableError
from oneroster.contract.http.parallel import map_parallel
from oneroster.contract.observation.membership import parents_in_data
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster_v1p1.tables import Operation

__all__ = ["take_snapshot"]

PAGE: Final = 1000
"""Rows asked for at once; servers that serve less cut the page."""
SAMPLE: Final = 3
"""Single records and parents asked for per operation."""
SHARE_OF_PAGES: Final = 20
"""One collection may use this fraction of all requests: one in twenty."""

Key = TypeVar("Key", str, tuple[str, ...])


def take_snapshot(tenant: ObservedTenant, progress: Callable[[str], None]) -> None:
    """Walk every collection and sample every other read; what was met is kept in ``tenant``.

    Raises ``AccessRefusedError`` when every collection is refused, ``UnjudgeableError`` when none can be read, and
    ``BudgetSpentError``.
    """
    workers = tenant.gateway.limits.workers

    def collection(operation: Operation) -> None:
        progress(operation.operation_id)
        _walk(tenant, operation, {})

    def read(operation: Operation) -> None:
        progress(operation.operation_id)
        _sample_reads(tenant, operation)

    def nested(operation: Operation) -> None:
        progress(operation.operation_id)
        for values in _sample_parents(tenant, operation):
            _walk(tenant, operation, values)

    map_parallel(workers, collection, tenant.dialect.collections)
    _require_something(tenant)
    map_parallel(workers, read, tenant.dialect.reads)
    map_parallel(workers, nested, tenant.dialect.nested)


def _walk(tenant: ObservedTenant, operation: Operation, values: dict[str, str]) -> None:
    limits = tenant.gateway.limits
    most_pages = max(4, limits.requests // SHARE_OF_PAGES)
    found = walk(tenant.ask, operation, values, limit=PAGE, most_rows=limits.rows, most_pages=most_pages)
    tenant.walks[operation.operation_id].append(found)


def _require_something(tenant: ObservedTenant) -> None:
    readings = tenant.readings()
    if any(reading.exchange.status == 200 for reading in readings):
        return
    statuses = Counter(reading.exchange.status for reading in readings)
    seen = ", ".join(f"HTTP {status} {count} times" for status, count in sorted(statuses.items())) or "no answer"
    if readings and set(statuses) <= {401, 403}:
        raise AccessRefusedError(f"every collection is refused ({seen}); check the credentials and their scopes")
    raise UnjudgeableError(
        f"no collection can be read at {tenant.gateway.target.base_url} ({seen}); "
        "check that the base URL ends in /ims/oneroster/v1p1"
    )


def _sample_reads(tenant: ObservedTenant, operation: Operation) -> None:
    (parameter,) = path_parameters(operation)
    try:
        found = tenant.walk(tenant.dialect.list_of(operation.operation_id))
    except NotExercised:
        return
    for sourced_id in sample(tenant.by_id(found)):
        try:
            tenant.ask(operation, {parameter: sourced_id})
        except NoAnswerError:
            continue


def _sample_parents(tenant: ObservedTenant, operation: Operation) -> list[dict[str, str]]:
    try:
        counts = parents_in_data(tenant, operation)
    except NotExercised:
        return _parents_from_lists(tenant, operation)
    names = [parent.parameter for parent in operation.scope.parents] if operation.scope else []
    # Those with most rows first: they exercise most.
    ordered = [combination for combination, _ in counts.most_common() if _served(tenant, operation, combination)]
    return [dict(zip(names, combination, strict=True)) for combination in sample(ordered)]


def _served(tenant: ObservedTenant, operation: Operation, combination: tuple[str, ...]) -> bool:
    """Whether the tenant lists every parent as what it is meant to be: a term as a term, not as a mere session."""
    parents = operation.scope.parents if operation.scope else ()
    for parent, sourced_id in zip(parents, combination, strict=True):
        try:
            listed = tenant.by_id(tenant.walk(tenant.dialect.list_of(parent.read)))
        except NotExercised:
            continue
        if sourced_id not in listed:
            return False
    return True


def _parents_from_lists(tenant: ObservedTenant, operation: Operation) -> list[dict[str, str]]:
    """Parents by the mere list of them, where the data does not say which of them have rows."""
    parameters = path_parameters(operation)
    if len(parameters) != 1:
        return []
    read = operation.scope.parents[0].read if operation.scope else _read_by_path(tenant, operation)
    try:
        found = tenant.walk(tenant.dialect.list_of(read))
    except NotExercised:
        return []
    return [{parameters[0]: sourced_id} for sourced_id in sample(tenant.by_id(found))]


def _read_by_path(tenant: ObservedTenant, operation: Operation) -> str:
    """The single read whose path the nested path continues, whatever its parameter and prefix are called."""
    before = operation.path.split("{")[0]
    reads = (read.operation_id for read in tenant.dialect.reads if before.endswith(read.path.split("{")[0]))
    return next(reads, "")


def needs_escaping(sourced_id: str) -> bool:
    """Whether an id cannot stand in a path as it is."""
    return quote(sourced_id, safe="") != sourced_id


def sample(keys: Iterable[Key]) -> list[Key]:
    """Up to three of the keys: the first, one with an id that needs escaping, and the last."""
    known = [key for key in keys if not {".", ".."} & ({key} if isinstance(key, str) else set(key))]
    if not known:
        return []
    awkward = (key for key in known if any(map(needs_escaping, [key] if isinstance(key, str) else key)))
    return list(dict.fromkeys([known[0], next(awkward, known[len(known) // 2]), known[-1]]))[:SAMPLE]
