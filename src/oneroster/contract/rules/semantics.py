"""Semantics: specialised and nested collections, references, and the single record beside its list entry."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.errors import NoAnswerError, NotExercised
from oneroster.contract.findings import Tally, counted, finding, many, shown
from oneroster.contract.levels import Level, level_of
from oneroster.contract.reading import Reading, Record, identity
from oneroster.contract.relations import belonging, in_subset, is_live, references
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.tenant import Tenant, collections, nested, reads
from oneroster_v1p1.tables import ELEMENTS, Operation, Property

CONFIRMED_BY_READ: Final = 3
"""References that lead nowhere in the list are read singly, so many of each kind, before they count as broken."""


def specialised(tenant: Tenant) -> Iterator[Operation]:
    """The collections that hold one kind of a larger one, such as the students among the users."""
    return (operation for operation in collections(tenant) if operation.subset is not None)


@rule(
    "OR-SEM-01",
    family="semantics",
    title="A specialised collection holds only rows of its kind",
    clause="2 what the specialised endpoints select [B]",
    over=specialised,
)
def only_its_kind(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    others = [identity(row) for row in found.rows if not in_subset(row, operation.subset)]
    if others and operation.subset is not None:
        allowed = " or ".join(operation.subset.values)
        message = f"{len(others)} of {len(found)} rows have another {operation.subset.property} than {allowed}"
        yield finding(message, found.pages[0], others)


@rule(
    "OR-SEM-02",
    family="semantics",
    title="A specialised collection holds all rows of its kind",
    clause="2 what the specialised endpoints select [B]",
    over=specialised,
)
def all_of_its_kind(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    if operation.subset is None:
        return
    larger = tenant.whole(tenant.dialect.find(operation.subset.of))
    expected = {name for name, row in larger.items() if in_subset(row, operation.subset) and is_live(row)}
    missing = sorted(expected - tenant.whole(operation).keys())
    if missing:
        message = f"{len(missing)} of {len(expected)} rows of {operation.subset.of} are missing ({shown(missing)})"
        yield finding(message, tenant.walk(operation).pages[0], missing)


def _scope_level(operation: Operation) -> Level | None:
    return level_of(operation.scope.trust) if operation.scope is not None else None


@rule(
    "OR-SEM-03",
    family="semantics",
    title="A nested collection holds only its parent's rows",
    clause="2 nested endpoints, parents [B]",
    over=nested,
)
def only_the_parents_rows(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    for found in tenant.walks[operation.operation_id]:
        expected = belonging(tenant, operation, found.values, live_only=False)
        known = tenant.whole(tenant.dialect.all_of(operation.element))
        foreign = [name for name in found.ids if name in known and name not in expected]
        if foreign:
            message = f"{len(foreign)} of {len(found)} rows do not belong to {_parents(found.values)}"
            yield finding(message, found.pages[0], foreign, _scope_level(operation))
            return


@rule(
    "OR-SEM-04",
    family="semantics",
    title="A nested collection holds all of its parent's rows",
    clause="2 nested endpoints, parents [B]",
    over=nested,
)
def all_the_parents_rows(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    judged = False
    for found in tenant.walks[operation.operation_id]:
        if not found.complete:
            continue
        judged = True
        expected = belonging(tenant, operation, found.values, live_only=True)
        missing = sorted(expected - set(found.ids))
        if missing:
            message = f"{len(missing)} of {len(expected)} rows of {_parents(found.values)} are missing"
            yield finding(message, found.pages[0], missing, _scope_level(operation))
            return
    if not judged:
        raise NotExercised("no nested collection was read to its end")


def _parents(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {shown([value])}" for name, value in values.items())


def reference_properties(operation: Operation) -> list[Property]:
    """The properties of an operation's records that lead to other records."""
    known = ELEMENTS[operation.element].properties.values() if operation.element else ()
    return [each for each in known if each.refers_to is not None]


