"""The engine's runs over a tenant, each made once, when the first rule asks for it."""

from typing import Final

from oneroster.contract.fuzzing.engine import EngineRun, run_engine
from oneroster.contract.fuzzing.engine_document import compile_document
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.observation.tenant import ObservedTenant, offered

__all__ = ["engine_run", "lawful_runs"]

WALKS_ALONG_LINKS: Final = 15
"""How often the engine sets out along the links; with as many steps each as it takes."""


def engine_run(tenant: ObservedTenant, manner: Phase) -> EngineRun:
    """The engine's run in one manner over all operations that are judged and could be read."""
    if manner not in tenant.explored:
        judged = (operation for operation in offered(tenant) if tenant.plan.judges(operation.operation_id))
        known = [(operation, tenant.readings(operation)) for operation in judged]
        readable = [
            (operation, readings) for operation, readings in known if any(each.fault is None for each in readings)
        ]
        document = compile_document(tenant.dialect.facts, readable, manner)
        examples = WALKS_ALONG_LINKS if manner is Phase.LINKS else tenant.plan.fuzz
        tenant.explored[manner] = run_engine(tenant.gateway, document, tenant.seed, manner, examples)
    return tenant.explored[manner]


def lawful_runs(tenant: ObservedTenant) -> list[EngineRun]:
    """The runs in which nothing unlawful was asked, as far as they are planned."""
    planned = {Phase.EXAMPLES: True, Phase.FUZZ: tenant.plan.fuzz > 0, Phase.LINKS: tenant.plan.stateful}
    return [engine_run(tenant, manner) for manner, wanted in planned.items() if wanted]
