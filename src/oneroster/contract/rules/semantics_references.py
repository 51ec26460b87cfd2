"""Semantic rules on references: their target exists, their type matches, parents and children refer to each other."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from oneroster.contract.errors import NoResponseError, NotEnoughData, NotJudged
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, finding, id_list
from oneroster.contract.observation.membership import in_subset
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import collections, readable
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.record_versions import record_versions
from oneroster.contract.oracle.reference_forms import references_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import OperationSelector, rule
from oneroster_runtime.specification import Operation, Property, Subset

LOST_ROWS: Final = ("OR-PAG-01", "OR-PAG-02", "OR-PAG-05")
"""The rules on pages, which report rows that are there and not on them."""
CONFIRMED_BY_READ: Final = 3
"""References per property whose target is missing from the list and is read by id before they count as broken."""


def reference_properties(tenant: ObservedTenant, operation: Operation) -> list[Property]:
    """Return the properties of an operation's records that are references."""
    known = tenant.properties(operation.element).values()
    return [each for each in known if each.refers_to is not None]


class ReferencePath(NamedTuple):
    """A property that is a reference, in a record or in one of its nested records, such as ``roles.org``."""

    names: tuple[str, ...]
    known: Property

    def __str__(self) -> str:
        return ".".join(self.names)

    def references(self, row: Record) -> Iterator[Record]:
        """Yield the references of a record."""
        holders = [row]
        for name in self.names[:-1]:
            values = [holder.get(name) for holder in holders]
            items = [item for value in values for item in (value if isinstance(value, list) else [value])]
            holders = [item for item in items if isinstance(item, dict)]
        for holder in holders:
            yield from references_at(holder, self.names[-1])

    def missing(self, row: Record, targets: Container[str]) -> list[str]:
        """Return the ids that a record refers to and that are not among the targets."""
        return [name for item in self.references(row) if (name := identity(item)) and name not in targets]

    def is_mistyped(self, row: Record) -> bool:
        """Return whether a reference of a record has another type than the document."""
        types = {item["type"] for item in self.references(row) if isinstance(item.get("type"), str)}
        return not types <= set(self.known.reference_types)

    def is_of_another_kind(self, tenant: ObservedTenant, row: Record, kinds: Mapping[str, Subset]) -> bool:
        """Return whether a reference of a record has the type of one kind, and leads to a record of another."""
        try:
            targets = tenant.known_rows(tenant.dialect.collection_of(self.known.refers_to))
        except NotJudged:
            return False
        for item in self.references(row):
            named, target = kinds.get(str(item.get("type"))), targets.get(identity(item) or "")
            # A semester may count as a term: it is of no kind that has a collection of its own.
            odd = named is not None and target is not None and not in_subset(target, named)
            if odd and target is not None and any(in_subset(target, other) for other in kinds.values()):
                return True
        return False

    def has_unknown_type(self, tenant: ObservedTenant, row: Record) -> bool:
        """Return whether a reference of a record has a type that no reference has."""
        known = tenant.properties("GUIDRef")["type"].enumeration
        types = {str(item.get("type")) for item in self.references(row)}
        return known is not None and not any(tenant.specification.specification.allows(known, each) for each in types)


def reference_paths(tenant: ObservedTenant, element: str | None) -> Iterator[ReferencePath]:
    """Yield the references in the records of an element, and in their nested records."""
    for name, known in tenant.properties(element).items():
        if known.refers_to is not None:
            yield ReferencePath((name,), known)
        elif known.record is not None:
            for each in reference_paths(tenant, known.record):
                yield ReferencePath((name, *each.names), each.known)


def with_references(tenant: ObservedTenant) -> Iterator[Operation]:
    """The whole collections, and the other readable operations whose records have references."""
    whole = list(base_collections(tenant))
    yield from whole
    others = (each for each in readable(tenant) if each not in whole)
    yield from (each for each in others if next(reference_paths(tenant, each.element), None) is not None)


def typed_references(tenant: ObservedTenant, element: str | None) -> list[ReferencePath]:
    """Return the references in the records of an element whose type the document names."""
    return [path for path in reference_paths(tenant, element) if path.known.reference_types]


def with_typed_references(tenant: ObservedTenant) -> Iterator[Operation]:
    """The readable operations whose records have references, whole collections first."""
    return (each for each in readable(tenant) if typed_references(tenant, each.element))


def readings_of(*elements: str) -> OperationSelector:
    """Return a selector of every readable operation that returns records of some elements, whole collections first."""
    return lambda tenant: (each for each in readable(tenant) if each.element in elements)


def base_collections(tenant: ObservedTenant) -> Iterator[Operation]:
    """The collections of all records of an element; their subsets repeat the same records."""
    return (operation for operation in collections(tenant) if operation.subset is None)


