"""What the documentation says about a new rule, a new fault and a new dialect is done, in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.matrix import BROKEN_BY

ROOT = Path(__file__).resolve().parents[2]
RULE, FAULT = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
PROGRAM = """
import pathlib, sys, yaml
from typer.testing import CliRunner
from oneroster import __file__ as place
from oneroster.cli import build
from oneroster.contract.dialects.overlay import _built_in

def run(line, status):
    result = CliRunner().invoke(build(), line.split(), env={"COLUMNS": "120"})
    assert result.exit_code == status, (line, result.output[-3000:])
    return result.output

rule = "check --sandbox --include OR-HTP-11 --include getAllOrgs"
assert "OR-HTP-11  An ETag is in double quotes" in run(rule + " --fault bare-entity-tag", 1)
assert "OR-HTP-11  An" not in run(rule, 3)

check = "check --sandbox --fault us-dates --include schema --include getAllAcademicSessions"
run(check + " --write-overlay draft.yaml", 1)
draft = yaml.safe_load(pathlib.Path("draft.yaml").read_text())
draft["info"]["title"] = "Acme"
assert draft.pop("x-oneroster-profile") == "standard"
draft["actions"] = [action for action in draft["actions"] if action["target"] != "$.info"]
text = "# Dates in another form.\\n# Source: https://acme.example/api\\n" + yaml.safe_dump(draft)
(pathlib.Path(place).parent / "contract" / "overlays" / "acme.yaml").write_text(text)
_built_in.cache_clear()
assert "profile acme" in run(check + " --profile acme", 0)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package with the rule and the fault of the documentation at the end of their modules."""
    shutil.copytree(ROOT / "src" / "oneroster", tmp_path / "src" / "oneroster", ignore=shutil.ignore_patterns("*.pyc"))
    for block, module in ((RULE, "contract/rules/http.py"), (FAULT, "sandbox/faults/http.py")):
        with (tmp_path / "src" / "oneroster" / module).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{block}")
    return tmp_path / "src"


@pytest.mark.only_with_all
def test_a_new_rule_with_its_fault_and_a_new_dialect_work_as_described(package: Path, tmp_path: Path) -> None:
    variables = {**os.environ, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_examples_are_still_new() -> None:
    """A rule or a fault that exists by now needs another example."""
    assert "bare-entity-tag" not in BROKEN_BY
    assert "OR-HTP-11" not in BROKEN_BY.values()
