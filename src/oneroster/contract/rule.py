"""What a rule is, and the register of all rules.

A rule is one small function with its metadata::

    @rule(
        "OR-PAG-07",
        family="paging",
        title="Past the end there is 200 and an empty array",
        clause="3.3 offset beyond the end [B]",
        example="offset=5000 of 40 rows is answered with 404",
        fix="answer 200 with an empty array; the reader's loop ends there",
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
from typing import TYPE_CHECKING, Final

from oneroster.contract.levels import Level, level_of_clause
from oneroster.contract.result import Finding
from oneroster_v1p1.tables import Operation

if TYPE_CHECKING:
    from oneroster.contract.observation.tenant import ObservedTenant

__all__ = ["FAMILIES", "Judge", "Rule", "Subjects", "register", "registered", "rule"]

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

Judge = Callable[["ObservedTenant", Operation], Iterable[Finding]]
Subjects = Callable[["ObservedTenant"], Iterable[Operation]]

_RULES: Final[dict[str, "Rule"]] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause of the standard that can be judged.

    ``needs`` names the rules that must hold on the same operation first, so that one cause gives one finding.
    ``example`` is an example of a violation, ``fix`` says how to fix the server; both without a full stop.
    """

    id: str
    family: str
    title: str
    clause: str
    over: Subjects
    needs: tuple[str, ...]
    judge: Judge
    example: str = ""
    fix: str = ""

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
    over: Subjects,
    example: str,
    fix: str,
    needs: Sequence[str] = (),
) -> Callable[[Judge], Judge]:
    """Register the decorated function as the rule ``rule_id``.

    Raises ``ValueError`` for an id that is taken, an unknown family, a clause without trust mark, or a rule that does
    not say what breaks it and how to fix the server.
    """
    if not example or not fix:
        raise ValueError(f"rule {rule_id}: say by an example what breaks it, and how to fix the server")

    def decorate(judge: Judge) -> Judge:
        register(Rule(rule_id, family, title, clause, over, tuple(needs), judge, example, fix))
        return judge

    return decorate


def register(new: Rule) -> None:
    """Take a rule into the register; see ``rule`` for the errors."""
    level_of_clause(new.clause)
    if new.id in _RULES or new.family not in FAMILIES:
        raise ValueError(f"rule {new.id}: the id is taken, or there is no family {new.family!r}")
    _RULES[new.id] = new


def registered() -> tuple[Rule, ...]:
    """Return the rules that are registered, in the order of their registration."""
    return tuple(_RULES.values())
