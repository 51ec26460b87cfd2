"""Semantic rules on one record: no reference to itself or twice to another, no change in the future, no empty range."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from oneroster.contract.errors import NotEnoughData
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding
from oneroster.contract.observation.membership import is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.record_versions import is_whole, record_versions
from oneroster.contract.oracle.filters import parse_number, parse_timestamp
from oneroster.contract.oracle.reference_forms import references_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.semantics_references import base_collections, reference_properties
from oneroster.contract.rules.semantics_values import base_collection_of
from oneroster_runtime.specification import Operation

STUDENT: Final = "student"
RELATIVES: Final = frozenset({"parent", "guardian", "relative"})
FAST_CLOCK: Final = timedelta(days=1)
"""How far the clock of a server may be ahead."""


def records_that(
    tenant: ObservedTenant, operation: Operation, fails: Callable[[Record], bool], what: str, pointer: str
) -> Iterator[Finding]:
    """Yield a finding with the number of records of an operation that fail a test."""
    versions = record_versions(tenant, operation)
    if not versions and is_whole(tenant, operation):
        raise NotEnoughData(0, 1, "record")
    failing = [each for each in versions if fails(each.row)]
    if failing:
        tally = CauseCount(failing[0].response)
        for each in failing:
            tally.add(identity(each.row))
        message = f"{what} in {tally.count} of {count_of(len(versions), 'record')}"
        yield counted_finding(message, tally, pointer, len(versions))


@rule(
    "OR-SEM-37",
    family="semantics",
    title="A student and a parent, guardian or relative are agents of each other",
    clause="5.13 agents, both directions: on a student the parents, on a parent the children [A]",
    example="a student has the parent p-1 as agent, and the agents of p-1 do not name the student",
    fix="derive both directions from one relation of student and parent",
    over=base_collection_of("User"),
    needs=("OR-SEM-05",),
)
@confirmed
def agents_of_each_other(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = tenant.walk(operation), 0
    users = {name: row for name, row in tenant.all_rows(operation).items() if is_live(row)}
    tally = CauseCount(found.pages[0])
    for name, row in users.items():
        role = row.get("role")
        others = RELATIVES if role == STUDENT else {STUDENT} if role in RELATIVES else frozenset()
        for agent in {identity(item) or "" for item in references_at(row, "agents")} & users.keys():
            if users[agent].get("role") in others:
                judged += 1
                if name not in {identity(item) for item in references_at(users[agent], "agents")}:
                    tally.add(agent)
    if not judged:
        raise NotEnoughData(0, 1, "student with a parent, guardian or relative as agent")
    if tally.count:
        message = f"a user is not named by an agent in {tally.count} of {count_of(judged, 'agent')}"
        yield counted_finding(message, tally, "agents", judged)


@rule(
    "OR-SEM-32",
    family="semantics",
    title="A record refers to others, and to each of them once",
    clause="5.2 GUIDRef, reference to another object [B]",
    example="the parent of an org is the org itself, or a class lists the same term twice",
    fix="leave out the parent of the topmost record, and select distinct ids for lists of references",
    over=base_collections,
)
def distinct_references(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for known in reference_properties(tenant, operation):

        def to_itself(row: Record, name: str = known.name, own: bool = known.refers_to == operation.element) -> bool:
            ids = [target for item in references_at(row, name) if (target := identity(item))]
            return len(ids) != len(set(ids)) or (own and identity(row) in ids)

        what = f"{known.name} refers to the record itself, or twice to the same one"
        yield from records_that(tenant, operation, to_itself, what, known.name)


@rule(
    "OR-SEM-33",
    family="semantics",
    title="No record was changed in the future",
    clause="5.1 dateLastModified, last change of the record [B]",
    example="dateLastModified is 2099-01-01T00:00:00.000Z, so every request for changes returns the record",
    fix="set dateLastModified to the time of the change, from a clock that is right",
    over=base_collections,
)
def changed_before_now(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    latest = datetime.now(UTC) + FAST_CLOCK

    def in_future(row: Record) -> bool:
        changed = parse_timestamp(row.get("dateLastModified"))
        return changed is not None and changed > latest

    yield from records_that(tenant, operation, in_future, "dateLastModified is in the future", "dateLastModified")


@rule(
    "OR-SEM-34",
    family="semantics",
    title="The lowest result of a line item or an assessment is not above the highest",
    clause="5.8 resultValueMin and resultValueMax [B]",
    example="resultValueMin is 100 and resultValueMax is 0",
    fix="exchange the two values in the source data",
    over=base_collection_of("LineItem", "AssessmentLineItem"),
)
def range_of_results(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    def reversed_range(row: Record) -> bool:
        lowest, highest = parse_number(row.get("resultValueMin")), parse_number(row.get("resultValueMax"))
        return lowest is not None and highest is not None and lowest > highest

    what = "resultValueMin is above resultValueMax"
    yield from records_that(tenant, operation, reversed_range, what, "resultValueMin")
