"""The snapshot that begins a run: every collection walked, and a sample of single records and nested collections.

Most rules need no further request.
"""

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import ExplainedBy, NoResponseError, NotJudged
from oneroster.contract.http.exchange import encoded_query
from oneroster.contract.http.parallel import map_parallel
from oneroster.contract.observation.membership import count_parents, in_subset
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.unreadable_tenant import require_data
from oneroster.contract.observation.walk import REPEATING, ROUND, ObservedWalk, walk
from oneroster_runtime.specification import Operation

__all__ = ["read_all_collections"]

SMALL_PAGE: Final = 100
"""Rows requested per page from a server that rejects a larger limit: the default page size."""
TOO_LARGE: Final = frozenset({400, 413, 416, 422})
"""Statuses with which servers reject a limit."""
SUCCESSFUL: Final = 200
REJECTING: Final = TOO_LARGE | {404}
"""Statuses with which a page is rejected, for its limit or for another reason."""
SAMPLE: Final = 3
"""Single records and parents per operation."""
MOST_KINDS: Final = 12
"""Further single records, one of each kind."""
MIN_PAGES: Final = 4
SHARE_OF_PAGES: Final = 20
"""One collection may use one twentieth of all requests."""

EQUAL_SIZES: Final = 3
"""Collections with the same number of rows, from which a maximum page size is inferred."""
LARGER_PAGE: Final = 10_000
"""Rows requested at once from a server that ignores the offset."""

Key = TypeVar("Key", str, tuple[str, ...])


class SampleRequest(NamedTuple):
    """A request for one single record or one nested collection; those of turn 0 are sent before those of turn 1."""

    operation: Operation
    values: dict[str, str]
    turn: int


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

    map_parallel(workers, read_collection, tenant.dialect.collections)
    _read_below_the_limit(tenant, tenant.dialect.collections)
    require_data(tenant)
    _distrust_totals(tenant)
    _distrust_equal_sizes(tenant)
    singles = [each for operation in tenant.dialect.reads for each in _sample_reads(tenant, operation)]
    nested = [each for operation in tenant.dialect.nested for each in _sample_parents(tenant, operation)]
    # Every operation is asked once before any is asked twice, in case the budget does not suffice for all.
    for turn in range(SAMPLE + 1):
        map_parallel(workers, lambda each: _read_single(tenant, each, progress), _of_turn(singles, turn))
        map_parallel(workers, lambda each: _read_nested(tenant, each, progress), _of_turn(nested, turn))
    _read_below_the_limit(tenant, tenant.dialect.nested)


def _distrust_totals(tenant: ObservedTenant) -> None:
    """Read all collections again, without trusting X-Total-Count, if it counts the rows of a page."""
    walks = [each for operation in tenant.dialect.collections for each in tenant.walks(operation)]
    ended = [each for each in walks if each.complete and len(each.pages) == 1 and each.pages[0].total == len(each)]
    # Servers cut pages at a round number; others are as long as their collection.
    round_ones = [each for each in ended if len(each) > 0 and len(each) % ROUND == 0]
    largest = max(round_ones, key=len, default=None)
    if largest is None:
        return
    with contextlib.suppress(NoResponseError):
        page = tenant.ask(largest.operation, largest.values, {"limit": 1, "offset": 0})
        if page.problem is None and (len(page.rows) != 1 or page.total != len(largest)):
            tenant.trusts_totals = False
            for each in ended:
                again = _walk_in_pages(tenant, each.operation, each.values, tenant.page_size)
                tenant.replace_walk(each, again)


def _distrust_equal_sizes(tenant: ObservedTenant) -> None:
    """Regard collections without paging as cut if several of them have the same number of rows: a maximum page size."""
    walks = [each for operation in tenant.dialect.collections for each in tenant.walks(operation)]
    unproven = [each for each in walks if each.unpaged and each.complete and not _announced(tenant, each)]
    sizes = Counter(len(each) for each in unproven if len(each) <= each.limit)
    for each in unproven:
        if sizes[len(each)] >= EQUAL_SIZES:
            each.complete = False
            each.stop(ExplainedBy(REPEATING, each.unpaged), each.unpaged)


def _announced(tenant: ObservedTenant, found: ObservedWalk) -> bool:
    """Return whether the rows of a walk are as many as the server says, and can be believed."""
    return tenant.trusts_totals and found.pages[0].total == len(found)


def _of_turn(requests: list[SampleRequest], turn: int) -> list[SampleRequest]:
    return [each for each in requests if each.turn == turn]


