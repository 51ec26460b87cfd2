"""The suite as a whole: series run as a sample unless `--all` is given, and chance has a seed that is printed.

Mark a test with many dear cases `@pytest.mark.series(by=...)`, where `by` makes the stratum of a case from its
parameters; a sample is of as many strata as possible. With `dear=True` it is one case.
`tests/series.py` holds the size of the samples.
"""

import gc
from typing import Any

import hypothesis
import pytest
from _pytest import pytester
from hypothesis import HealthCheck

from tests import series

LEFT_OUT = pytest.StashKey[list[str]]()
LEFT_OUT_BY_WORKER = "left_out"
ONLY_WHOLE = f"{series.ONLY_WHOLE}: a dear test that a step of its own runs with --all"
SERIES = f"{series.MARK}(by=None, dear=False): a series of dear cases, of which a sample runs without --all"


LOADED_ONCE = ("hypothesis", "oneroster", "pyspark_oneroster", "schemathesis")
"""How the names of packages begin of which two copies of a module do not work together."""


class KeepsLibraries(pytester.SysModulesSnapshot):  # type: ignore[misc]  # private to pytest
    """Keeps what a session inside a test imports of these packages; pytester would have them imported again."""

    def __init__(self, preserve: Any = None) -> None:
        super().__init__(lambda name: name.startswith(LOADED_ONCE) or bool(preserve and preserve(name)))


pytester.SysModulesSnapshot = KeepsLibraries  # type: ignore[misc]  # pytest has no hook for it

# What imports and the collection make is there until the end; to look through it costs a quarter of the collection.
gc.disable()


class LeftOut:
    """Stands for a test that a worker left out, in the numbers of the summary."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run every case of the long series, and more examples")
    parser.addoption("--engines", action="store_true", help="run tests/engines too, which need Spark, dlt and Java")
    parser.addoption("--examples", type=int, help="examples that Hypothesis tries of each property")
    parser.addoption("--seed", type=int, default=series.SEED, help="seed of the samples and of Hypothesis")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", SERIES)
    config.addinivalue_line("markers", ONLY_WHOLE)
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(config.option.seed)
    hypothesis.settings.register_profile(
        "suite",
        # A busy machine is no fault, and a run repeats itself.
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
        max_examples=config.option.examples or series.EXAMPLES[config.option.all],
    )
    hypothesis.settings.load_profile("suite")


def pytest_report_header(config: pytest.Config) -> str:
    number = f"{series.SAMPLE} cases of each, {series.DEAR} of the dearest, --all for every case"
    return f"series: {'every case' if config.option.all else number}; --seed {config.option.seed}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.all:
        return
    items[:], left_out = series.split(items, config.option.seed)
    config.stash[LEFT_OUT] = [item.nodeid for item in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """Collect garbage again, without what is there already, and less often."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker of pytest-xdist left out to the summary; by itself it reports no deselected tests."""
    # Also after a collection that failed, in a session inside a test.
    gc.enable()
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output[LEFT_OUT_BY_WORKER] = session.config.stash.get(LEFT_OUT, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Count once what every worker left out, for they all leave out the same."""
    config: pytest.Config = node.config
    left_out = getattr(node, "workeroutput", {}).get(LEFT_OUT_BY_WORKER, [])
    if left_out and LEFT_OUT not in config.stash:
        config.stash[LEFT_OUT] = left_out
        config.hook.pytest_deselected(items=[LeftOut() for _ in left_out])
