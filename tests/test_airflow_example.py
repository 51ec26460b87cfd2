"""The example for Airflow: by default with stand-ins for its decorators, with ``--all`` in Airflow itself."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from oneroster.sandbox import MultiTenantSandbox
from tests.own_environment import ROOT, attempt, installed, run

EXAMPLE = ROOT / "examples" / "airflow_rosters.py"


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
    sdk, exceptions = ModuleType("airflow.sdk"), ModuleType("airflow.sdk.exceptions")
    vars(sdk).update(
        dag=lambda **_: lambda function: function, task=task, get_current_context=lambda: {"run_id": "scheduled-1"}
    )
    vars(exceptions).update(AirflowFailException=FailError)
    for module in (ModuleType("airflow"), sdk, exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    Task.done = []
    return Task.done


def dag_file(folder: Path) -> Path:
    """Write the example with its two places in a folder, and without its pauses between requests."""
    program = EXAMPLE.read_text(encoding="utf-8")
    assert "rate=2," in program
    program = program.replace("rate=2,", "rate=200,")
    program = program.replace("/opt/k12/oneroster.toml", str(folder / "oneroster.toml"))
    path = folder / "dags" / "rosters.py"
    path.parent.mkdir()
    path.write_text(program.replace("s3://lake/rosters", str(folder / "rosters")), encoding="utf-8")
    return path


def test_a_task_per_tenant_pulls_or_fails_for_good(airflow: list[tuple[str, object]], tmp_path: Path) -> None:
    with MultiTenantSandbox(2, "40", faults={"tenant-2": ["wrong-total"]}) as sandbox:
        sandbox.write_config(tmp_path / "oneroster.toml")
        runpy.run_path(str(dag_file(tmp_path)))
    (first, place), (second, error) = airflow
    assert (first, place) == ("tenant-1", str(tmp_path / "rosters" / "tenant-1.parquet"))
    assert second == "tenant-2"
    assert isinstance(error, FailError)
    assert "announced" in str(error)


@pytest.mark.only_with_all
def test_airflow_itself_runs_it(tmp_path: Path) -> None:
    commands = installed(
        tmp_path / "environment", "apache-airflow-core", "apache-airflow-providers-standard", f"{ROOT}[pull]"
    )
    settings = {
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    run([commands / "airflow", "db", "migrate"], **settings)
    run([commands / "airflow", "pools", "set", "oneroster", "4", "tenants at a time"], **settings)
    with MultiTenantSandbox(2, "40", faults={"tenant-2": ["wrong-total"]}) as sandbox:
        sandbox.write_config(tmp_path / "oneroster.toml")
        dag_file(tmp_path)
        outcome = attempt([commands / "airflow", "dags", "test", "rosters"], **settings)
    # What a failed pull has staged stays beside it, so that the next one resumes.
    assert [path.name for path in (tmp_path / "rosters").glob("[!.]*")] == ["tenant-1.parquet"]
    said = outcome.stdout + outcome.stderr
    assert "AirflowFailException: getAllAcademicSessions" in said
    assert "up_for_retry" not in said
    assert "deprecated and will be removed in a future version. Use airflow.sdk" not in said
