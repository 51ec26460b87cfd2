"""The engine's runs over a tenant, one for each phase, made when a rule first needs it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from oneroster.contract.fuzzing.engine import EngineRun, run_engine
from oneroster.contract.fuzzing.engine_document import compile_document
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import offered

__all__ = ["EngineRuns", "engine_run", "positive_runs"]

LINK_WALKS: Final = 15
"""How many sequences of linked requests are generated."""


class EngineRuns:
    """The engine's runs over one tenant."""

    def __init__(self, tenant: ObservedTenant) -> None:
        self._tenant = tenant
        self._runs: dict[Phase, EngineRun] = {}

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "EngineRuns":
        """Return the runs over a tenant."""
        return tenant.memo(cls, lambda: cls(tenant))

    @property
    def finished(self) -> Mapping[Phase, EngineRun]:
        """The runs made so far."""
        return MappingProxyType(self._runs)

    def run(self, phase: Phase) -> EngineRun:
        """Return the run of a phase, made on first use, over all operations that are checked and readable."""
        if phase not in self._runs:
            tenant = self._tenant
            checked = (each for each in offered(tenant) if tenant.plan.judges(each.operation_id))
            responses = [(operation, tenant.readings(operation)) for operation in checked]
            readable = [
                (operation, known) for operation, known in responses if any(each.problem is None for each in known)
            ]
            document = compile_document(tenant.specification, readable, phase)
            examples = LINK_WALKS if phase is Phase.LINKS else tenant.plan.fuzz
            self._runs[phase] = run_engine(tenant.gateway, document, tenant.seed, phase, examples)
        return self._runs[phase]


def engine_run(tenant: ObservedTenant, phase: Phase) -> EngineRun:
    """Return the engine's run of one phase over a tenant; see `EngineRuns.run`."""
    return EngineRuns.of(tenant).run(phase)


def positive_runs(tenant: ObservedTenant) -> list[EngineRun]:
    """Return the planned runs that send only valid requests."""
    planned = {Phase.EXAMPLES: True, Phase.FUZZ: tenant.plan.fuzz > 0, Phase.LINKS: tenant.plan.stateful}
    return [engine_run(tenant, phase) for phase, included in planned.items() if included]