def bases(tenant: Tenant) -> Iterator[Operation]:
    """The collections that hold all records of an element; what they say need not be judged again elsewhere."""
    return (operation for operation in collections(tenant) if operation.subset is None)


@rule(
    "OR-SEM-05",
    family="semantics",
    title="Every reference leads to a record",
    clause="5.2 GUIDRef.sourcedId [A]",
    over=bases,
)
def references_resolve(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    properties = reference_properties(operation)
    judged = 0
    for known in properties:
        try:
            targets = tenant.whole(tenant.dialect.all_of(known.refers_to))
        except NotExercised:
            continue
        judged += 1
        yield from _dangling(tenant, operation, known, targets)
    if not judged:
        raise NotExercised("its records refer to nothing that was read")


def _dangling(tenant: Tenant, operation: Operation, known: Property, targets: dict[str, Record]) -> Iterator[Finding]:
    rows = tenant.walk(operation).rows
    tally = Tally(tenant.walk(operation).pages[0])
    absent: dict[str, None] = {}
    for row in rows:
        missing = [name for item in references(row.get(known.name)) if (name := identity(item)) and name not in targets]
        if missing:
            tally.add(identity(row))
            absent |= dict.fromkeys(missing)
    if not absent or all(_can_be_read(tenant, known, name) for name in list(absent)[:CONFIRMED_BY_READ]):
        return
    message = f"{known.name} leads nowhere in {tally.count} of {len(rows)} records (to {shown(absent)})"
    yield counted(message, tally, f"{known.name}.sourcedId", len(rows))


def _can_be_read(tenant: Tenant, known: Property, sourced_id: str) -> bool:
    """Whether the record exists after all, although its list does not hold it."""
    read = tenant.dialect.read_of(known.refers_to)
    if read is None:
        return False
    (parameter,) = (each.name for each in read.parameters if each.location == "path")
    try:
        return tenant.ask(read, {parameter: sourced_id}).fault is None
    except NoAnswerError:
        return False


@rule(
    "OR-SEM-06",
    family="semantics",
    title="The type of a reference fits what it leads to",
    clause="5.2 GUIDRef.type [A]",
    over=bases,
)
def reference_types(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    properties = [known for known in reference_properties(operation) if known.reference_types]
    if not properties:
        raise NotExercised("its records hold no references")
    for known in properties:
        tally = Tally(found.pages[0])
        for row in found.rows:
            types = {item["type"] for item in references(row.get(known.name)) if isinstance(item.get("type"), str)}
            if not types <= set(known.reference_types):
                tally.add(identity(row))
        if tally.count:
            allowed = " or ".join(known.reference_types)
            message = f"{known.name}.type is not {allowed} in {tally.count} of {len(found)} records"
            yield counted(message, tally, f"{known.name}.type", len(found))


def read_pairs(tenant: Tenant, operation: Operation) -> Iterator[tuple[Reading, str, Record]]:
    """Single reads that were answered, with the id asked for and the record's entry in its list.

    Raises ``NotExercised`` when no single read was answered.
    """
    found = tenant.walk(tenant.dialect.list_of(operation.operation_id))
    entries = tenant.by_id(found)
    answered = [reading for reading in tenant.readings(operation) if reading.fault is None]
    if not answered:
        raise NotExercised("no single record could be read")
    for reading in answered:
        (asked,) = reading.values.values()
        if asked in entries:
            yield reading, asked, entries[asked]


@rule(
    "OR-SEM-07",
    family="semantics",
    title="A single read says what the list entry says",
    clause="3.4 without fields all data comes back [B]",
    over=reads,
    needs=(),
)
def single_equals_entry(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    different: dict[str, list[str]] = {}
    example: Reading | None = None
    for reading, asked, entry in read_pairs(tenant, operation):
        (record,) = reading.rows
        names = _differing(operation, record, entry)
        if identity(record) == asked and names:
            example = example or reading
            for name in names:
                different.setdefault(name, []).append(asked)
    if example is not None:
        fields = ", ".join(sorted(different))
        ids = dict.fromkeys(asked for asked_for in different.values() for asked in asked_for)
        yield finding(f"single read and list entry differ in {fields}", example, ids)


def _differing(operation: Operation, one: Record, other: Record) -> list[str]:
    """The documented properties in which two records differ; a vendor's own ones are told by number only."""
    known = ELEMENTS[operation.element].properties if operation.element else {}
    names = [name for name in one.keys() | other.keys() if _value_of(one, name) != _value_of(other, name)]
    shown_names = sorted(name for name in names if name in known)
    others = len(names) - len(shown_names)
    return shown_names + ([f"{others} undocumented properties"] if others else [])


def _value_of(record: Record, name: str) -> tuple[bool, Any]:
    return name in record, record.get(name)


@rule(
    "OR-SEM-08",
    family="semantics",
    title="A record of the list can be read by its id, and is that record",
    clause="2 single reads [A]",
    over=reads,
)
def single_has_its_id(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    wrong = [reading for reading, asked, _ in read_pairs(tenant, operation) if identity(reading.rows[0]) != asked]
    if wrong:
        asked = [value for reading in wrong for value in reading.values.values()]
        yield finding(
            f"{many(len(wrong), 'single read')} brought another record than the one asked for", wrong[0], asked
        )
    entries = tenant.by_id(tenant.walk(tenant.dialect.list_of(operation.operation_id)))
    lost = [
        reading
        for reading in tenant.readings(operation)
        if reading.exchange.status == 404 and entries.keys() & set(reading.values.values())
    ]
    if lost:
        asked = [value for reading in lost for value in reading.values.values()]
        yield finding(f"{many(len(lost), 'record')} of the list not found by id (404)", lost[0], asked)


def family_properties(operation: Operation) -> tuple[Property, Property] | None:
    """The properties that lead up and down a tree of like records (an org's parent and children), if it has them."""
    own = [known for known in reference_properties(operation) if known.refers_to == operation.element]
    up = [known for known in own if known.kind == "reference"]
    down = [known for known in own if known.kind == "references"]
    return (up[0], down[0]) if len(up) == len(down) == 1 else None


@rule(
    "OR-SEM-09",
    family="semantics",
    title="Parent and children name each other",
    clause="5.3 and 5.10 parent and children [B]",
    over=lambda tenant: (operation for operation in bases(tenant) if family_properties(operation) is not None),
)
def parents_and_children(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    properties = family_properties(operation)
    if properties is None:
        return
    up, down = properties
    records = tenant.whole(operation)
    ups = {(name, parent) for name, row in records.items() for parent in _ids(row, up) if parent in records}
    downs = {(child, name) for name, row in records.items() for child in _ids(row, down) if child in records}
    # A record without the list of children says nothing about them: both properties are optional.
    telling = {name for name, row in records.items() if row.get(down.name)}
    unnamed = sorted(child for child, parent in ups - downs if parent in telling)
    disowned = sorted(child for child, _ in downs - ups)
    reading = tenant.walk(operation).pages[0]
    if unnamed:
        yield finding(f"{many(len(unnamed), 'record')} missing from the {down.name} of the {up.name}", reading, unnamed)
    if disowned:
        yield finding(f"{many(len(disowned), 'record')} without the {up.name} that lists them", reading, disowned)


def _ids(row: Record, known: Property) -> Iterator[str]:
    return (name for item in references(row.get(known.name)) if (name := identity(item)) is not None)


@rule(
    "OR-SEM-10",
    family="semantics",
    title="No two records of a collection share a sourcedId",
    clause="5.1 sourcedId [A]",
    over=collections,
)
def unique_ids(tenant: Tenant, operation: Operation) -> Iterator[Finding]:
    for reading in tenant.walk(operation).pages:
        twice = [name for name, count in Counter(reading.ids).items() if count > 1 and name is not None]
        if twice:
            yield finding(f"{many(len(twice), 'sourcedId')} on several rows of one page", reading, twice)
            return
