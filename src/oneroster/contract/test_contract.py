"""Every rule of the contract kit on every operation, as tests of a live tenant.

Run ``pytest --pyargs oneroster.contract --base-url https://sis.example/ims/oneroster/v1p1`` with ``ONEROSTER_TOKEN`` in
the environment. The base URL can be an environment variable as well. All tests read the report of one run, and so do
all workers of pytest-xdist.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import pytest

from oneroster.contract.baseline import apply_baseline
from oneroster.contract.http.target import Target
from oneroster.contract.pytest_plugin import (
    NO_TENANT,
    add_summary,
    baseline_from,
    candidates_from,
    run_options_from,
    shared_file,
    target_from,
)
from oneroster.contract.pytest_suite.collectors import selected_tests
from oneroster.contract.pytest_suite.shared_run import SharedRun, run_once
from oneroster.contract.pytest_suite.suite_report import SuiteReport
from oneroster.contract.result import CheckReport

__all__ = ["oneroster_report", "oneroster_target", "test_rule"]

RUNS: Final = pytest.StashKey[dict[str, SharedRun]]()
"""The run of each module that has the tests; other plugins may mix its tests with those of other modules."""


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> Target | None:
    """Return the tenant that the command line or the environment names."""
    return target_from(pytestconfig)


@pytest.fixture(scope="module")
def oneroster_report(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, oneroster_target: Target | None
) -> Iterator[SuiteReport]:
    """Run the rules and operations of the selected tests once, for all tests and all workers.

    What makes `oneroster check` end with 3 or 4 is one error, of the process that ran them.
    """
    if oneroster_target is None:
        pytest.skip(NO_TENANT)
    config = request.config
    tests: defaultdict[str, list[str]] = defaultdict(list)
    for test in selected_tests(request.node):
        tests[test.rule.id].append(test.name)

    def judge() -> CheckReport:
        target = oneroster_target
        options = run_options_from(config, target.standard).narrowed(tests, candidates_from(config, target))
        return apply_baseline(options.run(target), baseline_from(config, target.standard))[0]

    runs = config.stash.setdefault(RUNS, {})
    again = request.node.nodeid in runs
    if not again:
        runs[request.node.nodeid] = run_once(judge, shared_file(config, tmp_path_factory, request.node.nodeid))
    shared = runs[request.node.nodeid]
    found = SuiteReport(shared.report, tests)
    yield found
    if shared.judged_here and not again:
        add_summary(config, found.summary())
        if problem := found.problem():
            pytest.fail(problem, pytrace=False)


def test_rule(request: pytest.FixtureRequest, oneroster_report: SuiteReport) -> None:
    """Fail when the server violates a must; show where, and a command that reproduces it.

    The plugin collects this function once for each rule and operation.
    """
    oneroster_report.apply(request.node.rule, request.node.name)