@rule(
    "OR-SEM-05",
    family="semantics",
    title="Every reference points to an existing record",
    clause="5.2 GUIDRef.sourcedId [A]",
    example="an enrollment refers to a user that no endpoint returns",
    fix="serve the referenced record, also when it is tobedeleted, or omit the reference",
    over=with_references,
)
@confirmed
def references_resolve(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    judged = 0
    for path in reference_paths(tenant, operation.element):
        try:
            targets = tenant.all_rows(tenant.dialect.collection_of(path.known.refers_to))
        except NotJudged:
            continue
        judged += 1
        yield from _broken_references(tenant, operation, path, targets)
    if not judged:
        raise NotEnoughData(0, 1, "reference to a collection that could be read")


def _broken_references(
    tenant: ObservedTenant, operation: Operation, path: ReferencePath, targets: dict[str, Record]
) -> Iterator[Finding]:
    rows = record_versions(tenant, operation)
    tally: CauseCount | None = None
    absent: dict[str, None] = {}
    for response, row in rows:
        missing = path.missing(row, targets)
        if missing:
            tally = tally or CauseCount(response)
            tally.add(identity(row))
            absent |= dict.fromkeys(missing)
    if tally is None:
        return
    if all(_can_be_read(tenant, path.known, name) for name in list(absent)[:CONFIRMED_BY_READ]):
        whole = tenant.dialect.collection_of(path.known.refers_to)
        if not targets and whole is not None:
            text = f"{whole.operation_id} returns no records, although {path} refers to some that can be read"
            yield finding(text, tenant.walk(whole).pages[0], list(absent), symptom_of=LOST_ROWS)
        return
    where = f"in {tally.count} of {count_of(len(rows), 'record')}"
    message = f"{path} refers to missing records {where} (missing: {id_list(absent)})"
    found = counted_finding(message, tally, f"{path}.sourcedId", len(rows))
    # A text in place of a reference is of the wrong type, whether it is an id or not.
    texts = all(isinstance(row.get(path.names[0]), str) for _, row in rows if path.missing(row, targets))
    yield replace(found, symptom_of=("OR-SCH-02",)) if texts else found


def _can_be_read(tenant: ObservedTenant, known: Property, sourced_id: str) -> bool:
    """Return whether a record can be read by its id although its list does not contain it."""
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
    title="The type of a reference matches the record it points to",
    clause="5.2 GUIDRef.type [A]",
    example="the user reference of an enrollment has the type `org`",
    fix="set the type to the documented kind of the referenced record, such as user, class, org or academicSession",
    over=with_typed_references,
)
def reference_types(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    versions = record_versions(tenant, operation)
    for path in typed_references(tenant, operation.element):
        wrong = [each for each in versions if path.is_mistyped(each.row)]
        if wrong:
            tally = CauseCount(wrong[0].response)
            for each in wrong:
                tally.add(identity(each.row))
            allowed = " or ".join(path.known.reference_types)
            message = f"{path}.type is not {allowed} in {tally.count} of {count_of(len(versions), 'record')}"
            found = counted_finding(message, tally, f"{path}.type", len(versions))
            unknown = all(path.has_unknown_type(tenant, each.row) for each in wrong)
            yield replace(found, symptom_of=("OR-SCH-03",)) if unknown else found
            continue
        kinds = specialised_kinds(tenant, path)
        other = [each for each in versions if kinds and path.is_of_another_kind(tenant, each.row, kinds)]
        if other:
            tally = CauseCount(other[0].response)
            for each in other:
                tally.add(identity(each.row))
            message = f"{path}.type names another kind than that of the record in {tally.count} of "
            yield counted_finding(message + count_of(len(versions), "record"), tally, f"{path}.type", len(versions))


def specialised_kinds(tenant: ObservedTenant, path: ReferencePath) -> dict[str, Subset]:
    """Return the types of a reference that name a specialised collection, such as student, with what each selects."""
    of = tenant.dialect.collection_of(path.known.refers_to)
    selected = [each.subset for each in tenant.dialect.collections if each.element == path.known.refers_to]
    return {
        word: subset
        for subset in selected
        if subset is not None and of is not None and subset.of == of.operation_id
        for word in subset.values
        if word in path.known.reference_types
    }


def parent_and_children(tenant: ObservedTenant, operation: Operation) -> tuple[Property, Property] | None:
    """Return the properties for the parent and the children of a record, such as those of an org, or None."""
    own = [known for known in reference_properties(tenant, operation) if known.refers_to == operation.element]
    up = [known for known in own if known.kind == "reference"]
    down = [known for known in own if known.kind == "references"]
    return (up[0], down[0]) if len(up) == len(down) == 1 else None


@rule(
    "OR-SEM-09",
    family="semantics",
    title="Parent and children refer to each other",
    clause="5.3 and 5.10 parent and children [B]",
    example="an org lists a child whose parent is another org",
    fix="derive children from the parent references, so that the two cannot differ",
    over=lambda tenant: (
        operation for operation in base_collections(tenant) if parent_and_children(tenant, operation) is not None
    ),
)
@confirmed
def parents_and_children(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    properties = parent_and_children(tenant, operation)
    if properties is None:
        return
    up, down = properties
    records = tenant.all_rows(operation)
    ups = {(name, parent) for name, row in records.items() for parent in _ids(row, up) if parent in records}
    downs = {(child, name) for name, row in records.items() for child in _ids(row, down) if child in records}
    # Both properties are optional, so a record without a list of children does not contradict its children.
    with_children = {name for name, row in records.items() if row.get(down.name)}
    unlisted = sorted(child for child, parent in ups - downs if parent in with_children)
    # OR-SEM-05 reports a reference to a parent that does not exist.
    broken = {name for name, row in records.items() if any(each not in records for each in _ids(row, up))}
    wrongly_listed = sorted(child for child, _ in downs - ups if child not in broken)
    reading = tenant.walk(operation).pages[0]
    if unlisted:
        yield finding(
            f"{count_of(len(unlisted), 'record')} missing from the {down.name} of the {up.name} they refer to",
            reading,
            unlisted,
        )
    if wrongly_listed:
        yield finding(
            f"{count_of(len(wrongly_listed), 'record')} with another {up.name} than the record that lists them",
            reading,
            wrongly_listed,
        )


def _ids(row: Record, known: Property) -> Iterator[str]:
    return (name for item in references_at(row, known.name) if (name := identity(item)) is not None)
