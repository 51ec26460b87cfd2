"""The selection of the rules and operations of a run, by the names that ``--include`` and ``--exclude`` take."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.rule import FAMILIES, Rule
from oneroster_runtime.specification import Specification
from oneroster_runtime.specification.vocabulary import nearest

__all__ = ["RuleSelection", "rule_selection"]


class RuleSelection(NamedTuple):
    """The rules and operations of a run.

    Attributes:
        rules: The rules, in the order of the run.
        operations: The operationIds; None for all.
        named: The families and rules that were named to be included; none if all are.
        excluded: The ids of the excluded rules.
        pairs: The operationIds that some rules are limited to, by the id of the rule; None where no rule was narrowed.
    """

    rules: tuple[Rule, ...]
    operations: frozenset[str] | None
    named: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    pairs: Mapping[str, frozenset[str]] | None = None

    def narrowed(self, chosen: Mapping[str, Sequence[str]], known: Mapping[str, Sequence[str]]) -> "RuleSelection":
        """Return the selection of some pairs of rule and operation.

        A rule that is chosen with all of its operations is not limited to them, because it may choose others by the
        data of the tenant. If that is so for every chosen rule, only rules were chosen.

        Args:
            chosen: The names of operations, by the id of each chosen rule.
            known: The names of all operations that each rule may be judged on.
        """
        if all(set(chosen.get(name, ())) == set(names) for name, names in known.items()):
            return self
        rules = tuple(rule for rule in self.rules if chosen.get(rule.id))
        limited = {rule.id: frozenset(chosen[rule.id]) for rule in rules if set(chosen[rule.id]) != set(known[rule.id])}
        operations = frozenset(name for names in chosen.values() for name in names) if limited else self.operations
        return self._replace(rules=rules, operations=operations, pairs=limited)


def rule_selection(
    specification: Specification, include: Iterable[str] = (), exclude: Iterable[str] = ()
) -> RuleSelection:
    """Return the rules and operations that names select.

    Args:
        specification: The version of the standard, whose operations can be named.
        include: Families, ids of rules and operationIds. Without a family or rule among them, all rules are selected;
            without an operationId, all operations.
        exclude: The same, to leave out.

    Raises:
        ValueError: A name is unknown.
    """
    included, excluded = set(include), set(exclude)
    operations = specification.operations.keys()
    known = {*FAMILIES, *(each.id for each in catalogue()), *operations}
    if unknown := sorted((included | excluded) - known):
        hints = [found for name in unknown if (found := nearest(name, sorted(known)))]
        raise ValueError(
            f"no such family, rule or operation: {', '.join(unknown)}{''.join(hints)}"
            if hints
            else f"no such family, rule or operation: {', '.join(unknown)}; the families are {', '.join(FAMILIES)}, "
            "`oneroster rules` lists the rules, and operations are named by operationId, such as getAllOrgs"
        )
    rules = select(included - operations, excluded - operations)
    named = frozenset(included - operations)
    left_out = frozenset(each.id for each in select(excluded - operations)) if excluded - operations else frozenset()
    chosen = (included & operations or operations) - excluded if (included | excluded) & operations else None
    return RuleSelection(rules, None if chosen is None else frozenset(chosen), named, left_out)
