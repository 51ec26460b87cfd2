"""The catalogue of rules: all of them in the order in which they run, and the selection of some by name."""

from collections.abc import Iterable
from graphlib import TopologicalSorter

from oneroster.contract.rule import FAMILIES, Rule, registered

__all__ = ["catalogue", "select"]


def catalogue() -> tuple[Rule, ...]:
    """All rules, in the order in which they run."""
    # Importing the modules of a package registers their rules.
    from oneroster.contract import rules  # noqa: F401  # importing registers them

    ordered = sorted(registered(), key=lambda known: (FAMILIES.index(known.family), known.id))
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
