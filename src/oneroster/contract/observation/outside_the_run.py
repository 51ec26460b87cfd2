"""Why a rule is not judged in a run that leaves out all operations which the rule selects."""

from oneroster.contract.errors import NotJudged, NotOffered, NotRequested, Refused
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer

__all__ = ["outside_the_run"]


def outside_the_run(tenant: ObservedTenant, rule_id: str) -> NotJudged:
    """Return why none of the operations that a rule selects is part of the run.

    A run that names the rule and one operation gets the reason of that operation.
    """
    plan = tenant.plan
    if rule_id not in plan.named or plan.operations is None or len(plan.operations) != 1:
        return NotRequested("excluded")
    (name,) = plan.operations
    operation = tenant.dialect.operations.get(name)
    if operation is None:
        return NotOffered(f"{rule_id} does not apply to {name} in the profile {tenant.dialect.profile}")
    statuses = ", ".join(map(str, sorted({response.exchange.status for response in tenant.readings(operation)})))
    match tenant.offer(operation):
        case Offer.NO:
            return NotOffered(f"{name} is not offered (HTTP {statuses})")
        case Offer.REFUSED:
            return Refused(f"{name} is refused (HTTP {statuses})")
        case Offer.UNKNOWN:
            return NotOffered(f"{rule_id} does not apply to {name}, or no record was found to ask it for")
    return NotOffered(f"{rule_id} does not apply to {name}, or not to the data there")
