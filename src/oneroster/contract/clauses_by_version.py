"""What each rule is based on in each version of the standard: a clause with its level, or why it does not apply.

A rule names its clause of the first version that it applies to. Its clause in a later one is in the table of
clauses of that version.
A version without a table has the rules and clauses of the first.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, NamedTuple

from oneroster.contract.clauses import CLAUSES, Fact
from oneroster.contract.clauses_v1p2 import CLAUSES_V1P2, NOT_IN_V1P1, why_not
from oneroster.contract.levels import Level, level_of_clause
from oneroster.contract.rule import Rule

__all__ = ["VERSIONS", "Basis", "applicable", "basis", "clauses_in"]

_FIRST: Final = "1.1"
_CLAUSES: Final[Mapping[str, tuple[Fact, ...]]] = {"1.1": CLAUSES, "1.2": CLAUSES_V1P2}
VERSIONS: Final = tuple(_CLAUSES)
"""The versions with a table of clauses."""


class Basis(NamedTuple):
    """What a rule is based on in one version.

    Attributes:
        clause: The clause with its trust mark; empty if the rule does not apply.
        reason: Why the rule does not apply; empty if it does.
    """

    clause: str
    reason: str = ""

    @property
    def level(self) -> Level | None:
        """The level of the clause; None if the rule does not apply."""
        return level_of_clause(self.clause) if self.clause else None


def basis(rule: Rule, version: str) -> Basis:
    """Return what a rule is based on in a version."""
    reason = why_not(rule.id, version)
    if reason is not None:
        return Basis("", reason)
    # A rule that is new in a later version names its clause there.
    return Basis(rule.clause if rule.id in NOT_IN_V1P1 else _clause_by_rule(version).get(rule.id, rule.clause))


def applicable(rules: Iterable[Rule], version: str) -> tuple[Rule, ...]:
    """Return the rules that apply to a version."""
    return tuple(rule for rule in rules if basis(rule, version).clause)


def clauses_in(version: str) -> tuple[Fact, ...]:
    """Return the clauses of a version."""
    return _CLAUSES.get(version, CLAUSES)


@cache
def _clause_by_rule(version: str) -> dict[str, str]:
    if version == _FIRST or version not in _CLAUSES:
        return {}
    return {
        rule_id: f"{fact.section} {fact.text} [{fact.trust}]" for fact in _CLAUSES[version] for rule_id in fact.rules
    }