def _read_single(tenant: ObservedTenant, request: SampleRequest, progress: Callable[[str], None]) -> None:
    if request.turn == 0:
        progress(request.operation.operation_id)
    with contextlib.suppress(NoResponseError):
        tenant.ask(request.operation, request.values)


def _read_nested(tenant: ObservedTenant, request: SampleRequest, progress: Callable[[str], None]) -> None:
    if request.turn == 0:
        progress(request.operation.operation_id)
    _walk(tenant, request.operation, request.values)


def _walk(tenant: ObservedTenant, operation: Operation, values: dict[str, str]) -> None:
    found = _walk_in_pages(tenant, operation, values, tenant.page_size)
    if not found.pages and _rejects_the_limit(tenant, operation, values):
        tenant.page_size = SMALL_PAGE
        found = _walk_in_pages(tenant, operation, values, tenant.page_size)
    if found.unpaged and not found.complete and len(found) == tenant.page_size:
        # A server that ignores the offset has more rows than fit on the page.
        larger = _walk_in_pages(tenant, operation, values, min(LARGER_PAGE, tenant.gateway.limits.rows))
        found = larger if larger.complete else found
    tenant.add_walk(found)


def _rejects_the_limit(tenant: ObservedTenant, operation: Operation, values: dict[str, str]) -> bool:
    """Return whether the first page is rejected, and would not be with a smaller limit."""
    statuses = {reading.exchange.status for reading in tenant.readings(operation) if reading.values == values}
    if tenant.page_size == SMALL_PAGE or not statuses or not statuses <= TOO_LARGE:
        return False
    return tenant.ask(operation, values, {"limit": SMALL_PAGE, "offset": 0}).problem is None


def _read_below_the_limit(tenant: ObservedTenant, operations: Iterable[Operation]) -> None:
    """Read collections again whose first page was rejected, and is not with a smaller limit."""
    if not _is_anything_served(tenant):
        return
    for operation in operations:
        walks = tenant.walks(operation)
        # A collection that is not offered rejects the page of every parent.
        for earlier in walks if not any(each.pages for each in walks) else ():
            rows = _rows_below_the_limit(tenant, operation, earlier.values)
            if rows is None:
                break
            tenant.replace_walk(earlier, _walk_in_pages(tenant, operation, earlier.values, rows))


def _is_anything_served(tenant: ObservedTenant) -> bool:
    """Return whether a collection was read, or the first one can be with the smallest limit, where all are rejected."""
    statuses = {reading.exchange.status for reading in tenant.readings()}
    if SUCCESSFUL in statuses or not statuses or not statuses <= REJECTING:
        return SUCCESSFUL in statuses
    with contextlib.suppress(NoResponseError):
        first = tenant.dialect.collections[0]
        return tenant.probe(first.path, encoded_query({"limit": 1, "offset": 0})).status == SUCCESSFUL
    return False


def _rows_below_the_limit(tenant: ObservedTenant, operation: Operation, values: dict[str, str]) -> int | None:
    """Return how many rows a collection has whose first page is rejected with a larger limit; None if it is not that.

    A collection that is served with the smallest limit exists, so no other limit is a reason for 404.
    """
    readings = tenant.readings(operation)
    statuses = {reading.exchange.status for reading in readings if reading.values == values}
    if not statuses or not statuses <= REJECTING:
        return None
    smallest = tenant.ask(operation, values, {"limit": 1, "offset": 0})
    if smallest.problem is not None or not smallest.rows:
        return None
    tenant.ask(operation, values, {"limit": SMALL_PAGE, "offset": 0})
    return min(smallest.total or 1, SMALL_PAGE)


