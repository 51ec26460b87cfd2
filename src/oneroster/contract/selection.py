"""What a run is to judge: rules, by family or id, and operations, by operationId."""

from collections.abc import Iterable
from typing import NamedTuple

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.rule import FAMILIES, Rule
from oneroster_v1p1.tables import OPERATIONS

__all__ = ["RuleSelection", "choose"]


class RuleSelection(NamedTuple):
    """The rules and the operationIds to judge; None for all operations."""

    rules: tuple[Rule, ...]
    operations: frozenset[str] | None


def choose(include: Iterable[str] = (), exclude: Iterable[str] = ()) -> RuleSelection:
    """What the names of families, rules and operations choose; without a name of a sort, all of that sort.

    Raises ``ValueError`` naming the words that are none of these.
    """
    included, excluded = set(include), set(exclude)
    known = {*FAMILIES, *(each.id for each in catalogue()), *OPERATIONS}
    if unknown := sorted((included | excluded) - known):
        raise ValueError(
            f"no such family, rule or operation: {', '.join(unknown)}; the families are {', '.join(FAMILIES)}, "
            "`oneroster rules` lists the rules, and operations are named by operationId, such as getAllOrgs"
        )
    operations = OPERATIONS.keys()
    rules = select(included - operations, excluded - operations)
    if not (included | excluded) & operations:
        return RuleSelection(rules, None)
    return RuleSelection(rules, frozenset((included & operations or operations) - excluded))
