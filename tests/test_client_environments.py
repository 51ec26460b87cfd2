"""The environments in which client and generated package are tested alone."""

import pytest

from client_tests import TESTS, WITHOUT, interpreter, lowest, runtime_dependencies
from environment import ROOT


def test_every_runtime_dependency_has_a_lowest_version() -> None:
    assert len(lowest(runtime_dependencies())) == len(runtime_dependencies())
    assert lowest(["httpx>=0.27,<0.29"]) == ["httpx==0.27"]


def test_a_dependency_without_a_lower_bound_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"httpx<1 in pyproject\.toml has no lower bound"):
        lowest(["httpx<1"])


@pytest.mark.parametrize("path", [*TESTS, *WITHOUT])
def test_the_tests_that_run_there_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_a_python_that_is_not_there_is_none() -> None:
    assert interpreter("2.99") is None
