"""The catalogue of rules: all rules in the order of a run, and the selection of rules by name."""

from collections.abc import Iterable
from graphlib import TopologicalSorter

from oneroster.contract.rule import FAMILIES, Rule, registered
from oneroster_runtime.specification.vocabulary import nearest

__all__ = ["catalogue", "select"]


def catalogue() -> tuple[Rule, ...]:
    """Return all rules, in the order of a run."""
    from oneroster.contract import rules  # noqa: F401  # importing registers them

    ordered = sorted(registered(), key=lambda known: (FAMILIES.index(known.family), known.id))
    needed = TopologicalSorter({known.id: known.needs for known in ordered})
    position = {name: number for number, name in enumerate(needed.static_order())}
    # Within a family, rules follow those that they need; families stay together.
    return tuple(sorted(ordered, key=lambda known: (FAMILIES.index(known.family), position[known.id])))


def select(include: Iterable[str] = (), exclude: Iterable[str] = ()) -> tuple[Rule, ...]:
    """Return the rules selected by family or id.

    Args:
        include: Families and ids to include; all if empty.
        exclude: Families and ids to exclude.

    Raises:
        ValueError: A name is neither a family nor a rule id, or no rule is left.
    """
    rules = catalogue()
    included, excluded = set(include), set(exclude)
    known = set(FAMILIES) | {each.id for each in rules}
    if unknown := sorted((included | excluded) - known):
        hints = "".join(nearest(name, sorted(known)) for name in unknown)
        families = f"; the families are {', '.join(FAMILIES)}"
        raise ValueError(f"no such family or rule: {', '.join(unknown)}{hints or families}")

    def named(each: Rule, names: set[str]) -> bool:
        return each.id in names or each.family in names

    chosen = tuple(each for each in rules if (not included or named(each, included)) and not named(each, excluded))
    if not chosen:
        raise ValueError("no rule is left: all that are included are excluded as well")
    return chosen
