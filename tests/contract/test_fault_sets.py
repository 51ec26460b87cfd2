"""More faults never look better: in a set of faults each is reported, or explained by another that is."""

import random
from itertools import combinations
from typing import Final, NamedTuple

import pytest

from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.faults.base import hooks_of
from oneroster.sandbox.faults.declarations import HOOK_PARTS
from oneroster.sandbox.variants import VARIANTS
from oneroster.standard import Standard
from tests.contract.fault_sets import (
    all_compatible,
    breaks_a_must,
    compatible,
    families_for,
    judged,
    possible_variants,
    rules_for,
    unexplained,
    unseen,
)
from tests.contract.matrix import BROKEN_BY
from tests.series import SEED

BREAKING: Final = sorted(BROKEN_BY)
MOST_FAULTS: Final = 5
PAIRS: Final = 300
SETS: Final = 200
SIZES: Final = (40, 41, 57)
SLOW: Final = {name for name in BREAKING if FAULTS[name].needs.token_lifetime or FAULTS[name].needs.options}
"""Faults that need generated requests or short-lived tokens; each alone is tested in test_faults.py."""


def sampled_pairs() -> list[tuple[str, str]]:
    """Return the pairs of the sample, the same for one seed."""
    every = [pair for pair in combinations(sorted(set(BREAKING) - SLOW), 2) if compatible(*pair)]
    return sorted(random.Random(SEED).sample(every, min(PAIRS, len(every))))  # noqa: S311  # a sample repeats itself


class FaultSet(NamedTuple):
    """What a tenant of the sample is: its faults, its variants, and how many users it has."""

    faults: tuple[str, ...]
    variants: tuple[str, ...]
    size: int

    def __str__(self) -> str:
        return "+".join((*self.faults, *self.variants, str(self.size)))


def drawn_set(chance: random.Random) -> FaultSet:
    """Return one to five faults that do not hide each other, with up to two variants under which they show."""
    faults: list[str] = []
    for _ in range(chance.randint(1, MOST_FAULTS)):
        others = [name for name in BREAKING if name not in faults and all_compatible([*faults, name])]
        if others:
            faults.append(chance.choice([name for name in others if name not in SLOW] or others))
    possible = possible_variants(faults)
    drawn: list[str] = []
    for name in chance.sample(possible, min(chance.randint(0, 2), len(possible))):
        if not {choice for other in drawn for choice in VARIANTS[other].choices} & set(VARIANTS[name].choices):
            drawn.append(name)
    return FaultSet(tuple(faults), tuple(drawn), chance.choice(SIZES))


def sampled_sets() -> list[FaultSet]:
    """Return the sets of the sample, the same for one seed."""
    chance = random.Random(SEED)  # noqa: S311  # a sample repeats itself
    return list(dict.fromkeys(drawn_set(chance) for _ in range(SETS)))


@pytest.mark.series
@pytest.mark.parametrize("drawn", sampled_sets(), ids=str)
def test_more_faults_never_look_better(pytestconfig: pytest.Config, drawn: FaultSet) -> None:
    """By default the families that the faults touch are judged, with `--all` every rule."""
    names = drawn.faults
    report = judged(names, drawn.variants, drawn.size, None if pytestconfig.option.all else families_for(names))
    assert unseen(report, names) == set()
    assert unexplained(report, names, drawn.variants) == set()
    assert report.exit_code() == 1 or not breaks_a_must(names)
    assert not report.kit_errors()


@pytest.mark.series
@pytest.mark.parametrize("pair", sampled_pairs(), ids="+".join)
def test_of_two_faults_none_hides_the_other(pair: tuple[str, str]) -> None:
    report = judged(pair, rules=rules_for(pair))
    assert unseen(report, pair) == set()
    assert unexplained(report, pair) == set()
    assert report.exit_code() == 1 or not breaks_a_must(pair)


@pytest.mark.series
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_declares_what_exists(name: str) -> None:
    needs = FAULTS[name].needs
    elements = Standard.of().specification.elements
    assert needs.without <= set(VARIANTS)
    assert needs.elements <= {each for each in elements if elements[each].collection}
    assert needs.options <= {"fuzz", "negative", "stateful"}


def test_faults_that_change_the_same_step_are_not_combined() -> None:
    for one, other in combinations(BREAKING, 2):
        shared = set(hooks_of(FAULTS[one])) & set(hooks_of(FAULTS[other])) & set(HOOK_PARTS)
        assert not (shared and compatible(one, other)), (one, other, shared)
