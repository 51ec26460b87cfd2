"""Say why a rule selects no operation of a tenant."""

from collections.abc import Iterator

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotJudged, NotOffered, Refused, Unanswered
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster.contract.observation.obstacles import unread

__all__ = ["nothing_to_judge"]


def nothing_to_judge(tenant: ObservedTenant) -> NotJudged:
    """Return the likeliest cause for which a rule selects no operation.

    A collection that could not be read, or not to its end, may be the one that the rule would select, so that is the
    cause. Without one, the tenant has too little data or does not offer what the rule is about.
    """
    obstacles = {type(each): each for each in _obstacles(tenant)}
    for kind in (ExplainedBy, Unanswered, Refused):
        if kind in obstacles:
            return obstacles[kind]
    if obstacles:
        return next(iter(obstacles.values()))
    rows = max((len(found) for each in tenant.dialect.collections for found in tenant.walks(each)), default=0)
    if rows < 2:
        return NotEnoughData(rows, 2, "rows in a collection")
    return NotOffered("the tenant offers nothing that this rule is about")


def _obstacles(tenant: ObservedTenant) -> Iterator[NotJudged]:
    """Yield why collections and single reads that the tenant serves could not be read completely."""
    for operation in (*tenant.dialect.collections, *tenant.dialect.nested, *tenant.dialect.reads):
        responses = tenant.readings(operation)
        if tenant.offer(operation) is Offer.YES and all(response.problem is not None for response in responses):
            yield unread(operation, responses, tenant.unanswered.get(operation.operation_id))
    for operation in tenant.dialect.collections:
        yield from (found.incomplete for found in tenant.walks(operation) if found.pages and not found.complete)
