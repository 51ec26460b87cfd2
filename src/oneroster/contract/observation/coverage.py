"""What a run met of each operation: whether it is served, how often it was asked, how fast, by what query.

Judged by the gateway's log, so that the engine's requests count as well as those of the rules.
"""

import re
import statistics
from collections import defaultdict
from urllib.parse import urlsplit

from oneroster.contract.http.gateway import LogEntry
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import OperationSeen
from oneroster_v1p1.tables import Operation

__all__ = ["observe"]


def observe(tenant: ObservedTenant) -> tuple[OperationSeen, ...]:
    """Every operation of the tenant's profile, in the order of the document."""
    operations = tuple(tenant.dialect.operations.values())
    base = urlsplit(tenant.gateway.target.base_url).path
    by_operation = _sorted(tenant.gateway.log, operations, base)
    return tuple(_seen(tenant, operation, by_operation[operation.operation_id]) for operation in operations)


def _sorted(log: list[LogEntry], operations: tuple[Operation, ...], base: str) -> defaultdict[str, list[LogEntry]]:
    """The entries of the log by operation; what fits none (the token endpoint, unknown paths) is left out."""
    patterns = [(each.method, _pattern(each.path), each.operation_id) for each in operations]
    found: defaultdict[str, list[LogEntry]] = defaultdict(list)
    for entry in log:
        path = entry.path.removeprefix(base)
        fits = (name for method, pattern, name in patterns if method == entry.method and pattern.fullmatch(path))
        if (name := next(fits, None)) is not None:
            found[name].append(entry)
    return found


def _pattern(template: str) -> re.Pattern[str]:
    literal = re.split(r"\{[^}]*\}", template)
    return re.compile("[^/]+".join(map(re.escape, literal)))


def _seen(tenant: ObservedTenant, operation: Operation, entries: list[LogEntry]) -> OperationSeen:
    answered = [entry.seconds for entry in entries if entry.status is not None]
    parameters = tuple(each.name for each in operation.parameters if each.location == "query")
    used = frozenset().union(*(entry.parameters for entry in entries))
    return OperationSeen(
        operation.operation_id,
        operation.tag,
        operation.method,
        operation.path,
        str(tenant.offer(operation)),
        len(entries),
        statistics.median(answered) if answered else None,
        max(answered, default=None),
        parameters,
        tuple(name for name in parameters if name in used),
    )
