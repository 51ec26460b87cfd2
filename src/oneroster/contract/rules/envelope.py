"""Envelope: where the data of an answer stands, and as what it is declared."""

import mimetypes
from collections.abc import Iterable, Iterator

from oneroster.contract.dialects.dialect import wrapper_trust
from oneroster.contract.errors import NoResponseError, NotExercised, NotOffered
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.levels import level_of
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.tenant import ObservedTenant, Offer
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation

JSON = "application/json"


def lists(tenant: ObservedTenant) -> Iterable[Operation]:
    """Every collection of the dialect, with and without parents."""
    return tenant.dialect.collections + tenant.dialect.nested


def singles(tenant: ObservedTenant) -> Iterable[Operation]:
    """Every single read of the dialect."""
    return tenant.dialect.reads


def answered(tenant: ObservedTenant, operation: Operation) -> list[ParsedResponse]:
    """The answers with status 200.

    Raises ``NotExercised``, saying why, when there is none, and ``NoResponseError`` when the tenant stayed silent.
    """
    readings = tenant.readings(operation)
    found = [reading for reading in readings if reading.exchange.status == 200]
    if found:
        return found
    if operation.operation_id in tenant.unanswered:
        raise NoResponseError(tenant.unanswered[operation.operation_id])
    if tenant.offer(operation) is Offer.UNKNOWN:
        raise NotExercised("no id is known with which it could be asked")
    statuses = ", ".join(sorted({f"HTTP {reading.exchange.status}" for reading in readings}))
    if tenant.offer(operation) is Offer.NO:
        raise NotOffered(f"not offered ({statuses})")
    raise NotExercised(f"no data ({statuses})")


def misplaced(tenant: ObservedTenant, readings: list[ParsedResponse], operation: Operation) -> Iterator[Finding]:
    """One finding for each way in which envelopes are wrong, however many answers have it."""
    seen: dict[str, ParsedResponse] = {}
    for reading in readings:
        if reading.envelope_problem is not None:
            seen.setdefault(reading.envelope_problem, reading)
    for message, reading in seen.items():
        yield finding(message, reading, level=level_of(wrapper_trust(tenant.specification, operation)))


@rule(
    "OR-ENV-01",
    family="envelope",
    title="A collection is an array under its documented key",
    clause="2 wrapper summary [A]",
    example='GET /students answers `{"students": [...]}` where the key is `users`',
    fix="put the array under the plural of the element; the specialised collections share the key of the larger one",
    over=lists,
)
def collection_envelope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from misplaced(tenant, answered(tenant, operation), operation)


@rule(
    "OR-ENV-02",
    family="envelope",
    title="A single record is an object under its documented key",
    clause="2 wrapper summary [A]",
    example='GET /orgs/{id} answers `{"orgs": [...]}` with an array of one',
    fix="put the record itself under the singular of the element",
    over=singles,
)
def single_envelope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    yield from misplaced(tenant, answered(tenant, operation), operation)


@rule(
    "OR-ENV-03",
    family="envelope",
    title="Answers are declared as application/json",
    clause="1 encodings, JSON [A]",
    example="the JSON is sent as text/plain",
    fix="send Content-Type: application/json with every body",
    over=lambda tenant: tenant.dialect.operations.values(),
)
def media_type(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    wrong = [reading for reading in answered(tenant, operation) if reading.exchange.media_type != JSON]
    if wrong:
        yield finding(f"the answer is declared as {_shown(wrong[0].exchange.media_type)} instead of {JSON}", wrong[0])


def _shown(media_type: str) -> str:
    # Whatever stands in the header is the tenant's word; only types that are known the world over are repeated.
    return media_type if media_type in mimetypes.types_map.values() else "another type" if media_type else "nothing"
