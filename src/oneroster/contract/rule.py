"""Rules and their registry.

A rule is a function with metadata::

    @rule(
        "OR-PAG-07",
        family="paging",
        title="Past the end of a collection the response is 200 with an empty array",
        clause="3.3 offset beyond the end [B]",
        example="offset=5000 of 40 rows returns 404",
        fix="return 200 with an empty array; clients stop reading there",
        over=collections,
    )
    def past_the_end(tenant, operation):
        ...
        yield Finding("...")

It is called for every operation that ``over`` returns, and yields a finding for each violation. If it yields none, the
rule holds for the operation. It raises a `NotJudged` if it cannot be judged.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from oneroster.contract.families import FAMILIES
from oneroster.contract.harm import HARM_OF_FAMILY, Harm
from oneroster.contract.levels import Level, level_of_clause
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster_runtime.specification import Operation

__all__ = ["FAMILIES", "Judge", "OperationSelector", "Rule", "register", "registered", "rule"]

Judge = Callable[[ObservedTenant, Operation], Iterable[Finding]]
OperationSelector = Callable[[ObservedTenant], Iterable[Operation]]

_RULES: Final[dict[str, "Rule"]] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause of the standard that the kit can check.

    Attributes:
        id: The id, as in ``OR-PAG-07``.
        family: One of `FAMILIES`.
        title: What must hold.
        clause: The clause of the standard, with its trust mark.
        over: Selects the operations to check.
        needs: Rules whose finding on the same operation would say the same, so that one cause gives one finding. A
            violated should does not hide a must.
        judge: Checks one operation.
        example: An example of a violation, without a full stop.
        fix: How to fix the server, without a full stop.
        own_harm: The harm of a violation; that of its family if None.
        stands_on: What the rule stands on in the document, besides the operation; see `oneroster.contract.grounds`.
    """

    id: str
    family: str
    title: str
    clause: str
    over: OperationSelector
    needs: tuple[str, ...]
    judge: Judge
    example: str = ""
    fix: str = ""
    own_harm: Harm | None = None
    stands_on: tuple[str, ...] = ()

    @property
    def harm(self) -> Harm:
        """What a violation does to those who read the tenant."""
        return self.own_harm or HARM_OF_FAMILY[self.family]

    @property
    def level(self) -> Level:
        """The level of the clause; on an operation, `oneroster.contract.grounds` may lower it."""
        return level_of_clause(self.clause)


def rule(
    rule_id: str,
    *,
    family: str,
    title: str,
    clause: str,
    over: OperationSelector,
    example: str,
    fix: str,
    needs: Sequence[str] = (),
    harm: Harm | None = None,
    stands_on: Sequence[str] = (),
) -> Callable[[Judge], Judge]:
    """Register the decorated function as a rule; see `Rule` for the arguments.

    Raises:
        ValueError: The id is taken, the family is unknown, the clause has no trust mark, or example or fix is empty.
    """
    if not example or not fix:
        raise ValueError(f"rule {rule_id}: an example of a violation and a fix are required")

    def decorate(judge: Judge) -> Judge:
        register(Rule(rule_id, family, title, clause, over, tuple(needs), judge, example, fix, harm, tuple(stands_on)))
        return judge

    return decorate


def register(new: Rule) -> None:
    """Add a rule to the registry; see `rule` for the errors."""
    level_of_clause(new.clause)
    if new.id in _RULES or new.family not in FAMILIES:
        raise ValueError(f"rule {new.id}: the id is taken, or there is no family {new.family!r}")
    _RULES[new.id] = new


def registered() -> tuple[Rule, ...]:
    """Return the registered rules, in the order of their registration."""
    return tuple(_RULES.values())
