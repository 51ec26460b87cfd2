"""More faults never look better: in a set of faults each is reported, or explained by another that is."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Any, Final, NamedTuple
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from oneroster.contract.http.target import DEFAULT_PROFILE
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.faults.base import hooks_of
from oneroster.sandbox.faults.declarations import HOOK_PARTS
from oneroster.sandbox.variants import VARIANTS
from oneroster.standard import Standard
from tests.contract.fault_sets import (
    FAMILIES,
    all_compatible,
    breaks_a_must,
    compatible,
    families_for,
    judged,
    possible_profiles,
    possible_variants,
    rules_for,
    rules_of,
    unexplained,
    unseen,
)
from tests.series import EXAMPLES, SEED

VERSIONS: Final = ("1.1", "1.2")
MOST_FAULTS: Final = 5
PAIRS: Final = 300
FEW: Final = 5
FEW_ONLY: Final = settings().max_examples == EXAMPLES[False]
SIZES: Final = (40, 41, 57)
SLOW: Final = {name for name in FAULTS if FAULTS[name].needs.token_lifetime or FAULTS[name].needs.options}
"""Faults that need generated requests or short-lived tokens; pairs leave them out, sets do not."""


@cache
def breaking(version: str) -> list[str]:
    """Return the faults that break a rule in a version."""
    return sorted(rules_of(version))


def version_of(parameters: Mapping[str, Any]) -> str:
    """Return the version of one case, so that a sample has cases of each."""
    version: str = parameters["drawn"].version
    return version


class Pair(NamedTuple):
    """Two faults in a tenant of one version."""

    version: str
    faults: tuple[str, str]

    def __str__(self) -> str:
        return "+".join((self.version, *self.faults))


def sampled_pairs(version: str) -> list[Pair]:
    """Return the pairs of the sample, the same for one seed."""
    every = [pair for pair in combinations(sorted(set(breaking(version)) - SLOW), 2) if compatible(*pair)]
    pairs = sorted(random.Random(SEED).sample(every, min(PAIRS, len(every))))  # noqa: S311  # a sample repeats itself
    return [Pair(version, pair) for pair in pairs]


class FaultSet(NamedTuple):
    """What a tenant of the sample is: its version and profile, faults, variants, and how many users it has."""

    version: str
    faults: tuple[str, ...]
    variants: tuple[str, ...]
    size: int
    profile: str

    def __str__(self) -> str:
        return "+".join((self.version, *self.faults, *self.variants, str(self.size), self.profile))


def chosen_set(choose: Callable[[Sequence[Any]], Any]) -> FaultSet:
    """Choose one to five faults that do not hide each other, with up to two variants and a profile that show them.

    The check gets the access and the options that the faults need.
    """
    version = choose(VERSIONS)
    faults: list[str] = []
    for _ in range(choose(range(1, MOST_FAULTS + 1))):
        others = [name for name in breaking(version) if name not in faults and all_compatible([*faults, name])]
        if others:
            faults.append(choose(others))
    variants: list[str] = []
    for _ in range(choose(range(3))):
        set_already = {choice for name in variants for choice in VARIANTS[name].choices}
        possible = [
            each for each in possible_variants(faults, version) if not set_already & set(VARIANTS[each].choices)
        ]
        if possible:
            variants.append(choose(possible))
    size, profile = choose(SIZES), choose(possible_profiles(faults, version))
    return FaultSet(version, tuple(faults), tuple(variants), size, profile)


@st.composite
def fault_sets(draw: st.DrawFn) -> FaultSet:
    """Draw a set of faults; what differs least from others comes first when a failure is simplified."""
    return chosen_set(lambda options: draw(st.sampled_from(options)))


def with_few_examples(test: Callable[..., None]) -> Callable[..., None]:
    """Add the sets that run without `--all`: the same in every process, while draws depend on what was imported."""
    for number in range(FEW):
        chosen = chosen_set(random.Random(f"{SEED} {number}").choice)  # noqa: S311  # a sample repeats itself
        test = example(drawn=chosen)(test)
    return test


@with_few_examples
@given(drawn=fault_sets())
@settings(
    max_examples=settings().max_examples,
    phases=[Phase.explicit] if FEW_ONLY else list(Phase),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_more_faults_never_look_better(pytestconfig: pytest.Config, drawn: FaultSet) -> None:
    """By default the families that the faults touch are judged, with `--all` every rule; each set has its own seed."""
    version, names, variants, size, profile = drawn
    rules = None if pytestconfig.option.all else families_for(names, version)
    report = judged(names, variants, size, rules, version, profile, seed=crc32(str(drawn).encode()))
    assert unseen(report, names, version) == set()
    assert unexplained(report, names, variants, version) == set()
    assert report.exit_code() == 1 or not breaks_a_must(names, version)
    assert not report.kit_errors()


ONCE_HIDDEN: Final = (
    # An end with 404, and null where a filter finds nothing.
    FaultSet("1.1", ("error-past-end", "null-when-empty"), (), 41, DEFAULT_PROFILE),
    # Pages that are wrong, and a filter that is lost beside a sort.
    FaultSet("1.2", ("repeated-row", "combined-filter-lost"), (), 41, DEFAULT_PROFILE),
    FaultSet("1.1", ("limit-ignored", "combined-filter-lost"), (), 40, DEFAULT_PROFILE),
    # Statuses in other letters, and OR that nested collections reject.
    FaultSet("1.1", ("words-in-capitals", "nested-or-refused"), (), 40, DEFAULT_PROFILE),
    # Another finding on the request line of the page that shows the fault.
    FaultSet("1.2", ("filtered-wrapper-by-path", "refusal-in-other-words"), (), 41, DEFAULT_PROFILE),
    # A media type with which the engine follows no link.
    FaultSet("1.2", ("text-media-type", "unreadable-middle"), (), 41, DEFAULT_PROFILE),
    # Pages that are filtered afterwards, by rows that another fault has chosen.
    FaultSet("1.1", ("filter-within-page", "digits-as-numbers"), (), 40, DEFAULT_PROFILE),
    # Filters that rules on the whole run have sent after the rule on media types.
    FaultSet("1.1", ("filtered-as-text", "due-days-equal"), (), 57, DEFAULT_PROFILE),
    # Another order of rows, which is no change of the collection.
    FaultSet("1.1", ("special-bounds-included", "order-by-page-size"), (), 41, DEFAULT_PROFILE),
    # Two causes of a 500 to one request.
    FaultSet("1.1", ("unknown-property-crashes", "put-takes-bare", "put-crashes-on-junk"), (), 40, DEFAULT_PROFILE),
    # An operation of the vendor, of which nothing is certain.
    FaultSet("1.1", ("date-equals-nothing",), (), 40, "kimono"),
)
"""Sets of which a check once did not see a fault, or took one for no must."""


@pytest.mark.series(by=version_of)
@pytest.mark.parametrize("drawn", ONCE_HIDDEN, ids=str)
def test_a_fault_that_was_hidden_in_an_earlier_version_is_seen(drawn: FaultSet) -> None:
    version, names, variants, size, profile = drawn
    report = judged(names, variants, size, families_for(names, version), version, profile)
    assert unseen(report, names, version) == set()
    assert unexplained(report, names, variants, version) == set()
    assert report.exit_code() == 1 or not breaks_a_must(names, version)


@pytest.mark.series(by=version_of)
@pytest.mark.parametrize("drawn", [drawn for version in VERSIONS for drawn in sampled_pairs(version)], ids=str)
def test_of_two_faults_none_hides_the_other(drawn: Pair) -> None:
    version, pair = drawn
    report = judged(pair, rules=rules_for(pair, version), version=version)
    assert unseen(report, pair, version) == set()
    assert unexplained(report, pair, version=version) == set()
    assert report.exit_code() == 1 or not breaks_a_must(pair, version)


def served_elements(version: str) -> set[str]:
    elements = Standard.of(version).specification.elements
    return {each for each in elements if elements[each].collection}


def shown_on_short_pages(version: str) -> list[tuple[str, str]]:
    """Return the faults of rows, order and totals that show on a server that shortens pages."""
    families = ("filtering", "sorting", "combinations", "paging", "fields")
    return [
        (version, name)
        for name in breaking(version)
        if FAMILIES[rules_of(version)[name]] in families and "page-cap" in possible_variants([name], version)
    ]


@pytest.mark.series
@pytest.mark.parametrize(
    ("version", "name"),
    [("1.1", "filter-ignored"), ("1.2", "desc-ignored")]
    + [pair for version in VERSIONS for pair in shown_on_short_pages(version)],
)
def test_short_pages_make_one_fault_no_more_findings(version: str, name: str) -> None:
    report = judged([name], ["page-cap"], version=version, rules=families_for([name, "filter-ignored"], version))
    assert unseen(report, [name], version) == set()
    assert unexplained(report, [name], ["page-cap"], version) == set()


@pytest.mark.series
@pytest.mark.parametrize("name", [each for each in breaking("1.1") if "kimono" in possible_profiles([each])])
def test_a_fault_shows_under_each_profile_that_it_does_not_exclude(name: str) -> None:
    report = judged([name], rules=families_for([name]), profile="kimono")
    assert unseen(report, [name]) == set()
    assert unexplained(report, [name]) == set()


@pytest.mark.series
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_declares_what_exists(name: str) -> None:
    needs = FAULTS[name].needs
    assert needs.without <= {*VARIANTS, *Standard.of("1.1").specification.profiles}
    assert any(needs.elements <= served_elements(version) for version in VERSIONS)
    assert needs.options <= {"fuzz", "negative", "stateful"}


def test_faults_that_change_the_same_step_are_not_combined() -> None:
    for one, other in combinations(sorted({*breaking("1.1"), *breaking("1.2")}), 2):
        shared = set(hooks_of(FAULTS[one])) & set(hooks_of(FAULTS[other])) & set(HOOK_PARTS)
        assert not (shared and compatible(one, other)), (one, other, shared)
