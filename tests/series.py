"""Samples of the long series: which cases run by default, and how many."""

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final

import pytest
from hypothesis import settings

SAMPLE: Final = 3
"""How many cases of each series run without `--all`: of as many strata as that, if it has several."""

SEED: Final = 20261129
"""The seed of the samples and of Hypothesis, unless `--seed` gives another."""

DEAR: Final = 1
"""The same of a series whose cases take several seconds each, `@pytest.mark.series(dear=True)`."""

MARK: Final = "series"
ONLY_WHOLE: Final = "only_with_all"
EXAMPLES: Final = {False: 20, True: 400}
"""The examples that Hypothesis tries of each property without and with `--all`, where a test does not say."""

Stratum = Callable[[Mapping[str, Any]], Hashable]


def stratum_of(item: pytest.Item) -> Hashable:
    """Return the stratum of one case of a series: what its mark makes of the parameters of the test."""
    mark = item.get_closest_marker(MARK)
    by: Stratum | None = mark.kwargs.get("by") if mark else None
    callspec = getattr(item, "callspec", None)
    return by(callspec.params) if by and callspec else None


def size_of(item: pytest.Item) -> int:
    """Return how many cases of a series run, by its mark."""
    mark = item.get_closest_marker(MARK)
    return DEAR if mark and mark.kwargs.get("dear") else SAMPLE


def series_of(item: pytest.Item) -> str:
    """Return the name that the cases of one series share."""
    return item.nodeid.partition("[")[0]


def sample(strata: Sequence[Hashable], seed: str, size: int = SAMPLE) -> set[int]:
    """Return the positions of a sample: one case of each stratum as far as the size allows, then others.

    The sample depends on the seed and the strata only, so that every worker takes the same.
    """
    chance = random.Random(seed)  # noqa: S311  # a sample repeats itself
    order = list(range(len(strata)))
    chance.shuffle(order)
    first = {strata[place]: place for place in reversed(order)}
    chosen = [place for place in order if first[strata[place]] == place]
    return set([*chosen, *(place for place in order if place not in chosen)][:size])


def split(items: Sequence[pytest.Item], seed: int) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests that run by default, in their order, and those that only `--all` runs."""
    series: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker(MARK):
            series.setdefault(series_of(item), []).append(item)
    left_out = {item for item in items if item.get_closest_marker(ONLY_WHOLE)}
    for name, cases in series.items():
        chosen = sample([stratum_of(case) for case in cases], f"{seed} {name}", size_of(cases[0]))
        left_out |= {case for place, case in enumerate(cases) if place not in chosen}
    return [item for item in items if item not in left_out], [item for item in items if item in left_out]


def examples(number: int, **options: Any) -> settings:
    """Return Hypothesis settings for a dear property: so many examples, and twenty times as many with `--all`."""
    return settings(max_examples=max(1, number * settings.default.max_examples // EXAMPLES[False]), **options)
