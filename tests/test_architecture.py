"""The arrows between the packages run one way, and no file outside the document lists what the document says."""

import ast
from pathlib import Path

import pytest

from oneroster_v1p1.tables import OPERATIONS

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src" / "oneroster").rglob("*.py"))

# What the modules of a room must not import.
FORBIDDEN = {
    "generated": ("oneroster",),
    "sandbox": ("oneroster.contract", "oneroster.pull", "oneroster.inspection", "oneroster.cli"),
    "contract": ("oneroster.sandbox", "oneroster.pull", "oneroster.inspection", "oneroster.cli"),
    "pull": ("oneroster.sandbox", "oneroster.contract", "oneroster.inspection", "oneroster.cli"),
    "inspection": ("oneroster.sandbox", "oneroster.contract", "oneroster.cli"),
    "core": ("oneroster.sandbox", "oneroster.contract", "oneroster.pull", "oneroster.inspection", "oneroster.cli"),
}


def imports(path: Path) -> set[str]:
    """Return the dotted names that the module at `path` imports, wherever in its text."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    if parts[0] == "generated":
        return "generated"
    return parts[2] if parts[2] in {"sandbox", "contract", "pull", "inspection", "cli"} else "core"


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_arrows_run_one_way(path: Path) -> None:
    wrong = {name for name in imports(path) for package in FORBIDDEN.get(room(path), ()) if within(name, package)}
    assert not wrong


def test_the_generated_package_stands_alone() -> None:
    for path in (ROOT / "generated").rglob("*.py"):
        assert not {name for name in imports(path) if within(name, "oneroster")}, path


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_have_one_purpose_and_say_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 600
    assert ast.get_docstring(ast.parse(text))


def test_only_the_document_lists_operations() -> None:
    """A hand-written module may name an operation in passing; a list of them is a second source."""
    for path in SOURCES:
        named = {name for name in OPERATIONS if f'"{name}"' in path.read_text(encoding="utf-8")}
        assert len(named) <= 1, (path, named)
