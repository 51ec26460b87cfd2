"""Samples of series: of as many strata as possible, the same each time, and what is left out is counted."""

from collections.abc import Hashable
from pathlib import Path

import pytest

from tests.series import SAMPLE, sample, split

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[1]
STRATA = [number % 7 for number in range(70)]
CONFTEST = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.conftest import *"
SERIES = """
    import pytest

    @pytest.mark.series(by=lambda parameters: parameters["number"] // 10)
    @pytest.mark.parametrize("number", range(100))
    def test_many(number):
        pass

    @pytest.mark.series
    @pytest.mark.parametrize("number", range(100))
    def test_more(number):
        pass

    @pytest.mark.parametrize("number", range(100))
    def test_all(number):
        pass
"""


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [1, SAMPLE, 7, 20])
def test_a_sample_is_of_as_many_strata_as_possible(seed: int, size: int) -> None:
    chosen = sample(STRATA, f"{seed}", size)
    assert len(chosen) == size
    assert len({STRATA[place] for place in chosen}) == min(size, 7)


@pytest.mark.parametrize("strata", [[], [None], [None] * SAMPLE])
def test_a_short_series_runs_in_full(strata: list[Hashable]) -> None:
    assert sample(strata, "1", SAMPLE) == set(range(len(strata)))


def test_the_same_seed_gives_the_same_sample_and_others_give_others() -> None:
    assert sample(STRATA, "1") == sample(STRATA, "1")
    assert set().union(*(sample(STRATA, f"{seed}") for seed in range(200))) == set(range(70))


@pytest.mark.filterwarnings("ignore:Unknown pytest.mark.series")
def test_only_series_are_cut_and_the_order_stays(pytester: pytest.Pytester) -> None:
    items = pytester.getitems(SERIES)
    kept, left_out = split(items, seed=1)
    names = [item.name for item in kept]
    assert names == [item.name for item in items if item.name in names]
    assert len(kept) == 100 + 2 * SAMPLE
    assert {*kept, *left_out} == {*items}


def test_workers_leave_out_the_same_and_it_is_counted_once(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(SERIES)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis", "-n", "2")
    result.assert_outcomes(passed=100 + 2 * SAMPLE, deselected=200 - 2 * SAMPLE)
    result.stdout.fnmatch_lines(["series: * cases of each, *; --seed *"])
