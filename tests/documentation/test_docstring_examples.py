"""The programs in docstrings, which the site shows in its API reference, run as they stand."""

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import oneroster_v1p1
from oneroster import F
from oneroster.base_client import SyncClient
from oneroster.pull import Tenant
from oneroster.sandbox import MultiTenantSandbox, Sandbox
from oneroster.settings import Settings
from oneroster.standard import Standard
from oneroster_v1p1 import facade

SOURCE = Path(__file__).resolve().parents[2] / "src"
TREES = (
    "oneroster_runtime/errors.py",
    "oneroster/errors.py",
    "oneroster/pull/errors.py",
    "oneroster/contract/errors.py",
)
"""Trees of classes, which are no programs."""
ENGINES = ("oneroster/dlt/", "oneroster/spark/")
"""What needs an engine; tests/engines runs the same calls in docs/thousands-of-tenants.md."""
INSIDE = ("oneroster/cli/", "oneroster/contract/", "oneroster/sandbox/faults/")
"""Modules that are no part of the reference; their blocks are lists and sketches."""
KNOWN: dict[str, Any] = {
    "F": F,
    "MultiTenantSandbox": MultiTenantSandbox,
    "Sandbox": Sandbox,
    "Standard": Standard,
    "SyncClient": SyncClient,
    "Tenant": Tenant,
    "facade": facade,
    "httpx": httpx,
    "package": oneroster_v1p1,
    "read_from_vault": dict,
    "when": datetime(2026, 1, 31, tzinfo=UTC),
}


def found_blocks() -> Iterator[Any]:
    """Yield each block of code of a docstring as a parameter, with its file."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        if place.startswith((*TREES, *ENGINES, *INSIDE)):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node) or ""
                for found in re.finditer(r"::\n\n((?:(?: {4}.*)?\n)+)", f"{text}\n"):
                    yield pytest.param(place, textwrap.dedent(found[1]), id=f"{place}-{getattr(node, 'name', '')}")


@pytest.mark.parametrize(("place", "block"), list(found_blocks()))
def test_a_program_of_a_docstring_runs(
    place: str, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if block.startswith("["):
        tenants = tomllib.loads(block)["tenants"]
        assert set().union(*tenants.values()) <= set(Settings._fields)
        return
    monkeypatch.chdir(tmp_path)
    with Sandbox(standard="1.2" if "v1p2" in block else "1.1") as tenant:
        program = re.sub(r"https://sis\.example/ims/oneroster(?:/v1p1)?", tenant.base_url, block)
        program = program.replace('token="..."', f'token="{tenant.token}"')
        exec(compile(program, place, "exec"), dict(KNOWN))  # noqa: S102  # our own examples
    assert "Traceback" not in capsys.readouterr().err
