"""The environments in which client and generated package are tested alone."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client_tests import TESTS, TOOLS, WITHOUT, interpreter, lowest, runtime_dependencies
from environment import ROOT

FIRST_PARTY = {"oneroster", "oneroster_runtime", "oneroster_v1p1", "oneroster_v1p2", "tests"}
OF_EXTRAS = ("oneroster.cli", "oneroster.contract", "oneroster.inspection", "oneroster.pull", "oneroster.sandbox")


def files_there() -> Iterator[Path]:
    """The test files that run in these environments."""
    for path in map(ROOT.joinpath, TESTS):
        for file in [path] if path.is_file() else sorted(path.rglob("test_*.py")):
            if file.relative_to(ROOT).as_posix() not in WITHOUT:
                yield file


def imported(file: Path, seen: set[Path]) -> set[str]:
    """Every module that a file and the helpers of its tests import at the top."""
    names: set[str] = set()
    seen.add(file)
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    for name in [name for name in names if name.startswith("tests.")]:
        helper = (ROOT / name.replace(".", "/")).with_suffix(".py")
        if helper.exists() and helper not in seen:
            names |= imported(helper, seen)
    return names


@pytest.mark.parametrize("file", list(files_there()), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_what_runs_there_needs_no_extra(file: Path) -> None:
    distributions = [re.split("[<>=]", requirement)[0] for requirement in (*runtime_dependencies(), *TOOLS)]
    installed = {name.replace("-", "_") for name in distributions} | {"attr", "anyio", "certifi", "h11"}
    names = imported(file, set())
    assert {name.partition(".")[0] for name in names} <= installed | FIRST_PARTY | sys.stdlib_module_names
    assert not [name for name in names if name in OF_EXTRAS or name.startswith(tuple(f"{each}." for each in OF_EXTRAS))]


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
