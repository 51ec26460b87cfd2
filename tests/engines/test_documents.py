"""The examples of docs/thousands-of-tenants.md that need an engine run as they stand, in blocks marked `py`."""

import re
from pathlib import Path
from typing import Any

import pytest

from oneroster.sandbox import MultiTenantSandbox

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "thousands-of-tenants.md"
BLOCKS = re.findall(r"^```py\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("word", ["oneroster_pulls", "PERMISSIVE", "dlt.pipeline"])
def test_an_example_runs_as_it_stands(
    word: str, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = [block for block in BLOCKS if word in block]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    program = program.replace("/Volumes/k12", str(tmp_path))
    # The first run of `since` has no roster to start from, and reads whole ones.
    with MultiTenantSandbox(2, "40", faults={"tenant-2": ["wrong-total"]}) as sandbox:
        sandbox.write_config("oneroster.toml")
        exec(compile(program, str(DOCUMENT), "exec"), {"spark": spark})  # noqa: S102  # our own document
    assert ("CountMismatchError" if "spark" in program else "is LOADED") in capsys.readouterr().out
    if "oneroster_pulls" in program:
        # A relative destination is one of the driver, wherever its workers run.
        assert (tmp_path / "rosters" / "tenant-1.parquet").is_dir()
