"""The operations that each rule may be judged on, as far as that is known before a request is sent."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.errors import NotRequested
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster.contract.observation.whole_run import whole_run
from oneroster.contract.rule import Rule
from oneroster.contract.run_plan import RunPlan
from oneroster_runtime.specification import Operation

__all__ = ["WHOLE_RUN", "Candidates", "candidates"]

WHOLE_RUN: Final = "tenant"
"""What stands in place of an operation where a rule is about the tenant as a whole, or not part of the run."""

Candidates = Mapping[str, tuple[str, ...]]
"""The names of the operations that a rule may be judged on, by the id of the rule; `WHOLE_RUN` for none."""

_CHOSEN_BY_DATA: Final = {
    "single_reads": "reads",
    "single_reads_from_lists": "reads",
    "personal_reads": "reads",
    "asked_nested": "nested",
    "largest_and_single_reads": "collections and reads",
    "with_unknown_names": "collections and reads",
    "largest_of_each_kind": "collections and nested",
    "with_expected_errors": "operations",
    "operations_for_invalid_requests": "operations",
}
"""Where a selector that looks at the data of the tenant chooses from, if not from the collections without a parent."""


class _DocumentedTenant(ObservedTenant):
    """A tenant that serves all that its dialect documents, and holds no data."""

    def readable(self, operations: tuple[Operation, ...]) -> Iterator[Operation]:
        return iter(operations)

    def offer(self, operation: Operation) -> Offer:  # noqa: ARG002  # as its base class has it
        return Offer.YES


def candidates(target: Target, rules: Iterable[Rule], plan: RunPlan) -> Candidates:
    """Return the operations that each rule may be judged on. Nothing is sent.

    A run may judge a rule on fewer: the tenant need not serve all of them, and some rules choose by the data.

    Args:
        target: The tenant, of which only the dialect and the kind of credentials matter.
        rules: The rules of the run.
        plan: What the run covers.

    Raises:
        OverlayError: The target's dialect does not exist.
    """
    tenant = _DocumentedTenant(Gateway(target, RunBudget(requests=0)), plan=plan)
    known = applicable(rules, target.standard.version)
    return {rule.id: tuple(dict.fromkeys(_names(tenant, rule))) or (WHOLE_RUN,) for rule in known}


def _names(tenant: ObservedTenant, rule: Rule) -> Iterator[str]:
    if rule.over is whole_run:
        return
    try:
        subjects = list(rule.over(tenant))
    except NotRequested:
        return
    except Exception:
        # A selector that looks at data finds none, and may fail in any way.
        subjects = []
    for each in subjects or _chosen_by_data(tenant, rule):
        if tenant.plan.judges(each.operation_id):
            yield each.operation_id


def _chosen_by_data(tenant: ObservedTenant, rule: Rule) -> tuple[Operation, ...]:
    dialect = tenant.dialect
    match _CHOSEN_BY_DATA.get(getattr(rule.over, "__name__", "")):
        case "reads":
            return dialect.reads
        case "nested":
            return dialect.nested
        case "collections and reads":
            return dialect.collections + dialect.reads
        case "collections and nested":
            return dialect.collections + dialect.nested
        case "operations":
            return tuple(dialect.operations.values())
    return dialect.collections
