"""Semantics of references: they lead somewhere, say truly to what, and go both ways between parents and children."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NoResponseError, NotExercised
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, finding, id_list
from oneroster.contract.observation.membership import references_in
from oneroster.contract.observation.operation_selectors import collections
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster_runtime.specification import Operation, Property

CONFIRMED_BY_READ: Final = 3
"""References that lead nowhere in the list are read singly, so many of each kind, before they count as broken."""


def reference_properties(tenant: ObservedTenant, operation: Operation) -> list[Property]:
    """The properties of an operation's records that lead to other records."""
    known = tenant.properties(operation.element).values()
    return [each for each in known if each.refers_to is not None]


def bases(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections that hold all records of an element; what they say need not be judged again elsewhere."""
    return (operation for operation in collections(tenant) if operation.subset is None)


@rule(
    "OR-SEM-05",
    family="semantics",
    title="Every reference leads to a record",
    clause="5.2 GUIDRef.sourcedId [A]",
    example="an enrollment refers to a user that no endpoint knows",
    fix="serve what is referred to, also when it is marked tobedeleted, or leave the reference out",
    over=bases,
)
@confirmed
def references_resolve(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    properties = reference_properties(tenant, operation)
    judged = 0
    for known in properties:
        try:
            targets = tenant.all_rows(tenant.dialect.collection_of(known.refers_to))
        except NotExercised:
            continue
        judged += 1
        yield from _dangling(tenant, operation, known, targets)
    if not judged:
        raise NotExercised("its records refer to nothing that was read")


def _dangling(
    tenant: ObservedTenant, operation: Operation, known: Property, targets: dict[str, Record]
) -> Iterator[Finding]:
    rows = tenant.walk(operation).rows
    tally = CauseCount(tenant.walk(operation).pages[0])
    absent: dict[str, None] = {}
    for row in rows:
        missing = [
            name for item in references_in(row.get(known.name)) if (name := identity(item)) and name not in targets
        ]
        if missing:
            tally.add(identity(row))
            absent |= dict.fromkeys(missing)
    if not absent or all(_can_be_read(tenant, known, name) for name in list(absent)[:CONFIRMED_BY_READ]):
        return
    message = f"{known.name} leads nowhere in {tally.count} of {len(rows)} records (to {id_list(absent)})"
    yield counted_finding(message, tally, f"{known.name}.sourcedId", len(rows))


def _can_be_read(tenant: ObservedTenant, known: Property, sourced_id: str) -> bool:
    """Whether the record exists after all, although its list does not hold it."""
    read = tenant.dialect.read_of(known.refers_to)
    if read is None:
        return False
    (parameter,) = (each.name for each in read.parameters if each.location == "path")
    try:
        return tenant.ask(read, {parameter: sourced_id}).problem is None
    except NoResponseError:
        return False


@rule(
    "OR-SEM-06",
    family="semantics",
    title="The type of a reference fits what it leads to",
    clause="5.2 GUIDRef.type [A]",
    example="the user of an enrollment has the type `org`",
    fix="write the kind of the record referred to as documented, such as user, class, org or academicSession",
    over=bases,
)
def reference_types(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    properties = [known for known in reference_properties(tenant, operation) if known.reference_types]
    if not properties:
        raise NotExercised("its records hold no references")
    for known in properties:
        tally = CauseCount(found.pages[0])
        for row in found.rows:
            types = {item["type"] for item in references_in(row.get(known.name)) if isinstance(item.get("type"), str)}
            if not types <= set(known.reference_types):
                tally.add(identity(row))
        if tally.count:
            allowed = " or ".join(known.reference_types)
            message = f"{known.name}.type is not {allowed} in {tally.count} of {len(found)} records"
            yield counted_finding(message, tally, f"{known.name}.type", len(found))


def family_properties(tenant: ObservedTenant, operation: Operation) -> tuple[Property, Property] | None:
    """The properties that lead up and down a tree of like records (an org's parent and children), if it has them."""
    own = [known for known in reference_properties(tenant, operation) if known.refers_to == operation.element]
    up = [known for known in own if known.kind == "reference"]
    down = [known for known in own if known.kind == "references"]
    return (up[0], down[0]) if len(up) == len(down) == 1 else None


@rule(
    "OR-SEM-09",
    family="semantics",
    title="Parent and children name each other",
    clause="5.3 and 5.10 parent and children [B]",
    example="an org lists a child whose parent is another org",
    fix="derive children from the parents, so that the two cannot differ",
    over=lambda tenant: (operation for operation in bases(tenant) if family_properties(tenant, operation) is not None),
)
@confirmed
def parents_and_children(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    properties = family_properties(tenant, operation)
    if properties is None:
        return
    up, down = properties
    records = tenant.all_rows(operation)
    ups = {(name, parent) for name, row in records.items() for parent in _ids(row, up) if parent in records}
    downs = {(child, name) for name, row in records.items() for child in _ids(row, down) if child in records}
    # A record without the list of children says nothing about them: both properties are optional.
    telling = {name for name, row in records.items() if row.get(down.name)}
    unnamed = sorted(child for child, parent in ups - downs if parent in telling)
    disowned = sorted(child for child, _ in downs - ups)
    reading = tenant.walk(operation).pages[0]
    if unnamed:
        yield finding(
            f"{count_of(len(unnamed), 'record')} missing from the {down.name} of the {up.name}", reading, unnamed
        )
    if disowned:
        yield finding(f"{count_of(len(disowned), 'record')} without the {up.name} that lists them", reading, disowned)


def _ids(row: Record, known: Property) -> Iterator[str]:
    return (name for item in references_in(row.get(known.name)) if (name := identity(item)) is not None)
