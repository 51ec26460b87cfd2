"""Learning a dialect: the overlay of what a tenant was met to do otherwise than the document has it.

What can be said in a document is learnt: operations that are not served, wrappers, statuses, booleans, values of
enumerations, and properties that are missing, null, empty or of another form. How a server behaves (pages, filters,
access) is no matter of a document; such deviations are accepted by name, see ``oneroster.contract.baseline``.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from oneroster.contract.dialects.document_model import DocumentModel
from oneroster.contract.dialects.overlay import SUFFIXES, OverlayError, applied, overlay_of
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.http.parsed_response import NOT_OFFERED, ParsedResponse
from oneroster.contract.learning.record_learner import Learner
from oneroster.contract.observation.tenant import ObservedTenant, Offer
from oneroster_v1p1.tables import OPERATIONS, Operation

__all__ = ["learn", "prepared", "write_overlay"]

Action = dict[str, Any]

ROUNDS: Final = 4
"""What stands behind an unknown wrapper is seen once the wrapper is learnt; more rounds than this bring nothing."""
NO_NEWS: Final = NOT_OFFERED | {200, 503}
"""Statuses that say nothing about which statuses a server knows."""
_WORDS: Final = {word for each in OPERATIONS.values() for word in (each.wrapper, *each.path.split("/")) if word}
WRAPPERS: Final = frozenset(_WORDS | {word.removesuffix("s") for word in _WORDS})
"""Words of the document, in the plural and the singular. Another key may be a value of a record, on a server that maps
names to objects; it is never taken for a wrapper."""
_MARK: Final[Action] = {"target": "$.info", "update": {"x-oneroster-dialect": "learnt by oneroster check"}}
"""Stands first: an overlay must have an action even when there was nothing to learn."""


def prepared(path: str) -> Path:
    """The file for an overlay.

    Raises ``OverlayError`` when the name does not end as an overlay's must.
    """
    if Path(path).suffix not in SUFFIXES:
        raise OverlayError(f"an overlay is written as {' or '.join(SUFFIXES)}, not to {path}")
    return Path(path)


def learn(tenant: ObservedTenant) -> dict[str, Any]:
    """The overlay under which the document says what the tenant was met to do.

    It begins with the overlay file that the tenant was judged by, so that nothing learnt before is lost.
    """
    overlay = overlay_of(tenant.dialect.profile, tenant.dialect.overlay)
    overlay = {**overlay, "actions": list(overlay["actions"]) or [_MARK]}
    overlay["actions"] += _missing_parts(tenant)
    for _ in range(ROUNDS):
        facts = applied(overlay, tenant.dialect.profile)
        news = [*_of_answers(tenant, facts), *_of_records(tenant, facts)]
        if not news:
            break
        overlay["actions"] += news
    return overlay


def write_overlay(overlay: dict[str, Any], path: Path) -> None:
    """Write an overlay as YAML or JSON, whole or not at all.

    Raises ``OSError`` when it cannot be written there.
    """
    import yaml

    if path.suffix == ".json":
        text = json.dumps(overlay, indent=2, ensure_ascii=False) + "\n"
    else:
        text = yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True, width=120)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _missing_parts(tenant: ObservedTenant) -> Iterator[Action]:
    for operation in tenant.dialect.operations.values():
        if tenant.offer(operation) is Offer.NO:
            yield {"target": f"$.paths['{operation.path}'].get", "remove": True}


def _readings(tenant: ObservedTenant, facts: DocumentModel) -> Iterator[ParsedResponse]:
    """Every answer that was met, unwrapped as the dialect learnt so far has it."""
    for reading in tenant.readings():
        operation = facts.operations.get(reading.operation.operation_id)
        if operation is not None:
            yield ParsedResponse(operation, reading.values, reading.query, reading.exchange)
    for manner, run in tenant.explored.items():
        for operation in facts.operations.values() if manner is not Phase.UNLAWFUL else ():
            for exchange in run.exchanges.get(operation.path, ()):
                yield ParsedResponse(operation, {}, {}, exchange)


def _of_answers(tenant: ObservedTenant, facts: DocumentModel) -> Iterator[Action]:
    """Wrappers and statuses, once for each operation."""
    wrappers: dict[str, tuple[Operation, str]] = {}
    statuses: dict[tuple[str, int], Operation] = {}
    for reading in _readings(tenant, facts):
        operation, status = reading.operation, reading.exchange.status
        if status == 200 and reading.misplaced is not None:
            if (wrapper := _wrapper_met(reading)) is not None:
                wrappers.setdefault(operation.operation_id, (operation, wrapper))
        elif status < 500 and status not in NO_NEWS | facts.statuses(operation):
            statuses[operation.operation_id, status] = operation
    for operation, wrapper in wrappers.values():
        place = f"$.paths['{operation.path}'].get.responses['200']"
        yield {"target": place, "update": {"x-oneroster-wrapper": wrapper}}
    for (_, status), operation in statuses.items():
        met = {str(status): {"description": "Met, though the document does not have it."}}
        yield {"target": f"$.paths['{operation.path}'].get.responses", "update": met}


def _wrapper_met(reading: ParsedResponse) -> str | None:
    """The one key under which the data stands instead; None when that is not clear."""
    payload = reading.exchange.json
    kind = list if reading.operation.many else dict
    if not isinstance(payload, dict) or reading.operation.wrapper in payload:
        return None
    candidates = [key for key, value in payload.items() if isinstance(value, kind) and key in WRAPPERS]
    return candidates[0] if len(candidates) == 1 else None


def _of_records(tenant: ObservedTenant, facts: DocumentModel) -> list[Action]:
    learner = Learner(facts)
    for reading in _readings(tenant, facts):
        for row in reading.rows:
            learner.see(reading.operation.element or "", row)
    return learner.actions()
