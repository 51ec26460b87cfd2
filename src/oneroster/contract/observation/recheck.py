"""Re-check findings against fresh data, because a live tenant may change during a run.

Rules that compare two responses also see a difference if a record was added or removed between the two. A difference
that does not show again in newer responses was such a change.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import wraps
from typing import Final

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import ExplainedBy, KitError, NotEnoughData, NotJudged
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.walk import ObservedWalk, walk
from oneroster.contract.result import Finding
from oneroster_runtime.specification import Operation

__all__ = ["FreshTenant", "confirmed", "still_seen"]

Judge = Callable[[ObservedTenant, Operation], Iterator[Finding]]

LOOKS: Final = 2
"""Re-checks of one finding on a tenant that changes meanwhile."""
MOST_PAGES: Final = 10
"""Pages that are read again to find out whether a collection has changed."""
MORE_PAGES: Final = 2
"""Pages more than in the first walk; a collection that grew by more has changed."""


def confirmed(judge: Judge) -> Judge:
    """Decorate a judge so that it reports only findings that fresh data confirms, for the same records if any.

    The re-check repeats the requests that the findings name, and reads again whatever else the judge looks at, with the
    same parameters. What all re-checks share was read when it was first needed, so if the collection has changed since,
    the judge looks again at data that are all new. If a re-check is not possible, because the budget is spent or no
    response is received, the findings are reported unconfirmed.
    """

    @wraps(judge)
    def confirming(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
        try:
            found = list(judge(tenant, operation))
        except ExplainedBy as symptom:
            if isinstance(tenant, FreshTenant):
                raise
            found = _judged_anew(judge, tenant, operation, symptom)
        if isinstance(tenant, FreshTenant):
            yield from found
            return
        renewed = False
        for _ in range(LOOKS):
            if not found:
                break
            try:
                again = fresh(tenant, renewed=renewed)
                again.repeat(operation, _requests(found))
                found = still_seen(found, judge(again, operation))
                if not found or not has_changed(again, operation):
                    break
            except NotEnoughData:
                # What was found is not there any more, and nothing else is there to be judged.
                found = []
            except (KitError, NotJudged):
                break
            renewed = True
        yield from found

    return confirming


def _judged_anew(judge: Judge, tenant: ObservedTenant, operation: Operation, symptom: ExplainedBy) -> list[Finding]:
    """Judge again on new data, as long as the collection changes meanwhile.

    A symptom would be a violation if no other rule explained it, and may come from the change alone.

    Raises:
        ExplainedBy: The symptom was seen each time; it is not a violation if the collection changed each time as well.
    """
    view = tenant
    for _ in range(LOOKS):
        if not symptom.otherwise or not has_changed(view, operation):
            raise symptom
        view = fresh(tenant, renewed=True)
        try:
            return list(judge(view, operation))
        except ExplainedBy as again:
            symptom = again
    if has_changed(view, operation):
        symptom.otherwise = ""
    raise symptom


def has_changed(tenant: ObservedTenant, operation: Operation) -> bool:
    """Return whether one of the first pages of a collection that was read, or the last, is another one now.

    Raises:
        KitError: See `ObservedTenant.fetch`.
    """
    source = operation if operation.many else tenant.dialect.list_of(operation.operation_id)
    for found in tenant.walks(source) if source is not None else ():
        for page in {id(page): page for page in (*found.pages[:MOST_PAGES], *found.pages[-1:])}.values():
            now = tenant.fetch(page.operation, page.values, page.query)
            if now.rows != page.rows or now.total != page.total:
                return True
    return False


def still_seen(first: Sequence[Finding], second: Iterable[Finding]) -> list[Finding]:
    """Return the findings of a re-check that are about records of the first look, or about no record."""
    ids = _ids(first)
    return [each for each in second if not _ids([each]) or _ids([each]) & ids]


class _Newest:
    """The newest view of a tenant."""

    def __init__(self, tenant: ObservedTenant) -> None:
        self.view = FreshTenant(tenant)


def fresh(tenant: ObservedTenant, *, renewed: bool = False) -> "FreshTenant":
    """Return a view of the tenant with its own cache, shared by all re-checks; a new one if it is renewed."""
    newest = tenant.memo(_Newest, lambda: _Newest(tenant))
    if renewed:
        newest.view = FreshTenant(tenant)
    return newest.view


class FreshTenant(ObservedTenant):
    """A tenant that reads again, on first use, what an earlier view of it has read."""

    def __init__(self, earlier: ObservedTenant) -> None:
        super().__init__(earlier.gateway, earlier.seed, earlier.plan)
        self._earlier = earlier
        self.page_size = earlier.page_size
        self.trusts_totals = earlier.trusts_totals
        self._read_again: set[str] = set()
        self._walked_again: dict[str, tuple[ObservedWalk, ...]] = {}
        self._walking = threading.Lock()

    def repeat(self, operation: Operation, requests: Collection[str]) -> None:
        """Send again those requests to an operation that are among the given request lines, in the same order.

        Raises:
            KitError: See `ObservedTenant.ask`.
        """
        for response in self._earlier.readings(operation):
            if response.exchange.request in requests:
                self.ask(operation, response.values, response.query)

    def walks(self, operation: Operation) -> Sequence[ObservedWalk]:
        """Return the walks over a collection, done again on first use; see `ObservedTenant.walks`."""
        with self._walking:
            if operation.operation_id not in self._walked_again:
                walks = self._earlier.walks(operation)
                self._walked_again[operation.operation_id] = tuple(self._walk_again(each) for each in walks)
            return self._walked_again[operation.operation_id]

    def _walk_again(self, earlier: ObservedWalk) -> ObservedWalk:
        return walk(
            self.ask,
            earlier.operation,
            earlier.values,
            limit=earlier.limit,
            max_rows=self.gateway.limits.rows,
            max_pages=len(earlier.pages) + MORE_PAGES,
            trusts_totals=self.trusts_totals,
        )

    def readings(self, operation: Operation | None = None) -> list[ParsedResponse]:
        """Return the fresh responses; single records are read again on first use. See `ObservedTenant.readings`."""
        single = operation is not None and not operation.many and path_parameters(operation)
        if operation is not None and single and operation.operation_id not in self._read_again:
            self._read_again.add(operation.operation_id)
            for response in self._earlier.readings(operation):
                if not response.query:
                    self.ask(operation, response.values)
        return super().readings(operation)


def _requests(findings: Iterable[Finding]) -> set[str]:
    return {evidence.request for finding in findings for evidence in finding.evidence if evidence.request is not None}


def _ids(findings: Iterable[Finding]) -> set[str]:
    return {sourced_id for finding in findings for evidence in finding.evidence for sourced_id in evidence.ids}
