"""Rules on closed objects: wrappers and records have what the document of OneRoster 1.2 describes, and nothing else."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from oneroster.contract.dialects.dialect_specification import DocumentModel
from oneroster.contract.errors import NotEnoughData
from oneroster.contract.harm import Harm
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, finding
from oneroster.contract.observation.membership import is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import readable
from oneroster.contract.observation.record_versions import is_whole, record_versions
from oneroster.contract.observation.record_violations import RecordViolations
from oneroster.contract.oracle.reference_forms import stand_in
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.envelope import successful_responses
from oneroster.contract.rules.schema import LEFT_OUT, WITHOUT_VALUE
from oneroster.contract.rules.semantics_values import base_collection_of
from oneroster_runtime.specification import Operation

DEMOGRAPHICS: Final = "Demographics"
"""The element whose properties in other records are a matter of privacy."""


def wrapped_reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The reads of the standard, whose wrappers the document knows."""
    return (each for each in tenant.dialect.operations.values() if each.method == "GET")


@rule(
    "OR-ADD-17",
    family="additions",
    harm=Harm.FORM,
    title="The data of a response are the only member beside their key",
    clause="2.7 wrappers, exactly one property, closed [A]",
    example='GET /users returns `{"users": [...], "totalCount": 40}`',
    fix="send counts as X-Total-Count, and nothing beside the documented key",
    stands_on=("wrapper",),
    over=wrapped_reads,
    needs=("OR-ENV-01", "OR-ENV-02"),
)
def closed_wrappers(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for reading in successful_responses(tenant, operation):
        body = reading.exchange.payload
        others = len(body.keys() - {operation.wrapper}) if isinstance(body, dict) and operation.wrapper in body else 0
        if others:
            yield finding(f"the response has {count_of(others, 'member')} beside {operation.wrapper}", reading)
            return


@rule(
    "OR-ADD-18",
    family="additions",
    harm=Harm.FORM,
    title="Records have no properties that the standard does not describe",
    clause="1.1 closed objects, but for Metadata and Credential [A]",
    example="a user has the properties role and orgs of OneRoster 1.1 beside roles",
    fix="put properties of your own into metadata",
    over=readable,
)
def closed_records(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    versions = record_versions(tenant, operation)
    if not versions and is_whole(tenant, operation):
        raise NotEnoughData(0, 1, "record")
    tallies: dict[str, CauseCount] = {}
    for response, row in versions:
        for pointer in dict.fromkeys(further_properties(row, operation.element or "", tenant.specification)):
            tallies.setdefault(pointer, CauseCount(response)).add(identity(row))
    for pointer, tally in tallies.items():
        message = f"{pointer} is not described in {tally.count} of {count_of(len(versions), 'record')}"
        if pointer in tenant.properties(DEMOGRAPHICS):
            # A matter of privacy, on which another rule has its own level.
            found_there = counted_finding(message, tally, pointer, len(versions), Level.SHOULD)
            yield replace(found_there, symptom_of=("OR-PRV-08",))
        else:
            yield counted_finding(message, tally, pointer, len(versions))


@rule(
    LEFT_OUT,
    family="additions",
    harm=Harm.FORM,
    title="A property without a value is left out",
    clause="1.1 null, which no schema allows; 2.8 and 1.1 the values of enumerations and dates [A]",
    example="a user has the middleName null, or an enrollment has an empty string as endDate",
    fix="leave out what has no value",
    over=readable,
)
def left_out(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = RecordViolations.of(tenant).counts(operation)
    for violation, tally in found.items():
        if violation.kind in WITHOUT_VALUE:
            message = f"{violation} in {tally.count} of {count_of(judged, 'record')}"
            yield counted_finding(message, tally, violation.pointer, judged)


@rule(
    "OR-ADD-21",
    family="additions",
    title="No two resources of a vendor have the same vendorResourceId",
    clause="2.6 Resource.vendorResourceId, unique within the vendor [A]",
    example="two resources with the vendorId v-3 have the vendorResourceId book-7",
    fix="send one resource for both, and refer to it from each class and course",
    over=base_collection_of("Resource"),
    needs=("OR-SEM-10",),
)
def distinct_resources(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    ids = [_vendor_and_id(row) for row in found.rows]
    twice = {each for each, count in Counter(ids).items() if each is not None and count > 1}
    if not any(ids):
        raise NotEnoughData(0, 1, "resource with a vendorId")
    tally = CauseCount(found.pages[0])
    for row, each in zip(found.rows, ids, strict=True):
        if each in twice:
            tally.add(identity(row))
    if tally.count:
        message = f"{count_of(tally.count, 'resource')} of {len(found)} have the vendorResourceId of another"
        yield counted_finding(message, tally, "vendorResourceId", len(found))


def _vendor_and_id(row: Record) -> tuple[str, str] | None:
    """Return what identifies a live resource of a vendor; None if the vendor or its id is missing."""
    vendor, name = row.get("vendorId"), row.get("vendorResourceId")
    known = isinstance(vendor, str) and isinstance(name, str) and vendor and name and is_live(row)
    return (str(vendor), str(name)) if known else None


def further_properties(record: Record, element: str, specification: DocumentModel, path: str = "") -> Iterator[str]:
    """Yield the paths of the properties of a record that its element does not have, also in nested records."""
    definition = specification.elements[element]
    for name, value in record.items():
        known = definition.properties.get(name)
        if known is None:
            # What is in the place of a property is reported as that.
            missing = definition.properties.keys() - record.keys()
            if not definition.open and not any(stand_in(record, each) == name for each in missing):
                yield f"{path}{name}"
            continue
        inner = "GUIDRef" if known.kind in ("reference", "references") else known.record
        # A list in place of one record, or the other way round, is reported as a wrong type.
        items = value if isinstance(value, list) else [value]
        fits = isinstance(value, list) == (known.kind in ("references", "records"))
        for item in items if inner is not None and fits else ():
            if isinstance(item, dict):
                yield from further_properties(item, inner or "", specification, f"{path}{name}.")
