"""What a rule is, and the register of all rules.

A rule is one small function with its metadata::

    @rule(
        "OR-PAG-07",
        family="paging",
        title="Past the end there is 200 and an empty array",
        clause="3.3 offset beyond the end [B]",
        breach="offset=5000 of 40 rows is answered with 404",
        mend="answer 200 with an empty array; the reader's loop ends there",
        over=collections,
    )
    def past_the_end(tenant, operation):
        ...
        yield Finding("...")

It is called once for every operation that ``over`` names and yields a finding for each breach; no finding means the
rule holds there. It raises ``NotExercised`` when the tenant gave it nothing to judge.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Final

from oneroster.contract.levels import Level, level_of_clause
from oneroster.contract.result import Finding
from oneroster_v1p1.tables import Operation

if TYPE_CHECKING:
    from oneroster.contract.observation.tenant import Tenant

__all__ = ["FAMILIES", "Rule", "register", "rule", "select"]

FAMILIES: Final = (
    "envelope",
    "schema",
    "paging",
    "sorting",
    "filtering",
    "fields",
    "semantics",
    "access",
    "errors",
    "privacy",
    "http",
    "writes",
    "engine",
)
"""The families, in the order in which they run: the earlier ones are prerequisites of the later."""

type_of_judge = Callable[["Tenant", Operation], Iterable[Finding]]
type_of_subjects = Callable[["Tenant"], Iterable[Operation]]

_RULES: Final[dict[str, "Rule"]] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause of the standard that can be judged.

    ``needs`` names the rules that must hold on the same operation first, so that one cause gives one finding.
    ``breach`` is an example of what breaks it, ``mend`` what a server does about it; both without a full stop.
    """

    id: str
    family: str
    title: str
    clause: str
    over: "type_of_subjects"
    needs: tuple[str, ...]
    judge: "type_of_judge"
    breach: str = ""
    mend: str = ""

    @property
    def level(self) -> Level:
        """Must, should or open, by the certainty of the clause."""
        return level_of_clause(self.clause)


def rule(
    rule_id: str,
    *,
    family: str,
    title: str,
    clause: str,
    over: "type_of_subjects",
    breach: str,
    mend: str,
    needs: Sequence[str] = (),
) -> Callable[["type_of_judge"], "type_of_judge"]:
    """Register the decorated function as the rule ``rule_id``.

    Raises ``ValueError`` for an id that is taken, an unknown family, a clause without trust mark, or a rule that does
    not say what breaks it and how a server mends that.
    """
    if not breach or not mend:
        raise ValueError(f"rule {rule_id}: say by an example what breaks it, and how a server mends that")

    def decorate(judge: "type_of_judge") -> "type_of_judge":
        register(Rule(rule_id, family, title, clause, over, tuple(needs), judge, breach, mend))
        return judge

    return decorate


def register(new: Rule) -> None:
    """Take a rule into the register; see ``rule`` for the errors."""
    level_of_clause(new.clause)
    if new.id in _RULES or new.family not in FAMILIES:
        raise ValueError(f"rule {new.id}: the id is taken, or there is no family {new.family!r}")
    _RULES[new.id] = new


def catalogue() -> tuple[Rule, ...]:
    """All rules, in the order in which they run."""
    # The rules register themselves when their modules are imported.

    ordered = sorted(_RULES.values(), key=lambda known: (FAMILIES.index(known.family), known.id))
    needed = TopologicalSorter({known.id: known.needs for known in ordered})
    place = {name: number for number, name in enumerate(needed.static_order())}
    # Sorting by place alone would mix the families; a rule only has to come after those it needs in its own family.
    return tuple(sorted(ordered, key=lambda known: (FAMILIES.index(known.family), place[known.id])))


def select(include: Iterable[str] = (), exclude: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules of the catalogue chosen by family or id, without those excluded.

    Raises ``ValueError`` naming the words that are neither a family nor a rule id.
    """
    rules = catalogue()
    included, excluded = set(include), set(exclude)
    known = set(FAMILIES) | {each.id for each in rules}
    if unknown := sorted((included | excluded) - known):
        raise ValueError(f"no such family or rule: {', '.join(unknown)}; the families are {', '.join(FAMILIES)}")

    def named(each: Rule, names: set[str]) -> bool:
        return each.id in names or each.family in names

    return tuple(each for each in rules if (not included or named(each, included)) and not named(each, excluded))
