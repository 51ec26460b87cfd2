"""Rules about the whole run, which are judged once, after all others, even if the tenant could not be read."""

from collections.abc import Iterator

from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import Check, Status
from oneroster_runtime.specification import Operation

__all__ = ["FailedChecks", "whole_run"]


def whole_run(_tenant: ObservedTenant) -> Iterator[Operation]:
    """Select no operation: the rule is about all requests of the run.

    The runner judges such a rule once, at the end.
    """
    return iter(())


class FailedChecks:
    """What checks of the run have shown so far: a rule about the whole run does not report it a second time.

    Attributes:
        requests: The rules that failed, by the request lines in their evidence.
        operations: The operations of which a rule is violated, by rule, whatever the level.
    """

    def __init__(self) -> None:
        self.requests: dict[str, set[str]] = {}
        self.operations: dict[str, set[str]] = {}

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "FailedChecks":
        """Return the failed checks of a tenant."""
        return tenant.memo(cls, cls)

    def add(self, check: Check) -> None:
        """Add a violation."""
        if check.operation_id is not None:
            self.operations.setdefault(check.id, set()).add(check.operation_id)
        for evidence in check.evidence if check.status is Status.FAILED else ():
            if evidence.request is not None:
                self.requests.setdefault(evidence.request, set()).add(check.id)
