"""Coverage of a run: for each operation whether it is served, how often it was requested, how fast, with what query.

It is taken from the gateway's log, so that requests of the engine count as well as those of the rules.
"""

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable
from urllib.parse import urlsplit

from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.sender import LogEntry
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import OperationSeen
from oneroster_runtime.specification import Operation

__all__ = ["operation_at", "operation_coverage"]


def operation_coverage(tenant: ObservedTenant) -> tuple[OperationSeen, ...]:
    """Return the coverage of every operation of the tenant's dialect, in the order of the document."""
    operations = tuple(tenant.dialect.operations.values())
    base_paths = [urlsplit(url).path for url in tenant.gateway.target.urls.values()]
    entries = _by_operation(tenant.gateway.log, operations, base_paths)
    return tuple(_seen(tenant, operation, entries[operation.operation_id]) for operation in operations)


def operation_at(tenant: ObservedTenant, exchange: Exchange) -> Operation | None:
    """Return the operation at the path of a request, that of its method if there is one; None if none has that path."""
    path = exchange.target.partition("?")[0]
    known = (*tenant.dialect.operations.values(), *tenant.standard.specification.operations.values())
    at_path = [operation for operation in known if _pattern(operation.path).fullmatch(path)]
    same = (operation for operation in at_path if operation.method == exchange.method)
    return next(same, next(iter(at_path), None))


def _by_operation(
    log: Iterable[LogEntry], operations: tuple[Operation, ...], base_paths: Iterable[str]
) -> defaultdict[str, list[LogEntry]]:
    """Group log entries by operation; entries for other paths, such as the token endpoint, are left out."""
    patterns = [(each.method, _pattern(each.path), each.operation_id) for each in operations]
    found: defaultdict[str, list[LogEntry]] = defaultdict(list)
    for entry in log:
        base = next((each for each in base_paths if entry.path.startswith(each)), "")
        path = entry.path.removeprefix(base)
        matches = (name for method, pattern, name in patterns if method == entry.method and pattern.fullmatch(path))
        if (name := next(matches, None)) is not None:
            found[name].append(entry)
    return found


def _pattern(template: str) -> re.Pattern[str]:
    literal = re.split(r"\{[^}]*\}", template)
    return re.compile("[^/]+".join(map(re.escape, literal)))


def _seen(tenant: ObservedTenant, operation: Operation, entries: list[LogEntry]) -> OperationSeen:
    seconds = [entry.seconds for entry in entries if entry.status is not None]
    parameters = tuple(each.name for each in operation.parameters if each.location == "query")
    used = frozenset().union(*(entry.parameters for entry in entries))
    return OperationSeen(
        operation.operation_id,
        operation.tag,
        operation.method,
        operation.path,
        str(tenant.offer(operation)),
        len(entries),
        statistics.median(seconds) if seconds else None,
        max(seconds, default=None),
        parameters,
        tuple(name for name in parameters if name in used),
    )
