"""Every module of the source is imported by a test, itself or by a name that its package exports."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.name != "__init__.py")

THROUGH_THEIR_PACKAGE: dict[str, str] = {
    "oneroster.cli": "tests/cli runs the commands, which `build` puts together",
    "oneroster.contract.rules": "rules register themselves; tests/contract/test_faults.py runs each by its id",
    "oneroster.sandbox.faults": "faults register themselves; tests/sandbox/faults names each",
    "oneroster.sandbox.district": "tests/sandbox/district looks at the records that `district` makes of these parts",
    "oneroster.sandbox.handlers": "tests/sandbox/handlers sends the requests that they answer",
}
"""Packages whose modules register themselves or are reached by name; tests use them through the package."""

GENERATED = "the generated package exports it; tests/generated uses it from there"
EXCEPTIONS: dict[str, str] = {
    "oneroster.__main__": "tests/test_public_names.py runs `python -m oneroster`",
    "oneroster.contract.observation.record_violations": "rules of records use it; tests/contract/test_faults.py",
    "oneroster.pull.formats.oneroster_csv.row_selection": "the reader of the format; test_row_selection.py",
    "oneroster.pull.roster_fetch": "the part of `pull` that fetches; tests/pull/test_job.py",
    "oneroster.sandbox.pytest_plugin": "pytest loads it; many tests use its fixture oneroster_sandbox",
    "oneroster.transport.log": "tests/transport/test_log.py reads the log records",
    "oneroster_runtime.facade_base": GENERATED,
    "oneroster_runtime.fast_pages": GENERATED,
    "oneroster_runtime.lazy_imports": GENERATED,
    "oneroster_runtime.msgspec_structs": GENERATED,
    "oneroster_runtime.lazy_collections": GENERATED,
    "oneroster_runtime.requests": GENERATED,
    "oneroster_runtime.specification.schemas": "tests/runtime/test_specification.py reads specifications",
    "oneroster_runtime.wrappers": GENERATED,
}
"""Modules without a test that imports them, and what tests them."""


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


@cache
def imported() -> frozenset[str]:
    """Every dotted name that a test imports, or names in a string to replace something in it."""
    names: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def exported(path: Path) -> set[str]:
    """The names under which the packages around a module may export what it defines."""
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, definitions)}
    parts = dotted(path).split(".")
    packages = [".".join(parts[:end]) for end in range(1, len(parts))]
    return {f"{package}.{name}" for package in packages for name in names if not name.startswith("_")}


def is_imported(path: Path) -> bool:
    return dotted(path) in imported() or bool(exported(path) & imported())


def package_of(name: str) -> str | None:
    return next((package for package in THROUGH_THEIR_PACKAGE if name.startswith(f"{package}.")), None)


def test_every_module_is_imported_by_a_test() -> None:
    assert not [
        dotted(path)
        for path in MODULES
        if not (is_imported(path) or dotted(path) in EXCEPTIONS or package_of(dotted(path)))
    ]


@pytest.mark.parametrize(("name", "reason"), {**EXCEPTIONS, **THROUGH_THEIR_PACKAGE}.items())
def test_exceptions_are_needed_and_have_a_reason(name: str, reason: str) -> None:
    assert reason
    covered = [path for path in MODULES if dotted(path) == name or dotted(path).startswith(f"{name}.")]
    assert not all(map(is_imported, covered))
