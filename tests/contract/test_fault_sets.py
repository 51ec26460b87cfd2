"""More faults never look better: in a set of faults each is reported, or explained by another that is."""

import random
from itertools import combinations
from typing import Final

import pytest
from hypothesis import Phase, assume, given
from hypothesis import strategies as st

from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.faults.base import hooks_of
from oneroster.sandbox.faults.declarations import HOOK_PARTS
from oneroster.sandbox.variants import VARIANTS, variants_by_name
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
from tests.series import SEED, examples

BREAKING: Final = sorted(BROKEN_BY)
MOST_FAULTS: Final = 5
PAIRS: Final = 300
SLOW: Final = {name for name in BREAKING if FAULTS[name].needs.token_lifetime or FAULTS[name].needs.options}
"""Faults that need generated requests or short-lived tokens; each alone is tested in test_faults.py."""


def sampled_pairs() -> list[tuple[str, str]]:
    """Return the pairs of the sample, the same for one seed."""
    every = [pair for pair in combinations(sorted(set(BREAKING) - SLOW), 2) if compatible(*pair)]
    return sorted(random.Random(SEED).sample(every, min(PAIRS, len(every))))  # noqa: S311  # a sample repeats itself


@st.composite
def fault_sets(draw: st.DrawFn) -> list[str]:
    """Draw one to five faults that do not hide each other."""
    chosen: list[str] = []
    for _ in range(draw(st.integers(1, MOST_FAULTS))):
        others = [name for name in BREAKING if name not in chosen and all_compatible([*chosen, name])]
        if others:
            chosen.append(draw(st.sampled_from([name for name in others if name not in SLOW] or others)))
    return chosen


@examples(5, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.data(), fault_sets())
def test_more_faults_never_look_better(pytestconfig: pytest.Config, data: st.DataObject, names: list[str]) -> None:
    """By default the families that the faults touch are judged, with `--all` every rule."""
    size = data.draw(st.sampled_from([40, 41, 57]), "size")
    drawn = data.draw(st.lists(st.sampled_from(possible_variants(names)), max_size=2, unique=True), "variants")
    choices = [choice for name in drawn for choice in VARIANTS[name].choices]
    assume(len(choices) == len(set(choices)) and variants_by_name(drawn))
    report = judged(names, drawn, size, None if pytestconfig.option.all else families_for(names))
    assert unseen(report, names) == set(), names
    assert unexplained(report, names, drawn) == set(), names
    assert report.exit_code() == 1 or not breaks_a_must(names), names
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
