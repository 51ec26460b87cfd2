"""The functions of the example for Airflow, with stand-ins for the decorators of Airflow, which is not installed."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from oneroster.sandbox import MultiTenantSandbox

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "airflow_rosters.py"


class FailError(Exception):
    """Stands for Airflow's error that is not tried again."""


class Task:
    """A task, whose function is called for each of the values that it is mapped to."""

    done: list[tuple[str, object]] = []  # noqa: RUF012  # reset by the fixture

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.function, self.options = function, options

    def __call__(self) -> Any:
        return self.function()

    def expand(self, name: list[str]) -> None:
        assert self.options["pool"] == "oneroster"
        for one in name:
            try:
                Task.done.append((one, self.function(one)))
            except (FailError, RuntimeError) as error:
                Task.done.append((one, error))


def task(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    return Task(function, **options) if function else lambda given: Task(given, **options)


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    sdk, exceptions = ModuleType("airflow.sdk"), ModuleType("airflow.exceptions")
    vars(sdk).update(
        dag=lambda **_: lambda function: function, task=task, get_current_context=lambda: {"run_id": "scheduled-1"}
    )
    vars(exceptions).update(AirflowFailException=FailError)
    for module in (ModuleType("airflow"), sdk, exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    Task.done = []
    return Task.done


def test_a_task_per_tenant_pulls_or_fails_for_good(airflow: list[tuple[str, object]], tmp_path: Path) -> None:
    with MultiTenantSandbox(2, "40", faults={"tenant-2": ["wrong-total"]}) as sandbox:
        sandbox.write_config(tmp_path / "oneroster.toml")
        program = EXAMPLE.read_text(encoding="utf-8")
        program = program.replace("/opt/k12/oneroster.toml", str(tmp_path / "oneroster.toml"))
        (tmp_path / "dag.py").write_text(
            program.replace("s3://lake/rosters", str(tmp_path / "rosters")), encoding="utf-8"
        )
        runpy.run_path(str(tmp_path / "dag.py"))
    (first, place), (second, error) = airflow
    assert (first, place) == ("tenant-1", str(tmp_path / "rosters" / "tenant-1.parquet"))
    assert second == "tenant-2"
    assert isinstance(error, FailError)
    assert "announced" in str(error)