def _walk_in_pages(tenant: ObservedTenant, operation: Operation, values: dict[str, str], limit: int) -> ObservedWalk:
    limits = tenant.gateway.limits
    max_pages = max(MIN_PAGES, limits.requests // SHARE_OF_PAGES)
    return walk(
        tenant.ask,
        operation,
        values,
        limit=limit,
        max_rows=limits.rows,
        max_pages=max_pages,
        trusts_totals=tenant.trusts_totals,
    )


def _sample_reads(tenant: ObservedTenant, operation: Operation) -> Iterator[SampleRequest]:
    (parameter,) = path_parameters(operation)
    known = _known_ids(tenant, tenant.dialect.list_of(operation.operation_id))
    ids = dict.fromkeys([*sample(known), *between(known, f"{tenant.seed} {operation.operation_id}")])
    ids |= dict.fromkeys(_one_of_each_kind(tenant, operation))
    yield from (SampleRequest(operation, {parameter: name}, min(turn, SAMPLE)) for turn, name in enumerate(ids))


def _one_of_each_kind(tenant: ObservedTenant, operation: Operation) -> list[str]:
    """Return the last plain id of each value of each enumeration: servers often serve only some kinds of records."""
    if operation.subset is not None:
        return []
    enumerated = [known.name for known in tenant.properties(operation.element).values() if known.kind == "enumeration"]
    try:
        rows = tenant.known_rows(tenant.dialect.list_of(operation.operation_id))
    except NotJudged:
        return []
    found = {
        (name, str(row.get(name))): sourced_id
        for sourced_id, row in rows.items()
        for name in enumerated
        if isinstance(row.get(name), str) and not needs_escaping(sourced_id) and sourced_id not in (".", "..")
    }
    return list(dict.fromkeys(found.values()))[:MOST_KINDS]


def _known_ids(tenant: ObservedTenant, operation: Operation | None) -> list[str]:
    """Return the ids that a collection lists; of a specialised one, those of records of its kind."""
    try:
        rows = tenant.known_rows(operation)
    except NotJudged:
        return []
    # A server that spells every role in its own way has none of the kind: its records are read all the same.
    own = [name for name, row in rows.items() if in_subset(row, operation.subset if operation else None)]
    return own or list(rows)


def _sample_parents(tenant: ObservedTenant, operation: Operation) -> Iterator[SampleRequest]:
    found = _parents_with_rows(tenant, operation) or _parents_from_lists(tenant, operation)
    yield from (SampleRequest(operation, values, turn) for turn, values in enumerate(found))


def _parents_with_rows(tenant: ObservedTenant, operation: Operation) -> list[dict[str, str]]:
    """Return parents that records refer to, those with most rows first, which exercise most."""
    try:
        counts = count_parents(tenant, operation, complete=False)
    except NotJudged:
        return []
    parents = operation.scope.parents if operation.scope else ()
    names = [parent.parameter for parent in parents]
    # A term is looked for among the terms, not only among the sessions.
    listed = [_listed_ids(tenant, tenant.dialect.list_of(parent.read)) for parent in parents]
    ordered = [
        combination
        for combination, _ in counts.most_common()
        if all(known is None or name in known for name, known in zip(combination, listed, strict=True))
    ]
    return [dict(zip(names, combination, strict=True)) for combination in sample(ordered)]


def _listed_ids(tenant: ObservedTenant, operation: Operation | None) -> set[str] | None:
    """Return the ids that a collection lists, or None if it was not read."""
    try:
        tenant.known_rows(operation)
    except NotJudged:
        return None
    return set(_known_ids(tenant, operation))


def _parents_from_lists(tenant: ObservedTenant, operation: Operation) -> list[dict[str, str]]:
    """Return parents from every collection that was read, if the data does not say which of them have rows."""
    parameters = path_parameters(operation)
    if operation.scope is not None:
        reads = {parent.parameter: parent.read for parent in operation.scope.parents}
    else:
        reads = dict.fromkeys(parameters[:1], _read_by_path(tenant, operation))
    sides = [sample(_known_ids(tenant, tenant.dialect.list_of(reads.get(name, "")))) for name in parameters]
    return [dict(zip(parameters, each, strict=True)) for each in zip(*sides, strict=False)]


def _read_by_path(tenant: ObservedTenant, operation: Operation) -> str:
    """Return the single read whose path the nested path continues, by any name of its parameter and prefix."""
    before = operation.path.split("{")[0]
    reads = (read.operation_id for read in tenant.dialect.reads if before.endswith(read.path.split("{")[0]))
    return next(reads, "")


def needs_escaping(sourced_id: str) -> bool:
    """Return whether an id must be percent-encoded in a path."""
    return quote(sourced_id, safe="") != sourced_id


def between(ids: list[str], seed: str) -> list[str]:
    """Return an id from within a list, another one with each seed: not all records are at its ends or in its middle."""
    inner = [name for name in ids[1:-1] if name not in (".", "..")]
    return [random.Random(seed).choice(inner)] if inner else []  # noqa: S311 - not used for security


def sample(keys: Iterable[Key]) -> list[Key]:
    """Return up to three of the keys: the first, one that needs escaping, and the last."""
    # HTTP clients and servers resolve the path segments "." and "..", so such ids cannot be requested.
    known = [key for key in keys if not {".", ".."} & ({key} if isinstance(key, str) else set(key))]
    if not known:
        return []
    escaped = (key for key in known if any(map(needs_escaping, [key] if isinstance(key, str) else key)))
    return list(dict.fromkeys([known[0], next(escaped, known[len(known) // 2]), known[-1]]))[:SAMPLE]
