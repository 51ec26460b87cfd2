"""Rules about the whole run, which are judged once, after all others, even if the tenant could not be read."""

from collections.abc import Iterator

from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster_runtime.specification import Operation

__all__ = ["FailedRequests", "ToldRequests", "whole_run"]


def whole_run(_tenant: ObservedTenant) -> Iterator[Operation]:
    """Select no operation: the rule is about the requests of the whole run, whatever they were sent for.

    The runner judges such a rule once, at the end.
    """
    return iter(())


class FailedRequests(set[str]):
    """The request lines in the evidence of failed checks: what they showed is not reported a second time."""

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "FailedRequests":
        """Return the request lines of a tenant's failed checks."""
        return tenant.memo(cls, cls)


class ToldRequests(set[str]):
    """The request lines in the evidence of all violations, shoulds too, for rules that are no musts themselves."""

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "ToldRequests":
        """Return the request lines of a tenant's violations."""
        return tenant.memo(cls, cls)
