"""What pytest shows and selects: families, rules and operations."""

import pytest

from oneroster.contract.pytest_suite.collectors import OperationTest, selected_tests

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "oneroster.contract.pytest_plugin", "-p", "no:cacheprovider")
PACKAGE = ("--pyargs", "oneroster.contract")
SUITE = "oneroster.contract.test_contract"


class Selected:
    """Notes the tests that a session selects."""

    def __init__(self) -> None:
        self.names: list[tuple[str, str, str]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        modules = {item.getparent(pytest.Module) for item in session.items}
        tests = [test for module in modules if module is not None for test in selected_tests(module)]
        self.names = [(each.rule.family, each.rule.id, each.name) for each in tests]


def collected(pytester: pytest.Pytester, *options: str) -> list[tuple[str, str, str]]:
    """Return the tests that a session selects, as family, rule and operation."""
    seen = Selected()
    # No request can be sent: nothing serves this address.
    access = ("--base-url", "http://127.0.0.1:9")
    found = pytester.inline_run(*PLUGIN, "--collect-only", *access, *options, plugins=[seen])
    assert found.ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    return seen.names


def test_collect_only_shows_families_rules_with_their_titles_and_operations(pytester: pytest.Pytester) -> None:
    included = [f"--oneroster-include={name}" for name in ("OR-PAG-05", "OR-ACC-15", "getAllUsers")]
    result = pytester.runpytest_inprocess(*PLUGIN, *PACKAGE, "--collect-only", *included)
    result.stdout.fnmatch_lines(
        [
            "*<Family paging>",
            "*<Rule OR-PAG-05: *>",
            "*<Operation getAllUsers>",
            "*<Family access>",
            "*<Rule OR-ACC-15: *>",
            "*<Operation tenant>",
        ]
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((*PACKAGE, "-k", "OR-PAG-05 and getAllUsers"), [("paging", "OR-PAG-05", "getAllUsers")]),
        (("--pyargs", f"{SUITE}::paging::OR-PAG-05::getAllUsers"), [("paging", "OR-PAG-05", "getAllUsers")]),
        ((*PACKAGE, "-k", "sorting"), None),
    ],
)
def test_keywords_and_node_ids_select(
    options: tuple[str, ...], expected: list[tuple[str, str, str]] | None, pytester: pytest.Pytester
) -> None:
    names = collected(pytester, *options, "--oneroster-include=OR-PAG-05", "--oneroster-include=sorting")
    assert names == expected if expected else {family for family, *_ in names} == {"sorting"}


def test_a_module_has_its_own_tests_only(request: pytest.FixtureRequest) -> None:
    module = request.node.getparent(pytest.Module)
    assert selected_tests(module) == []
    assert issubclass(OperationTest, pytest.Function)
