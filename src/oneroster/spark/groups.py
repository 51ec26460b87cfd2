"""Group tenants for the tasks of a job: a tenant is in one task only, and the largest are first."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from statistics import fmean
from typing import Final

from oneroster.pull.tenant import Tenant

__all__ = ["groups"]

_ROUNDS: Final = 4
"""How many tenants a task has for each of those that it pulls at once. More would leave other cores without work."""

Unit = tuple[float, list[Tenant]]


def groups(
    tenants: Sequence[Tenant],
    *,
    at_once: int,
    tasks: int,
    sizes: Mapping[str, int] | None = None,
    hosts: Mapping[str, str] | None = None,
) -> list[list[Tenant]]:
    """Return the tenants of each task, the largest first, so that the last task is not a long one.

    Args:
        tenants: The tenants.
        at_once: The number of tenants that a task pulls at once.
        tasks: The number of tasks that run at once.
        sizes: The rows of tenants, by name, as far as they are known. A tenant that is far larger than the others has a
            task of its own.
        hosts: The host of each tenant, if the tenants of a host must be in one task; None if not.
    """
    known = sizes or {}
    average = fmean(known.values()) if known else 1.0
    weights = {tenant.name: float(known.get(tenant.name, average)) or 1.0 for tenant in tenants}
    most = max(1, min(_ROUNDS * at_once, ceil(len(tenants) / tasks)))
    heaviest = most * fmean(weights.values()) if weights else 0.0
    found: list[list[Tenant]] = []
    weight = 0.0
    for more, unit in sorted(_units(tenants, weights, hosts), key=lambda each: -each[0]):
        if not found or weight + more > heaviest or len(found[-1]) + len(unit) > most:
            found.append([])
            weight = 0.0
        found[-1] += unit
        weight += more
    return found


def _units(tenants: Iterable[Tenant], weights: Mapping[str, float], hosts: Mapping[str, str] | None) -> Iterable[Unit]:
    """Return what cannot be divided: a tenant, or all tenants of a host."""
    units: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        units.setdefault(tenant.name if hosts is None else hosts[tenant.name], []).append(tenant)
    return [(sum(weights[tenant.name] for tenant in unit), unit) for unit in units.values()]
