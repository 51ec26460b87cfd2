"""Write an overlay that describes how a tenant's responses differ from the document.

An overlay can describe operations that are not served, wrappers, statuses, booleans, values of enumerations, and
properties that are missing, null, empty or of another form. It cannot describe a body without an envelope, an envelope
in another one, or null or a single record in place of an array; `undescribed` names these. Deviations in behaviour
(paging, filters, access) belong in a baseline, see `oneroster.contract.baseline`.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from oneroster.atomic_files import write_output
from oneroster.contract.dialects.dialect import document_words
from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.dialects.overlay import SUFFIXES, OverlayError, apply_overlay, load_overlay
from oneroster.contract.fuzzing.engine_runs import EngineRuns
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.http.parsed_response import NOT_OFFERED, ParsedResponse
from oneroster.contract.learning.record_learner import RecordLearner
from oneroster.contract.observation.evidence import id_list
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster_runtime.specification import Operation, Specification

__all__ = ["learn_overlay", "undescribed", "validated_overlay_path", "write_overlay"]

Action = dict[str, Any]

OK: Final = 200
MAX_ROUNDS: Final = 4
"""Records are only seen once their wrapper is known, so learning is repeated; more rounds find nothing."""
IGNORED_STATUSES: Final = NOT_OFFERED | {200, 503}
"""Statuses that do not show which statuses an operation has."""
_MARK: Final[Action] = {"target": "$.info", "update": {"x-oneroster-dialect": "learnt by oneroster check"}}
"""The first action: an overlay must have one, even if nothing was learned."""


USUAL_WRAPPERS: Final = frozenset({"content", "data", "items", "list", "records", "results", "rows", "value", "values"})
"""Keys that servers use for any data."""


@cache
def possible_wrappers(standard: Specification) -> frozenset[str]:
    """Return the words of the document in plural and singular, and the usual words for data.

    No other key is taken for a wrapper: on a server that maps names to objects it may be a value of a record.
    """
    words = document_words(standard)
    return words | {word.removesuffix("s") for word in words} | USUAL_WRAPPERS


def validated_overlay_path(path: str) -> Path:
    """Return the path of an overlay to write.

    Raises:
        OverlayError: The name does not end in a suffix of overlays.
    """
    if Path(path).suffix not in SUFFIXES:
        raise OverlayError(f"the name of an overlay must end in {' or '.join(SUFFIXES)}, unlike {path}")
    return Path(path)


def learn_overlay(tenant: ObservedTenant) -> dict[str, Any]:
    """Return an overlay with which the document describes the responses of a tenant.

    It begins with the tenant's present overlay, so that nothing learned before is lost.
    """
    profile = tenant.dialect.profile
    overlay = load_overlay(profile, tenant.standard, tenant.dialect.overlay)
    overlay = {**overlay, "actions": list(overlay["actions"]) or [_MARK]}
    overlay["actions"] += _removed_operations(tenant)
    for _ in range(MAX_ROUNDS):
        specification = apply_overlay(overlay, profile, tenant.standard)
        actions = [*_response_actions(tenant, specification), *_record_actions(tenant, specification)]
        if not actions:
            break
        overlay["actions"] += actions
    return overlay


def write_overlay(overlay: dict[str, Any], path: Path) -> None:
    """Write an overlay as YAML or JSON, atomically.

    Raises:
        OSError: The file cannot be written.
    """
    import yaml

    if path.suffix == ".json":
        text = json.dumps(overlay, indent=2, ensure_ascii=False) + "\n"
    else:
        text = yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True, width=120)
    write_output(path, text.encode())


def undescribed(overlay: dict[str, Any], tenant: ObservedTenant) -> list[str]:
    """Return what is wrong with the envelopes of a tenant that an overlay cannot describe, with the operations.

    Args:
        overlay: The overlay that was learned from the tenant.
        tenant: The tenant.
    """
    specification = apply_overlay(overlay, tenant.dialect.profile, tenant.standard)
    found: dict[str, dict[str, None]] = {}
    for response in _responses(tenant, specification):
        if response.exchange.status == OK and response.envelope_problem is not None:
            # One sentence for all operations, whatever their keys.
            problem = response.envelope_problem.replace(f"'{response.operation.wrapper}'", "of its name")
            found.setdefault(problem, {})[response.operation.operation_id] = None
    return [f"{problem} ({id_list(names)})" for problem, names in found.items()]


def _removed_operations(tenant: ObservedTenant) -> Iterator[Action]:
    for operation in tenant.dialect.operations.values():
        if tenant.offer(operation) is Offer.NO:
            yield {"target": f"$.paths['{operation.path}'].get", "remove": True}


def _responses(tenant: ObservedTenant, specification: DocumentModel) -> Iterator[ParsedResponse]:
    """Yield all responses to valid requests, parsed by what was learned so far."""
    for response in tenant.readings():
        operation = specification.operations.get(response.operation.operation_id)
        if operation is not None:
            yield tenant.parse(operation, response.exchange, response.values, response.query)
    for phase, run in EngineRuns.of(tenant).finished.items():
        for operation in specification.operations.values() if phase is not Phase.NEGATIVE else ():
            for exchange in run.exchanges.get(operation.path, ()):
                yield tenant.parse(operation, exchange)


def _response_actions(tenant: ObservedTenant, specification: DocumentModel) -> Iterator[Action]:
    """Yield the changes of wrappers and statuses, one for each operation."""
    wrappers: dict[str, tuple[Operation, str]] = {}
    statuses: dict[tuple[str, int], Operation] = {}
    for response in _responses(tenant, specification):
        operation, status = response.operation, response.exchange.status
        if status == 200 and response.envelope_problem is not None:
            if (wrapper := _wrapper_in(response, tenant.standard.specification)) is not None:
                wrappers.setdefault(operation.operation_id, (operation, wrapper))
        elif status < 500 and status not in IGNORED_STATUSES | specification.statuses(operation):
            statuses[operation.operation_id, status] = operation
    for operation, wrapper in wrappers.values():
        target = f"$.paths['{operation.path}'].get.responses['200']"
        yield {"target": target, "update": {"x-oneroster-wrapper": wrapper}}
    for (_, status), operation in statuses.items():
        learned = {str(status): {"description": "Received, but not in the document of the standard."}}
        yield {"target": f"$.paths['{operation.path}'].get.responses", "update": learned}


def _wrapper_in(response: ParsedResponse, standard: Specification) -> str | None:
    """Return the only key that can be the wrapper of a response; None if there is not exactly one."""
    payload = response.exchange.payload
    kind = list if response.operation.many else dict
    if not isinstance(payload, dict) or response.operation.wrapper in payload:
        return None
    words = possible_wrappers(standard)
    candidates = [key for key, value in payload.items() if isinstance(value, kind) and key in words]
    return candidates[0] if len(candidates) == 1 else None


def _record_actions(tenant: ObservedTenant, specification: DocumentModel) -> list[Action]:
    learner = RecordLearner(specification)
    for response in _responses(tenant, specification):
        for row in response.rows:
            learner.add(response.operation.element or "", row)
    return learner.actions()
