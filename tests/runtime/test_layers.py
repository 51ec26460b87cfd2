"""The runtime imports no generated package and nothing of the kit."""

import ast
from pathlib import Path

import pytest

import oneroster_runtime

SOURCES = sorted(Path(oneroster_runtime.__path__[0]).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_runtime_stands_below_everything_else(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imported if name.partition(".")[0] in {"oneroster", "oneroster_v1p1", "generation"}}
    assert ast.get_docstring(tree)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450
