"""A second look at what was found wrong, so that a tenant which changes meanwhile raises no alarm.

Rules that compare one answer with another see a difference also when a record came or went between the two. What a
second look, at answers that are all newer, does not show again was such a change.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import KitError, NotExercised
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.result import Finding
from oneroster_v1p1.tables import Operation

__all__ = ["FreshTenant", "confirmed"]

Judge = Callable[[ObservedTenant, Operation], Iterator[Finding]]

_MOST_PAGES: Final = 2
"""Pages more than at the first look; what has grown by more than that has changed."""


def confirmed(judge: Judge) -> Judge:
    """A judge that tells only what a second look shows as well: for the same records, where it names any.

    When the second look cannot be taken, because the budget is spent or no answer comes, the first one stands.
    """

    @wraps(judge)
    def judged(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        first = list(judge(tenant, operation))
        if not first or isinstance(tenant, FreshTenant):
            yield from first
            return
        try:
            second = list(judge(fresh(tenant), operation))
        except (KitError, NotExercised):
            yield from first
            return
        known = _ids(first)
        yield from (each for each in second if not _ids([each]) or _ids([each]) & known)

    return judged


def fresh(tenant: ObservedTenant) -> "FreshTenant":
    """The tenant as it is now; each collection is read again when it is first needed, and then kept."""
    with _OPENING:
        if tenant.later is None:
            tenant.later = FreshTenant(tenant)
    return tenant.later


class FreshTenant(ObservedTenant):
    """A tenant at the second look: it walks and reads again what the first look walked and read."""

    def __init__(self, earlier: ObservedTenant) -> None:
        walks = _WalkedAgain(self)
        super().__init__(earlier.gateway, earlier.seed, earlier.plan, walks)
        self._earlier = earlier
        self._read_again: set[str] = set()

    def walk(self, operation: Operation | None) -> ObservedWalk:
        """The second walk over a collection without parents; see ``ObservedTenant.walk``."""
        if operation is not None and self._earlier.walks.get(operation.operation_id):
            _ = self.walks[operation.operation_id]
        return super().walk(operation)

    def walk_again(self, operation_id: str) -> list[ObservedWalk]:
        """The walks of the first look over a collection, done once more."""
        return [
            walk(
                self.ask,
                found.operation,
                found.values,
                limit=found.limit,
                most_rows=self.gateway.limits.rows,
                most_pages=len(found.pages) + _MOST_PAGES,
            )
            for found in self._earlier.walks.get(operation_id, ())
        ]

    def readings(self, operation: Operation | None = None) -> list[ParsedResponse]:
        """The answers of the second look; single records that the first look read are read again now."""
        single = operation is not None and not operation.many and path_parameters(operation)
        if operation is not None and single and operation.operation_id not in self._read_again:
            self._read_again.add(operation.operation_id)
            for reading in self._earlier.readings(operation):
                if not reading.query:
                    self.ask(operation, reading.values)
        return super().readings(operation)


class _WalkedAgain(defaultdict[str, list[ObservedWalk]]):
    """The walks of the second look, each done when it is first asked for."""

    def __init__(self, tenant: FreshTenant) -> None:
        super().__init__()
        self._tenant = tenant

    def __missing__(self, operation_id: str) -> list[ObservedWalk]:
        self[operation_id] = self._tenant.walk_again(operation_id)
        return self[operation_id]


_OPENING: Final = threading.Lock()


def _ids(findings: list[Finding]) -> set[str]:
    return {sourced_id for finding in findings for evidence in finding.evidence for sourced_id in evidence.ids}
