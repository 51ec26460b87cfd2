"""Envelope rules for warnings: the status payload beside the data of a 200 response."""

from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.errors import ExplainedBy, NotOffered
from oneroster.contract.http.parsed_response import json_type
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.obstacles import obstacle
from oneroster.contract.observation.probe_values import largest_collections
from oneroster.contract.oracle.status_payload_parser import STATUS_KEY, has_code_major
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.sorting import response_to_unknown_sort
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
    title="A warning is an array of status entries beside the data",
    clause="6.3 statusInfoSet beside the data of a warning [B]",
    example="sort=favouriteColour returns a statusInfoSet that is a single object, not an array",
    fix="send statusInfoSet as an array of objects, each with imsx_codeMajor and imsx_severity",
    over=largest_collections,
    needs=("OR-ENV-01",),
)
def warning_envelope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if not tenant.standard.specification.warnings:
        raise NotOffered("this version of OneRoster has no warnings beside data")
    # A sort by an unknown field is a request for which the standard documents a warning.
    reading = response_to_unknown_sort(tenant, operation)
    if reading.problem is not None:
        raise obstacle(reading, "OR-SRT-04")
    payload = reading.other_members
    if STATUS_KEY in payload:
        for error in _form_errors(payload[STATUS_KEY], required_codes(tenant)):
            yield finding(error, reading)
    elif has_code_major(payload):
        text = f"the warning beside the data is not under the key {STATUS_KEY}"
        yield finding(text, reading, level=Level.OPEN, uncertain="the key of a warning")
    else:
        raise ExplainedBy("OR-SRT-05", "the response contains no warning")


def _form_errors(entries: Any, codes: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield what is wrong with the form of a status payload, without its values, which may echo the request."""
    if not isinstance(entries, list):
        yield f"{STATUS_KEY} holds {json_type(entries)}, not an array"
        return
    if not all(isinstance(entry, dict) for entry in entries):
        yield f"{STATUS_KEY} contains items that are not objects"
        return
    for name, vocabulary in codes.items():
        if any(entry.get(name) not in vocabulary for entry in entries):
            yield f"{name} is missing or not a documented value in an entry of {STATUS_KEY}"
