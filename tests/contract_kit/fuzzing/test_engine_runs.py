"""The engine runs each phase once per tenant, and only the planned ones."""

from typing import Any

import pytest

from oneroster.contract.fuzzing import engine_runs
from oneroster.contract.fuzzing.engine import EngineRun
from oneroster.contract.fuzzing.engine_runs import LINK_WALKS, EngineRuns, engine_run, positive_runs
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.run_plan import RunPlan
from tests.contract_kit.hostile import says
from tests.contract_kit.judging import EMPTY, ORGS, judging


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Phase, int, list[str]]]:
    """The runs of an engine that sends nothing: phase, examples, paths."""
    made: list[tuple[Phase, int, list[str]]] = []

    def run(_gateway: Any, document: dict[str, Any], _seed: int, phase: Phase, examples: int) -> EngineRun:
        made.append((phase, examples, list(document["paths"])))
        return EngineRun()

    monkeypatch.setattr(engine_runs, "run_engine", run)
    return made


def planned(tenant: ObservedTenant, plan: RunPlan) -> ObservedTenant:
    """The same tenant with another plan, after one response."""
    other = ObservedTenant(tenant.gateway, plan=plan)
    other.ask(ORGS, query={"limit": 1})
    return other


def test_a_phase_is_run_once(runs: list[Any]) -> None:
    with judging(says(EMPTY)) as tenant:
        assert engine_run(tenant, Phase.EXAMPLES) is engine_run(tenant, Phase.EXAMPLES)
        assert list(EngineRuns.of(tenant).finished) == [Phase.EXAMPLES]
    assert runs == [(Phase.EXAMPLES, 0, ["/orgs"])]


def test_only_planned_phases_with_valid_requests_are_run(runs: list[Any]) -> None:
    with judging(says(EMPTY)) as tenant:
        assert len(positive_runs(tenant)) == 1
        assert len(positive_runs(planned(tenant, RunPlan(fuzz=3, negative=True, stateful=True)))) == 3
    assert [(phase, examples) for phase, examples, _ in runs[1:]] == [
        (Phase.EXAMPLES, 3),
        (Phase.FUZZ, 3),
        (Phase.LINKS, LINK_WALKS),
    ]


def test_operations_that_are_not_checked_are_left_out(runs: list[Any]) -> None:
    with judging(says(EMPTY)) as tenant:
        engine_run(planned(tenant, RunPlan(operations=frozenset({"getAllClasses"}))), Phase.EXAMPLES)
    assert runs == [(Phase.EXAMPLES, 0, [])]
