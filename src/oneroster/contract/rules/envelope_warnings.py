"""Envelope of a warning: the status payload that stands beside the data of a 200 answer."""

from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import json_type
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.oracle.status_payload import STATUS_KEY, has_code_major
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.sorting import largest, unknown_sort
from oneroster_runtime.specification import Operation

STATUS_ENTRY: Final = "StatusInfo"


def required_codes(tenant: ObservedTenant) -> dict[str, tuple[str, ...]]:
    """Return the codes that every status entry has, with their enumerations."""
    specification = tenant.specification
    return {
        known.name: specification.enumerations[known.enumeration]
        for known in specification.elements[STATUS_ENTRY].properties.values()
        if known.enumeration is not None and known.required
    }


@rule(
    "OR-ENV-04",
    family="envelope",
    title="A warning stands beside the data as an array of status entries",
    clause="6.3 statusInfoSet beside the data of a warning [B]",
    example="sort=favouriteColour is answered with a statusInfoSet that is one object and no array",
    fix="send statusInfoSet as an array of objects, each with imsx_codeMajor and imsx_severity",
    over=largest,
    needs=("OR-ENV-01",),
)
def warning_envelope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    # What the standard answers with a warning is the only way to see one.
    reading = unknown_sort(tenant, operation)
    if reading.problem is not None:
        raise NotExercised(reading.problem)
    payload = reading.other_members
    if STATUS_KEY in payload:
        for flaw in _flaws(payload[STATUS_KEY], required_codes(tenant)):
            yield finding(flaw, reading)
    elif has_code_major(payload):
        yield finding(f"the warning stands beside the data, but not under {STATUS_KEY}", reading, level=Level.OPEN)
    else:
        raise NotExercised("no warning is sent")


def _flaws(entries: Any, codes: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """What is wrong with the form of a status payload; values are not repeated, since a server may echo anything."""
    if not isinstance(entries, list):
        yield f"{STATUS_KEY} holds {json_type(entries)}, not an array"
        return
    if not all(isinstance(entry, dict) for entry in entries):
        yield f"{STATUS_KEY} holds items that are no objects"
        return
    for name, vocabulary in codes.items():
        if any(entry.get(name) not in vocabulary for entry in entries):
            yield f"{name} is missing in an entry of {STATUS_KEY}, or is no documented value"
